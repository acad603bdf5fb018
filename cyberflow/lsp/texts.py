"""Texts as editors count them: lines that end in LF, CRLF or CR, columns in UTF-16 unless another unit was agreed on.
Our own offsets count characters of the text with LF and without a BOM.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

Encoding = Literal["utf-8", "utf-16", "utf-32"]
Position = tuple[int, int]
"""A line and a column, both from 0, in the editor's units."""
BOM = "\ufeff"
_RAW_END = re.compile(r"\r\n|\n|\r")
_END = re.compile(r"[\n\r]")


@dataclass(frozen=True)
class EditorText:
    """A text with LF and without BOM, and where each of its characters stands for an editor. `bom`: the editor counts
    one at the beginning.
    """

    text: str
    encoding: Encoding = "utf-16"
    bom: bool = False

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(match.end() for match in _END.finditer(self.text))]

    def position(self, offset: int) -> Position:
        """The line and column of an offset."""
        offset = min(max(offset, 0), len(self.text))
        line = bisect_right(self._starts, offset) - 1
        start = self._starts[line]
        return line, width(self.text[start:offset], self.encoding) + (self.bom and line == 0)

    def offset(self, position: Position) -> int:
        """The offset of a position; one behind the end of its line is the end of the line."""
        line, column = position
        if line >= len(self._starts):
            return len(self.text)
        start = self._starts[line]
        end = self._starts[line + 1] - 1 if line + 1 < len(self._starts) else len(self.text)
        return start + cut(self.text[start:end], column - (self.bom and line == 0), self.encoding)


@dataclass(frozen=True)
class Buffer:
    """A file that is open in an editor, exactly as it is there."""

    version: int
    raw: str
    encoding: Encoding = "utf-16"

    @property
    def content(self) -> bytes:
        """What would be on the disk if it were saved now."""
        return self.raw.encode("utf-8", "surrogatepass")

    @cached_property
    def text(self) -> EditorText:
        return EditorText(self.raw.removeprefix(BOM).replace("\r\n", "\n"), self.encoding, self.raw.startswith(BOM))

    @cached_property
    def line_end(self) -> str:
        return "\r\n" if "\r\n" in self.raw else "\n"

    def edit(self, version: int, changes: Sequence[tuple[Position, Position, str] | str]) -> Buffer:
        """The buffer after some changes, one upon the other: other text for a range, or for all of it."""
        raw = self.raw
        for change in changes:
            if isinstance(change, str):
                raw = change
            else:
                start, end, text = change
                low, high = self._offset(raw, start), self._offset(raw, end)
                raw = raw[:low] + text + raw[max(low, high) :]
        return Buffer(version, raw, self.encoding)

    def _offset(self, raw: str, position: Position) -> int:
        line, column = position
        start = 0
        for _ in range(line):
            match = _RAW_END.search(raw, start)
            if match is None:
                return len(raw)
            start = match.end()
        end = _RAW_END.search(raw, start)
        return start + cut(raw[start : end.start() if end else len(raw)], column, self.encoding)


def width(text: str, encoding: Encoding) -> int:
    """How many units of an encoding a text has."""
    if encoding == "utf-32" or text.isascii():
        return len(text)
    if encoding == "utf-8":
        return len(text.encode("utf-8", "surrogatepass"))
    return len(text) + sum(character > "\uffff" for character in text)


def cut(line: str, units: int, encoding: Encoding) -> int:
    """How many characters of a line its first so many units are; half a character is left out."""
    if encoding == "utf-32" or line.isascii():
        return min(max(units, 0), len(line))
    for index, character in enumerate(line):
        units -= width(character, encoding)
        if units < 0:
            return index
    return len(line)
