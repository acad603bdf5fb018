"""What stands at a place, for a person and as data: its kind, its type, where it is declared and who uses it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from cyberflow.cli.styles import one_line, style
from cyberflow.compiler.lookup.describe import type_text
from cyberflow.compiler.lookup.entities import Entity
from cyberflow.compiler.lookup.lookup import Lookup
from cyberflow.language.project.load import RawProject
from cyberflow.source import Span


def lookup_json(sourced: RawProject, lookup: Lookup, entity: Entity) -> dict[str, Any]:
    """An entity as data; of a type that several texts declare, the first."""
    definitions = lookup.definitions(entity)
    return {
        "version": 1,
        "kind": entity.word,
        "name": entity.path,
        "type": _type(sourced, lookup, entity),
        "definition": asdict(definitions[0]) if definitions else None,
        "references": [asdict(span) for span in lookup.references(entity)],
    }


def lookup_lines(sourced: RawProject, lookup: Lookup, entity: Entity) -> Iterator[str]:
    """An entity in words, and each of its places with the line that stands there."""
    owner = f" of {entity.owner}" if entity.owner else ""
    type = _type(sourced, lookup, entity)
    yield f"{entity.word} {style(one_line(entity.path), bold=True)}{owner}" + (f": {one_line(type)}" if type else "")
    if entity.kind == "file":
        definitions = []
    else:
        definitions = lookup.definitions(entity)
        yield from _list("declared", "nowhere", definitions, sourced)
    references = [span for span in lookup.references(entity) if span not in definitions]
    yield from _list("used", "nowhere", references, sourced)


def _list(title: str, otherwise: str, spans: Sequence[Span], sourced: RawProject) -> Iterator[str]:
    yield f"\n{title}{'' if spans else f' {otherwise}'}"
    places = [f"{one_line(span.path)}:{span.line}:{span.column}" for span in spans]
    width = max(map(len, places), default=0)
    for place, span in zip(places, spans, strict=True):
        yield f"  {place:<{width}}  {style(_line(sourced, span), dim=True)}".rstrip()


def _line(sourced: RawProject, span: Span) -> str:
    """The line of a place, unless a literal secret stands on it."""
    lines = sourced.sources.lines(span.path)
    if span.line > len(lines) or any(
        one.path == span.path and one.line <= span.line <= one.end_line for one in sourced.secrets.spans
    ):
        return ""
    return one_line(lines[span.line - 1].strip())


def _type(sourced: RawProject, lookup: Lookup, entity: Entity) -> str | None:
    text = type_text(lookup.graph, entity)
    return sourced.secrets.hide(text, paths=set(sourced.files.documents)) if text else None
