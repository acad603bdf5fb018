"""Definitions that say nothing but one another: a validator that follows them comes to no end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cyberflow.schema.keywords import KEYWORDS, subschemas
from cyberflow.schema.normal_form import DEFS, definition_name
from cyberflow.schema.values import Schema


def endless(schema: Schema) -> tuple[str, ...]:
    """The way from a definition back to itself that never goes into the value, of a schema in normal form; empty
    without one. It begins and ends with the name that comes first.
    """
    definitions = {} if isinstance(schema, bool) else schema.get("$defs") or {}
    leads = {name: sorted(_leads(definition)) for name, definition in definitions.items()}
    for name in sorted(leads):
        if way := _way_back(name, leads):
            return way
    return ()


def _leads(schema: Any) -> set[str]:
    """The definitions that look at the same value as this schema."""
    if not isinstance(schema, dict):
        return set()
    reference = schema.get("$ref", "")
    found = {definition_name(reference)} if reference.startswith(DEFS) else set()
    return found.union(*map(_leads, _in_place(schema)))


def _in_place(schema: dict[str, Any]) -> Iterator[Any]:
    looks = ("dependentSchemas", *(name for name, keyword in KEYWORDS.items() if keyword.in_place))
    return subschemas({key: schema[key] for key in looks if key in schema})


def _way_back(name: str, leads: dict[str, list[str]]) -> tuple[str, ...]:
    ways: list[tuple[str, ...]] = [(name,)]
    seen = {name}
    while ways:
        way = ways.pop()
        for lead in leads.get(way[-1], ()):
            if lead == name:
                return (*way, name)
            if lead not in seen:
                seen.add(lead)
                ways.append((*way, lead))
    return ()
