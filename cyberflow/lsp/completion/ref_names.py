"""Completion of refs: earlier steps, then their outputs that fit what is wanted, then members of these."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cyberflow.compiler.graph import Graph, WorkflowNode
from cyberflow.language.project.routes import value_at
from cyberflow.language.prompt.paths import TokenPath
from cyberflow.language.yaml.cursor import Cursor
from cyberflow.lsp.completion.suggestions import Names, Suggestion, members
from cyberflow.schema.describe import describe
from cyberflow.schema.paths import FoundType, lookup
from cyberflow.schema.subtype.assign import NotAssignable, check_assignable
from cyberflow.source import Route


def ref_names(graph: Graph, cursor: Cursor, route: Route) -> Names | None:
    """What may follow in a ref that is begun."""
    above, dot, word = cursor.before.rpartition(".")
    producers = _producers(graph, cursor.data, route)
    if not dot:
        return Names(word, _steps(producers))
    path = TokenPath.parse(above)
    if path is None or path.root not in producers:
        return None
    if not path.keys:
        return Names(word, [Suggestion("outputs", "member", "outputs.", "of the step")])
    producer = producers[path.root]
    if path.keys[0] != "outputs" or producer is None:
        return None
    return Names(word, _members(producer.callee.outputs_schema, path.keys[1:], _wanted(graph, cursor.data, route)))


def _producers(graph: Graph, data: Any, route: Route) -> dict[str, WorkflowNode | None]:
    """The steps that a ref at a route may read, and the aliases of the session, with the workflow of each."""
    chain = value_at(data, route[:2])
    chain = chain if isinstance(chain, dict) else {}
    session, steps = chain.get("session"), chain.get("steps")
    named: dict[str, Any] = dict(session) if isinstance(session, dict) else {}
    before = route[3] if len(route) > 3 and route[2] == "steps" and isinstance(route[3], int) else None  # noqa: PLR2004
    for step in (steps if isinstance(steps, list) else [])[:before]:
        if isinstance(step, Mapping) and isinstance(step.get("id"), str):
            named[step["id"]] = step.get("workflow")
    return {alias: graph.workflows.get(str(name)) for alias, name in named.items()}


def _steps(producers: Mapping[str, WorkflowNode | None]) -> Iterator[Suggestion]:
    for alias, workflow in producers.items():
        gives = describe(workflow.callee.outputs_schema) if workflow else ""
        yield Suggestion(alias, "step", f"{alias}.outputs.", gives, workflow.name if workflow else "")


def _wanted(graph: Graph, data: Any, route: Route) -> Any:
    """The type of the input that a ref is for; None where any will do."""
    match route:
        case ("chains", _, "steps", int(), "inputs", str() as name, *keys, "$ref"):
            step = value_at(data, route[:4])
            workflow = graph.workflows.get(str(step.get("workflow"))) if isinstance(step, dict) else None
            field = workflow.inputs.fields.get(name) if workflow else None
            found = lookup(field.schema, keys) if field else None
            return found.schema if isinstance(found, FoundType) else None
    return None


def _members(schema: Any, keys: tuple[str | int, ...], wanted: Any) -> list[Suggestion]:
    """The members of outputs that fit, or have a member that may; all of them when none does."""
    every: list[tuple[Suggestion, bool]] = []
    for name in members(schema, keys):
        found = lookup(schema, (*keys, name))
        type = found.schema if isinstance(found, FoundType) else {}
        optional = isinstance(found, FoundType) and found.optional
        fits = wanted is None or not isinstance(check_assignable(type, wanted), NotAssignable)
        detail = describe(type) + (", optional" if optional else "")
        one = Suggestion(
            name, "output", name, detail, str(type.get("description", "")) if isinstance(type, dict) else ""
        )
        every.append((one, fits or bool(members(type))))
    return [one for one, fits in every if fits] or [one for one, _ in every]
