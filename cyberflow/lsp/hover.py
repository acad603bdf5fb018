"""Hover: what a name is, its type, who gives it and who takes it, and what goes out for a prompt."""

from __future__ import annotations

from collections.abc import Iterator

from cyberflow.compiler.graph import AnyCaller, CallNode, Graph, WorkflowNode
from cyberflow.compiler.interface import Callee, NameKind
from cyberflow.compiler.lookup.callers import owner_of
from cyberflow.compiler.lookup.describe import DECLARED, find_declaration, find_field, type_schema, type_text
from cyberflow.compiler.lookup.entities import Entity
from cyberflow.compiler.lookup.lookup import Hit, Lookup
from cyberflow.compiler.queries.refs import valid_refs
from cyberflow.compiler.scanned_text import ScannedText, Value
from cyberflow.language.prompt.tokens import Token
from cyberflow.schema.describe import format_literal

_MOST = 6
_LONGEST = 4_000


def describe_hit(lookup: Lookup, hit: Hit) -> str:
    """What stands at a place, as Markdown."""
    entity, graph = hit.entity, lookup.graph
    owner = f" of `{entity.owner}`" if entity.owner else ""
    lines = [f"**{entity.word}** `{entity.path}`{owner}"]
    if (type := type_text(graph, entity)) is not None:
        lines.append(f"```\n{type}\n```")
    lines += _about(graph, entity)
    if (token := _token_at(lookup, hit)) is not None:
        lines.append(f"On the wire: `{token.wire}`")
    return "\n\n".join(lines)


def _about(graph: Graph, entity: Entity) -> Iterator[str]:
    node = find_declaration(graph, entity.name) if entity.kind in DECLARED else None
    if node is not None and node.body.description:
        yield node.body.description
    schema = type_schema(graph, entity)
    if isinstance(schema, dict):
        if schema.get("description"):
            yield str(schema["description"])
        if schema.get("examples"):
            yield "Examples: " + ", ".join(f"`{format_literal(one)}`" for one in schema["examples"][:3])
    if not entity.keys and entity.kind in ("input", "secret"):
        field = find_field(graph, entity)
        if field is not None:
            default = f", `{format_literal(field.schema['default'])}` by default" if "default" in field.schema else ""
            yield "Required" if field.required else f"Optional{default}"
    yield from _listing("Given by", givers(graph, entity))
    yield from _listing("Taken by", takers(graph, entity))


def _listing(title: str, items: Iterator[str]) -> Iterator[str]:
    found = list(dict.fromkeys(items))
    if found:
        more = f"\n- and {len(found) - _MOST} more" if len(found) > _MOST else ""
        yield f"{title}\n" + "\n".join(f"- {one}" for one in found[:_MOST]) + more


def givers(graph: Graph, entity: Entity) -> Iterator[str]:
    """Who gives an input or a secret: the steps that run what takes it, with what they hand on."""
    if entity.kind not in ("input", "secret"):
        return
    for chain in graph.callers:
        for step in chain.steps:
            if step.callee is not None and owner_of(chain, step.callee) == entity.owner:
                yield f"step `{step.id}` of `{chain.name}`: {_given(chain, step, step.callee, entity)}"


def _given(chain: AnyCaller, step: CallNode, callee: Callee, entity: Entity) -> str:
    kind: NameKind = "secret" if entity.kind == "secret" else "input"
    sign = "$" if kind == "secret" else ""
    value = step.values_of(kind).get(entity.name)
    if value is not None:
        return f"`{_written(value)}`"
    if chain.inherits and entity.name in chain.fields_of(kind):
        return f"`<{sign}{entity.name}>`, by its name"
    machine = {*chain.from_machine, *callee.from_machine}
    return "the machine" if sign + entity.name in machine else "nothing"


def _written(value: Value) -> str:
    return str(value.refs[0].ref) if value.refs and value.refs[0].keys == () else format_literal(value.data)


def takers(graph: Graph, entity: Entity) -> Iterator[str]:
    """Who takes an output: the steps, chains and pipelines whose refs read it."""
    if entity.kind != "output":
        return
    for chain in graph.callers:
        for use in valid_refs(chain):
            producer = chain.producer(use.ref.alias)
            if producer and owner_of(chain, producer) == entity.owner and use.ref.output == entity.name:
                where = f"step `{use.step.id}`" if use.step else "the outputs"
                yield f"{where} of `{chain.name}`: `{use.ref}`"


def _token_at(lookup: Lookup, hit: Hit) -> Token | None:
    for text in _texts(lookup, hit.span.path):
        for token in text.scan.tokens:
            span = lookup.sources.span(text.place_of(token.start, token.end))
            if span.path == hit.span.path and (span.line, span.column) <= (hit.span.line, hit.span.column) < (
                span.end_line,
                span.end_column,
            ):
                return token
    return None


def _texts(lookup: Lookup, path: str) -> Iterator[ScannedText]:
    return (text for node in lookup.owners(path) if isinstance(node, WorkflowNode) for text in node.texts)


def wire_form(lookup: Lookup, path: str, line: int, column: int) -> str | None:
    """What goes out for the prompt that a position is in; at its key or anywhere in its text."""
    for text in _texts(lookup, path):
        if text.format is None or text.rendering is None:
            continue
        sources = lookup.sources
        spans = [sources.span(text.place), sources.span(text.place.at_key())] if text.place.path == path else []
        held = any((one.line, one.column) <= (line, column) <= (one.end_line, one.end_column) for one in spans)
        if held or any(piece.place.path == path for piece in text.text.pieces if path != text.place.path):
            html = text.rendering.html.strip()
            shown = html if len(html) <= _LONGEST else html[:_LONGEST] + "…"
            return f"On the wire\n\n```html\n{shown}\n```"
    return None
