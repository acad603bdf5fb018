"""Where things are written. The model carries no positions: a `Place` names a route into a document, and becomes a
`Span` of lines and columns only when someone prints it. `Text` is a string that remembers where each piece came from.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import field, replace
from typing import Literal, Protocol

from cyberflow.late import cached_property, dataclass, expression

_LINE_END = expression("\n")
Route = tuple[str | int, ...]
"""Keys and indexes from the root of a document to a node: `("chains", "intake", "steps", 1, "inputs", "mrn")`."""


@dataclass(frozen=True, slots=True)
class Place:
    """A node of a document, or some characters of the text found there.

    `path` is relative to the project with `/`. `part` picks the key or the value at the end of the route. `range` is a
    half-open interval of characters in the *decoded* text of a scalar (or of the whole file for the empty route).
    """

    path: str
    route: Route = ()
    part: Literal["key", "value"] = "value"
    range: tuple[int, int] | None = None

    def at(self, *keys: str | int) -> Place:
        return Place(self.path, (*self.route, *keys))

    def at_key(self) -> Place:
        return replace(self, part="key", range=None)

    def within(self, start: int, end: int) -> Place:
        return replace(self, part="value", range=(start, end))

    def within_key(self, start: int, end: int) -> Place:
        return replace(self, part="key", range=(start, end))


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Lines and columns count from 1, columns in characters; the end is exclusive."""

    path: str
    line: int
    column: int
    end_line: int
    end_column: int

    @property
    def is_empty(self) -> bool:
        return (self.line, self.column) == (self.end_line, self.end_column)


class Document(Protocol):
    """Something that was read: it knows its lines and where each of its routes is written."""

    @property
    def path(self) -> str: ...

    @property
    def text(self) -> str: ...

    def span(self, place: Place) -> Span:
        """Give the span of a place in this document; a route that is not there answers with its nearest parent."""
        ...


def line_end(text: str, at: int) -> int:
    """Where the line of an offset ends."""
    end = text.find("\n", at)
    return len(text) if end < 0 else end


@dataclass(frozen=True)
class LineIndex:
    """A text by its lines, so that thousands of places in it are found without reading it thousands of times. Lines
    count from 1; columns here count from 0.
    """

    path: str
    text: str

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(match.end() for match in _LINE_END.finditer(self.text))]

    def number(self, offset: int) -> int:
        """The line of an offset."""
        return bisect_right(self._starts, offset)

    def range(self, line: int) -> tuple[int, int]:
        """The interval of a line without its end; the nearest line when there is none of that number."""
        line = min(max(line, 1), len(self._starts))
        end = self._starts[line] - 1 if line < len(self._starts) else len(self.text)
        return self._starts[line - 1], end

    def offset(self, line: int, column: int) -> int:
        """The offset of a column in characters."""
        return min(self.range(line)[0] + column, len(self.text))

    def byte_offset(self, line: int, column: int) -> int:
        """The offset of a column in bytes of UTF-8, as Python's own trees count."""
        start, end = self.range(line)
        text = self.text[start:end]
        return start + (column if text.isascii() else len(text.encode()[:column].decode(errors="ignore")))

    def span(self, start: int, end: int) -> Span:
        """Lines and columns of a half-open interval; an empty one is widened to one column."""
        exact = self.exact_span(start, end)
        return replace(exact, end_column=exact.end_column + 1) if exact.is_empty else exact

    def exact_span(self, start: int, end: int) -> Span:
        """Lines and columns of a half-open interval, which may be empty."""
        start = min(start, len(self.text))
        end = min(max(end, start), len(self.text))
        line, end_line = self.number(start), self.number(end)
        return Span(self.path, line, start - self._starts[line - 1] + 1, end_line, end - self._starts[end_line - 1] + 1)


@dataclass(frozen=True)
class PlainDocument:
    """A file without structure of ours: a prompt, an included template. Only the range of a place matters. `unread` is
    the text of one that is not UTF-8, to look for names in and never to be shown.
    """

    path: str
    text: str
    unread: str = field(default="", repr=False)

    @cached_property
    def lines(self) -> LineIndex:
        return LineIndex(self.path, self.text)

    def span(self, place: Place) -> Span:
        return self.lines.span(*(place.range or (0, 0)))


@dataclass(frozen=True)
class Sources:
    """Every document that was read, by path."""

    documents: Mapping[str, Document]
    _lines: dict[str, list[str]] = field(default_factory=dict, repr=False, compare=False)

    def span(self, place: Place) -> Span:
        document = self.documents.get(place.path)
        return document.span(place) if document else Span(place.path, 1, 1, 1, 2)

    def lines(self, path: str) -> list[str]:
        document = self.documents.get(path)
        if document and path not in self._lines:
            self._lines[path] = document.text.split("\n")
        return self._lines.get(path, [])


@dataclass(frozen=True, slots=True)
class Piece:
    """Characters of a `Text` from `start` on, copied one to one from `place`'s text at `offset`; a piece whose `width`
    is given was computed, and all of it stands for that many characters of the source.
    """

    start: int
    place: Place
    offset: int
    width: int | None = None


@dataclass(frozen=True)
class Text:
    """A string whose every character knows its place. Templates and joins keep the knowledge; findings use it."""

    value: str
    pieces: tuple[Piece, ...]
    _starts: tuple[int, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_starts", tuple(piece.start for piece in self.pieces))

    @classmethod
    def of(cls, value: str, place: Place) -> Text:
        """A text written as it stands at `place`."""
        return cls(value, (Piece(0, place, 0),))

    def place(self, start: int, end: int) -> Place:
        """The place of a half-open interval; one that spans two documents is cut at the end of the first."""
        first, last = self._piece(start), self._piece(max(start, end - 1))
        if (first.place.path, first.place.route) != (last.place.path, last.place.route):
            last, end = first, min(end, self._piece_end(first))
        low = first.offset + (0 if first.width is not None else start - first.start)
        high = last.offset + (last.width if last.width is not None else end - last.start)
        return first.place.within(low, max(low, high))

    def _piece(self, offset: int) -> Piece:
        return self.pieces[max(0, bisect_right(self._starts, offset) - 1)]

    def _piece_end(self, piece: Piece) -> int:
        index = self.pieces.index(piece) + 1
        return self.pieces[index].start if index < len(self.pieces) else len(self.value)
