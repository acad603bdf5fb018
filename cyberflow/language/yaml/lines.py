"""A text by its lines, so that thousands of places in it are found without reading it thousands of times."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property

from cyberflow.source import Place, Span

_LINE_END = re.compile("\n")


@dataclass(frozen=True)
class LineIndex:
    """Where each line of a text begins. `span` says what `cyberflow.source.span_of` says."""

    path: str
    text: str

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(match.end() for match in _LINE_END.finditer(self.text))]

    def number(self, offset: int) -> int:
        """The line of an offset, from 1."""
        return bisect_right(self._starts, offset)

    def span(self, start: int, end: int) -> Span:
        """Lines and columns of a half-open interval; an empty one is widened to one column."""
        start = min(start, len(self.text))
        end = min(max(end, start), len(self.text))
        line, end_line = self.number(start), self.number(end)
        column, end_column = start - self._starts[line - 1] + 1, end - self._starts[end_line - 1] + 1
        return Span(self.path, line, column, end_line, end_column + (start == end))


@dataclass(frozen=True)
class PlainDocument:
    """A file without structure of ours: a prompt, an included template. Only the range of a place matters."""

    path: str
    text: str

    @cached_property
    def lines(self) -> LineIndex:
        return LineIndex(self.path, self.text)

    def span(self, place: Place) -> Span:
        return self.lines.span(*(place.range or (0, 0)))
