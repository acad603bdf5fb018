"""Completion in test files: what is run, its inputs and secrets, its steps, and their outputs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from cyberflow.compiler.flow_tests.step_names import find_by_name
from cyberflow.compiler.flow_tests.subject import Subject
from cyberflow.compiler.graph import ChainNode, Graph, PipelineNode
from cyberflow.compiler.interface import Callee
from cyberflow.compiler.lookup.describe import find_declaration
from cyberflow.language.project.routes import value_at
from cyberflow.language.yaml.cursor import Cursor
from cyberflow.lsp.completion.callees import callee_named
from cyberflow.lsp.completion.suggestions import Names, Suggestion, field_suggestion
from cyberflow.source import Route


def flow_test_names(graph: Graph, cursor: Cursor) -> Names | None:
    """The names that may stand where a cursor is in a test, or in one of its cases."""
    test = value_at(cursor.data, cursor.route[:2])
    run = str(test.get("run")) if isinstance(test, dict) else ""
    below = cursor.route[2:]
    if below[:1] == ("cases",):
        below = below[2:]
    if below == ("run",):
        return Names(cursor.before, _declared(graph))
    if below == ("target",):
        names = {"local": None, **dict.fromkeys(graph.project.settings.targets)}
        return Names(cursor.before, (Suggestion(name, "target", name) for name in names))
    below = (*(key for key in below[:-1] if not str(key).startswith("$")), *below[-1:])
    found = _keys(graph, run, below)
    if found is None:
        return None
    given = value_at(cursor.data, cursor.parent)
    taken = set(given) - {cursor.route[-1]} if isinstance(given, dict) and cursor.is_key else set()
    colon = ": " if cursor.is_key and not cursor.after.lstrip().startswith(":") else ""
    items = (one for one in found if one.label not in taken)
    return Names(cursor.before, (Suggestion(one.label, one.kind, one.label + colon, one.detail) for one in items))


def _declared(graph: Graph) -> Iterator[Suggestion]:
    for kind, group in (
        ("chain", graph.chains),
        ("pipeline", graph.pipelines),
        ("workflow", graph.workflows),
        ("task", graph.tasks),
    ):
        names: Iterable[str] = group
        yield from (Suggestion(name, kind, name, kind) for name in names)


def _keys(graph: Graph, run: str, below: Route) -> Iterable[Suggestion] | None:
    """The names that are keys at a place of a test."""
    whole = callee_named(graph, run)
    match below:
        case ("inputs" | "secrets" as kind, _) if whole is not None:
            return _fields(whole, str(kind))
        case ("simulate", _) | ("expect", "steps", _):
            return [Suggestion(name, "step", name) for name in _steps(graph, run)]
        case ("simulate", str() as step, "outputs", _):
            return _fields(_callee(graph, run, step), "outputs")
        case ("expect", "outputs", _):
            return _fields(whole, "outputs")
        case ("expect", "steps", str() as step, "inputs" | "outputs" as kind, _):
            return _fields(_callee(graph, run, step), str(kind))
    return None


def _steps(graph: Graph, run: str) -> list[str]:
    node = find_declaration(graph, run)
    return [step.id for step in node.steps] if isinstance(node, ChainNode | PipelineNode) else [run] if node else []


def _callee(graph: Graph, run: str, step: str) -> Callee | None:
    subject = Subject.find(run, graph)
    known = find_by_name(step, subject.all_steps) if subject is not None else None
    return known or callee_named(graph, step)


def _fields(callee: Callee | None, kind: str) -> list[Suggestion]:
    fields: Any = getattr(callee, kind).fields if callee else {}
    return [field_suggestion(one, kind.removesuffix("s")) for one in fields.values()]
