"""What a step that is being written runs: its inputs, secrets and outputs, as they are known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cyberflow.compiler.graph import Graph
from cyberflow.compiler.interface import Callee
from cyberflow.compiler.pipeline.build import chain_callee, task_callee
from cyberflow.compiler.queries.value_types import output_fields
from cyberflow.language.project.routes import value_at
from cyberflow.source import Route

CALLERS = ("chains", "pipelines")


def callee_named(graph: Graph, name: str) -> Callee | None:
    """A declaration as a step sees it."""
    if name in graph.workflows:
        return graph.workflows[name].callee
    if name in graph.chains:
        return chain_callee(graph.chains[name])
    if name in graph.tasks:
        return task_callee(graph.tasks[name])
    if (node := graph.pipelines.get(name)) is not None:
        return Callee("pipeline", name, node.definition.place, node.inputs, node.secrets, output_fields(node))
    return None


def callee_of(graph: Graph, caller: str, step: Any) -> Callee | None:
    """What a step as it is written runs; of a call or a wait what was known of the step of that id."""
    if not isinstance(step, Mapping):
        return None
    name = step.get("workflow", step.get("run"))
    if isinstance(name, str):
        return callee_named(graph, name)
    pipeline = graph.pipelines.get(caller)
    known = pipeline.step(str(step.get("id"))) if pipeline else None
    return known.callee if known else None


def producers(graph: Graph, data: Any, route: Route) -> Iterator[tuple[str, Callee | None, bool]]:
    """The steps that a ref at a route may read, with what each runs and whether once for each item of a list: earlier
    ones of a chain, and the aliases of its session; all others of a pipeline, which need not stand in order.
    """
    body = value_at(data, route[:2])
    body = body if isinstance(body, dict) else {}
    session, steps = body.get("session"), body.get("steps")
    for alias, name in session.items() if isinstance(session, dict) else ():
        yield alias, callee_named(graph, str(name)), False
    own = route[3] if len(route) > 3 and route[2] == "steps" and isinstance(route[3], int) else None  # noqa: PLR2004
    for index, step in enumerate(steps if isinstance(steps, list) else ()):
        if own is not None and (index == own or (route[0] == "chains" and index > own)):
            continue
        if isinstance(step, dict) and isinstance(step.get("id"), str):
            yield step["id"], callee_of(graph, str(route[1]), step), "each" in step
