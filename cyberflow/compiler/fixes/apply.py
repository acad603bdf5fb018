"""Edits of text applied: which of them go together, and the texts that come out."""

from __future__ import annotations

import re
from bisect import bisect_left
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator

from cyberflow.edits import TextEdit


def choose_apart(candidates: Iterable[tuple[TextEdit, ...]]) -> Iterator[tuple[TextEdit, ...]]:
    """The groups of edits, first come first served, none of which touches a text that one before it edits."""
    chosen: set[TextEdit] = set()
    for edits in candidates:
        new = [edit for edit in edits if edit not in chosen]
        if not any(_meet(edit, other) for edit in new for other in chosen):
            chosen.update(new)
            yield edits


def edit_texts(edits: Iterable[TextEdit], texts: dict[str, str]) -> dict[str, str]:
    """The texts that change, by path, with every edit made."""
    by_path: dict[str, set[TextEdit]] = {}
    for edit in edits:
        by_path.setdefault(edit.path, set()).add(edit)
    return {path: edit_text(texts[path], some) for path, some in by_path.items()}


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
