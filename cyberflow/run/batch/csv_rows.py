"""CSV as spreadsheets and databases write it: any of four separators, a `sep=` line, cells of any length, and a place
for every quote that is never closed.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

SEPARATORS = ",;\t|"
_SEPARATOR_LINE = re.compile(r"sep=([^\s\w]|\t)[\r\n]*", re.IGNORECASE)
csv.field_size_limit(2**31 - 1)  # the largest that every system takes


class CsvFault(Exception):
    """Text that is not CSV; `line` is where it went wrong, and the message goes on after the row's number."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


class CsvRecord(NamedTuple):
    line: int
    """Of its end, counted from 1."""
    cells: list[str]


class _Lines:
    """The lines of a text, those of the present record kept: they tell where its quotes opened."""

    def __init__(self, text: Iterator[str]) -> None:
        self._text = text
        self.record: list[str] = []
        self.count = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._text)
        self.count += 1
        self.record.append(line)
        return line


def read_csv(text: Iterator[str]) -> Iterator[CsvRecord]:
    """The records of a text, the names of the columns first. Raises CsvFault."""
    lines = _Lines(text)
    head = next(lines, "")
    named = _SEPARATOR_LINE.fullmatch(head)
    if named:
        lines.record.clear()
        head = next(lines, "")
    separator = named[1] if named else _guess_separator(head)
    reader = csv.reader(_prepend(head, lines), delimiter=separator, strict=True)
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise _explain(error, lines, separator) from None
        if cells is None:
            return
        yield CsvRecord(lines.count, cells)
        lines.record.clear()


def _guess_separator(head: str) -> str:
    outside = "".join(head.split('"')[::2])
    return max(SEPARATORS, key=lambda one: (outside.count(one), -SEPARATORS.index(one)))


def _prepend(head: str, rest: Iterator[str]) -> Iterator[str]:
    if head:
        yield head
    yield from rest


def _explain(error: csv.Error, lines: _Lines, separator: str) -> CsvFault:
    text = "".join(lines.record)
    place = _find_open_quote(text, separator)
    if place is None:
        return CsvFault(lines.count, f"this is not CSV: {error}")
    before = 0
    line = lines.count - len(lines.record) + 1
    for number, one in enumerate(lines.record):
        if place < before + len(one):
            line += number
            break
        before += len(one)
    message = f"this is not CSV: the quote that opens at character {place - before + 1} is never closed"
    return CsvFault(line, f'{message} (a quote inside a quoted cell is written twice: `""`)')


def _find_open_quote(text: str, separator: str) -> int | None:
    """Where the cell begins whose quotes do not end before a separator or the end of its line."""
    at, ends = 0, re.compile(f"[{re.escape(separator)}\r\n]")
    while at < len(text):
        if text[at] == '"':
            begin, at = at, at + 1
            while (at := text.find('"', at)) != -1 and text[at + 1 : at + 2] == '"':
                at += 2
            if at == -1 or (text[at + 1 : at + 2] not in (separator, "\r", "\n", "")):
                return begin
            at += 2
        else:
            end = ends.search(text, at)
            at = len(text) if end is None else end.end()
    return None


def drop_empty_tail(cells: Sequence[str], width: int) -> Sequence[str]:
    """The cells without empty ones beyond the columns: some programs write a separator too many."""
    return cells[:width] if not any(cell.strip() for cell in cells[width:]) else cells
