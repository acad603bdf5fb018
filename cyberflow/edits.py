"""Edits: what is to be written at a place in another's stead. A rule says it in the words of the language; the reader
of the file knows the quotes, the indent and the commas, and makes it a `TextEdit`.
"""

from __future__ import annotations

from cyberflow.records import dataclass
from cyberflow.source import Place


@dataclass(frozen=True, slots=True)
class Replacement:
    """Other text for `old`, which stands at the place: a key, a value, or the characters of its range. Where something
    else stands there, because a template or an alias made it, nothing is edited.
    """

    place: Place
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Rewrite:
    """Another value at the place, as JSON text."""

    place: Place
    json: str


@dataclass(frozen=True, slots=True)
class Removal:
    """An entry with its key, an item, or a comment goes, and so do `parents` of the mappings and lists above it when
    nothing else is in them.
    """

    place: Place
    parents: int = 0


@dataclass(frozen=True, slots=True)
class Addition:
    """An entry is added to the mapping at the place, or an item to the list when `key` is empty; the value is JSON
    text. A place whose last key is not there yet is made on the way.
    """

    place: Place
    key: str
    json: str


@dataclass(frozen=True, slots=True)
class Move:
    """An item of a list goes, with the comments above it, before the item that has the index `before` now."""

    place: Place
    before: int


Edit = Replacement | Rewrite | Removal | Addition | Move


@dataclass(frozen=True, slots=True)
class TextEdit:
    """Characters of one file, as a half-open interval of its text with LF and without BOM, and what stands there
    instead.
    """

    path: str
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Fix:
    """A mend of one finding: what it does, in words, and all of its edits. A safe one may be made unasked."""

    message: str
    edits: tuple[Edit, ...]
    safe: bool = False


def texts_of(fix: Fix) -> tuple[str, ...]:
    """What a fix says and writes, and what it writes over."""
    texts = [fix.message]
    for edit in fix.edits:
        match edit:
            case Replacement(_, old, new):
                texts += [old, new]
            case Rewrite(_, written) | Addition(_, _, written):
                texts.append(written)
    return tuple(texts)
