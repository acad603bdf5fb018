"""Edits: what is to be written at a place in another's stead. A rule says it in the words of the language; the reader
of the file knows the quotes, the indent and the commas, and makes it a `TextEdit`, which is made in a text or a file.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator

from cyberflow.late import dataclass
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


def choose_apart(candidates: Iterable[tuple[TextEdit, ...]]) -> Iterator[tuple[TextEdit, ...]]:
    """The groups of edits, first come first served, none of which touches a text that one before it edits."""
    chosen: set[TextEdit] = set()
    for edits in candidates:
        new = [edit for edit in edits if edit not in chosen]
        if not any(_meet(edit, other) for edit in new for other in chosen):
            chosen.update(new)
            yield edits


def edit_text(text: str, edits: Iterable[TextEdit]) -> str:
    """A text with all of its edits made, which lie apart."""
    for edit in sorted(edits, key=lambda one: (one.start, one.end), reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def _meet(left: TextEdit, right: TextEdit) -> bool:
    """Whether two edits touch: insertions at one place do, in whatever order they would come."""
    return left.path == right.path and left.start <= right.end and right.start <= left.end


def edit_file(content: bytes, edits: Iterable[TextEdit]) -> bytes:
    """The bytes of a text file with edits made in its text: its byte order mark and its line ends stay as they are, and
    new lines end as its first one does.
    """
    mark = BOM_UTF8 if content.startswith(BOM_UTF8) else b""
    raw = content[len(mark) :].decode()
    breaks = [match.start() - number for number, match in enumerate(re.finditer("\r\n", raw))]
    newline = "\r\n" if breaks and raw.find("\n") == breaks[0] + 1 else "\n"

    def shift(edit: TextEdit) -> TextEdit:
        start, end = (at + bisect_left(breaks, at) for at in (edit.start, edit.end))
        return TextEdit(edit.path, start, end, edit.text.replace("\n", newline))

    return mark + edit_text(raw, map(shift, dict.fromkeys(edits))).encode()
