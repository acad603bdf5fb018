"""Data of a YAML text straight from libyaml's events, where it says nothing unusual: no tree of nodes is made, which
most files are never asked for. Whatever needs more thought, or a word to the author, is left to `build_data`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import yaml
from yaml.events import (
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from cyberflow.language.characters import INVISIBLE
from cyberflow.language.yaml.compose import LIBYAML
from cyberflow.language.yaml.scalars import resolve_scalar

if LIBYAML:
    from yaml.cyaml import CParser  # type: ignore[attr-defined]

_LONGEST, _DEEPEST = 100_000, 50
"""Far within the bounds that nodes have: no text makes more than two of each character."""


class Unusual(Exception):
    """There is something in the text of which more must be known than its data."""


def read_plain(text: str) -> Any:
    """The data of a text that holds one document. Raises Unusual for anchors, aliases, tags, merge keys, keys that are
    given twice or are not text, missing values in braces, what nobody sees, what is large, and what does not parse.
    """
    if not LIBYAML or len(text) > _LONGEST or not (text.isascii() or INVISIBLE.search(text) is None):
        raise Unusual
    try:
        next_event = CParser(text).get_event
        next_event()
        if type(next_event()) is not DocumentStartEvent:
            raise Unusual
        data = _read(next_event, next_event(), 0)
        next_event()
        if type(next_event()) is not StreamEndEvent:
            raise Unusual
    except (yaml.YAMLError, UnicodeEncodeError) as error:
        raise Unusual from error
    return data


def _read(next_event: Callable[[], Any], event: Any, depth: int) -> Any:
    """What begins with an event."""
    if event.anchor is not None or event.tag is not None or depth > _DEEPEST:
        raise Unusual
    kind = type(event)
    if kind is ScalarEvent:
        return resolve_scalar(event.value) if event.implicit[0] else event.value
    if kind is MappingStartEvent:
        return _read_mapping(next_event, depth + 1, in_braces=event.flow_style)
    if kind is not SequenceStartEvent:
        raise Unusual
    items = []
    while type(event := next_event()) is not SequenceEndEvent:
        items.append(_read(next_event, event, depth + 1))
    return items


def _read_mapping(next_event: Callable[[], Any], depth: int, *, in_braces: bool) -> dict[str, Any]:
    data: dict[str, Any] = {}
    while type(event := next_event()) is ScalarEvent:
        key = event.value
        if key in data or key == "<<" or event.anchor is not None or event.tag is not None:
            raise Unusual
        value = next_event()
        if type(value) is not ScalarEvent:
            data[key] = _read(next_event, value, depth)
        elif value.anchor is not None or value.tag is not None or (in_braces and not value.value):
            raise Unusual
        else:
            data[key] = resolve_scalar(value.value) if value.implicit[0] else value.value
    if type(event) is not MappingEndEvent:
        raise Unusual
    return data
