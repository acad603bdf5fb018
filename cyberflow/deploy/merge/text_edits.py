"""Edits of the text of one file, and conflicts between git's markers. Bytes outside the edits stay what they are."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

START, MIDDLE, END = "<<<<<<<", "=======", ">>>>>>>"
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class MergeEdit:
    """New text for a range of characters. In a conflict whole lines are kept in both forms; `theirs` are the lines of
    the other side where the range itself cannot be written.
    """

    start: int
    end: int
    text: str
    conflict: bool = False
    theirs: str | None = None


def edit_text(text: str, edits: Sequence[MergeEdit], label: str) -> str:
    """Carry out edits that do not overlap; `label` names the side that conflicts are with."""
    done = 0
    out: list[str] = []
    for group in _groups(text, edits):
        start, end = group[0].start, max(one.end for one in group)
        if not any(one.conflict for one in group):
            out += [text[done:start], _rewrite(text, start, end, group)]
            done = end
            continue
        start, end = _whole_lines(text, start, end)
        ours = text[start:end]
        theirs = group[0].theirs if group[0].theirs is not None else _rewrite(text, start, end, group)
        out += [text[done:start], f"{START} sources\n", _line(ours), f"{MIDDLE}\n", _line(theirs), f"{END} {label}"]
        done = end
        out.append("\n" if end == len(text) and text.endswith("\n") else "")
    return "".join([*out, text[done:]])


def edit_bytes(content: bytes, edits: Sequence[MergeEdit], label: str) -> bytes:
    """As `edit_text`, in a file as it is on disk: its BOM and its line ends stay."""
    raw = content.removeprefix(_BOM).decode()
    if "\r\n" in raw:
        ends = [at - number for number, at in enumerate(found.start() for found in re.finditer("\r\n", raw))]
        edits = [_with_carriage_returns(one, ends) for one in edits]
    made = edit_text(raw, edits, label)
    return content[: len(content) - len(content.removeprefix(_BOM))] + made.encode()


def _with_carriage_returns(edit: MergeEdit, ends: Sequence[int]) -> MergeEdit:
    """An edit in the text whose lines end in CRLF; `ends` are the offsets of those line ends."""
    text, theirs = (None if one is None else one.replace("\n", "\r\n") for one in (edit.text, edit.theirs))
    start, end = (at + bisect_left(ends, at) for at in (edit.start, edit.end))
    return MergeEdit(start, end, text or "", edit.conflict, theirs)


def _groups(text: str, edits: Sequence[MergeEdit]) -> list[list[MergeEdit]]:
    """Edits in order; those whose lines a conflict shares belong together."""
    groups: list[list[MergeEdit]] = []
    reach = -1
    for one in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        start, end = _whole_lines(text, one.start, one.end) if one.conflict else (one.start, one.end)
        if groups and start < reach:
            groups[-1].append(one)
        else:
            groups.append([one])
        conflict = any(edit.conflict for edit in groups[-1])
        reach = max(reach, _whole_lines(text, one.start, one.end)[1] if conflict else end)
    return groups


def _rewrite(text: str, start: int, end: int, edits: Sequence[MergeEdit]) -> str:
    out: list[str] = []
    for one in edits:
        out += [text[start : one.start], one.text]
        start = one.end
    return "".join([*out, text[start:end]])


def _whole_lines(text: str, start: int, end: int) -> tuple[int, int]:
    """The lines that a range touches, without the line end behind them."""
    first = text.rfind("\n", 0, start) + 1
    last = text.find("\n", end - 1 if end > max(start, first) and text[end - 1] == "\n" else end)
    return first, len(text) if last < 0 else last


def _line(text: str) -> str:
    return f"{text}\n" if text and not text.endswith("\n") else text


def line_starts(text: str) -> list[int]:
    """The offset of each line, and the length of the text behind them."""
    starts = [0]
    for at, letter in enumerate(text):
        if letter == "\n":
            starts.append(at + 1)
    return [*starts, len(text)]


def line_of(starts: Sequence[int], at: int) -> int:
    """The line of an offset."""
    found = bisect_left(starts, at + 1) - 1
    return min(found, len(starts) - 2)
