"""Completion of refs: steps, then their outputs that fit what is wanted, then members of these."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cyberflow.compiler.graph import Graph
from cyberflow.compiler.interface import Callee
from cyberflow.language.project.routes import value_at
from cyberflow.language.prompt.paths import TokenPath
from cyberflow.language.yaml.cursor import Cursor
from cyberflow.lsp.completion.callees import callee_of, producers
from cyberflow.lsp.completion.suggestions import Names, Suggestion, members
from cyberflow.schema.definitions import array_schema
from cyberflow.schema.describe import describe
from cyberflow.schema.paths import FoundType, lookup
from cyberflow.schema.subtype.assign import NotAssignable, check_assignable
from cyberflow.source import Route

Producers = Mapping[str, tuple[Callee | None, bool]]


def ref_names(graph: Graph, cursor: Cursor, route: Route) -> Names | None:
    """What may follow in a ref that is begun."""
    above, dot, word = cursor.before.rpartition(".")
    found: Producers = {alias: (one, each) for alias, one, each in producers(graph, cursor.data, route)}
    if not dot:
        return Names(word, _steps(found))
    path = TokenPath.parse(above)
    if path is None or path.root not in found:
        return None
    callee, each = found[path.root]
    if not path.keys:
        kind = "files" if "files" in route else "outputs"
        return Names(word, [Suggestion(kind, "member", f"{kind}.", "of the step")])
    if path.keys[0] != "outputs" or callee is None:
        return None
    return Names(word, _members(callee.outputs_schema, path.keys[1:], _wanted(graph, cursor.data, route), each=each))


def _steps(found: Producers) -> Iterator[Suggestion]:
    for alias, (callee, _) in found.items():
        gives = describe(callee.outputs_schema) if callee else ""
        yield Suggestion(alias, "step", f"{alias}.outputs.", gives, callee.name if callee else "")


def _wanted(graph: Graph, data: Any, route: Route) -> Any:
    """The type that a ref is for; None where any will do."""
    match route:
        case (("chains" | "pipelines"), str() as caller, "steps", int(), "inputs", str() as name, *keys, "$ref"):
            callee = callee_of(graph, caller, value_at(data, route[:4]))
            field = callee.inputs.fields.get(name) if callee else None
            found = lookup(field.schema, keys) if field else None
            return found.schema if isinstance(found, FoundType) else None
        case ("pipelines", _, "steps", int(), "when" | "unless", "$ref"):
            return {"type": "boolean"}
        case ("pipelines", _, "steps", int(), "each", _, "$ref"):
            return {"type": "array"}
    return None


def _members(schema: Any, keys: tuple[str | int, ...], wanted: Any, *, each: bool) -> list[Suggestion]:
    """The members of outputs that fit, or have a member that may; all of them when none does."""
    every: list[tuple[Suggestion, bool]] = []
    for name in members(schema, keys):
        found = lookup(schema, (*keys, name))
        type = found.schema if isinstance(found, FoundType) else {}
        given = array_schema(type, nullable=False) if each else type
        optional = isinstance(found, FoundType) and found.optional
        fits = wanted is None or not isinstance(check_assignable(given, wanted), NotAssignable)
        detail = describe(given) + (", optional" if optional else "")
        text = str(type.get("description", "")) if isinstance(type, dict) else ""
        every.append((Suggestion(name, "output", name, detail, text), fits or bool(members(type))))
    return [one for one, fits in every if fits] or [one for one, _ in every]
