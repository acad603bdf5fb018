"""Edits that may be conflicts, which stand between git's markers in the file. Bytes outside them stay what they are."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Sequence
from dataclasses import dataclass

from cyberflow.edits import TextEdit, edit_file
from cyberflow.edits import edit_text as edits_in_text
from cyberflow.source import line_end

START, MIDDLE, END = "<<<<<<<", "=======", ">>>>>>>"


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
    return edits_in_text(text, _mark_conflicts(text, edits, label))


def edit_bytes(content: bytes, edits: Sequence[MergeEdit], label: str) -> bytes:
    """As `edit_text`, in a file as it is on disk: its BOM and its line ends stay."""
    text = content.removeprefix(BOM_UTF8).decode().replace("\r\n", "\n")
    return edit_file(content, _mark_conflicts(text, edits, label))


def _mark_conflicts(text: str, edits: Sequence[MergeEdit], label: str) -> list[TextEdit]:
    """The edits that write both forms of what conflicts; what touches is one."""
    made: list[TextEdit] = []
    for group in _groups(text, edits):
        start, end = group[0].start, max(one.end for one in group)
        new = _rewrite(text, start, end, group)
        if any(one.conflict for one in group):
            start, end = _whole_lines(text, start, end)
            theirs = group[0].theirs if group[0].theirs is not None else _rewrite(text, start, end, group)
            new = f"{START} sources\n{_line(text[start:end])}{MIDDLE}\n{_line(theirs)}{END} {label}"
            new += "\n" if end == len(text) and text.endswith("\n") else ""
        if made and made[-1].end == start:
            last = made.pop()
            start, new = last.start, last.text + new
        made.append(TextEdit("", start, end, new))
    return made


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
    return first, line_end(text, end - 1 if end > max(start, first) and text[end - 1] == "\n" else end)


def _line(text: str) -> str:
    return f"{text}\n" if text and not text.endswith("\n") else text
