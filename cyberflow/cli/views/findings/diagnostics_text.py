"""Findings as a person reads them: frame, underline, labels, notes, help. One function over finished findings."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import field, replace
from typing import Literal

from cyberflow.cli.styles import escape, one_line, style
from cyberflow.compiler.queries.masked_spans import secret_spans
from cyberflow.diagnostics import Diagnostic, pluralize
from cyberflow.language.project.load import RawProject
from cyberflow.language.project.secret_literals import MASK
from cyberflow.late import dataclass
from cyberflow.source import Sources, Span

_WIDEST = 160
_MARGIN = 40
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""What would move a terminal's cursor or turn its text around."""
_EMPTY = "nothing is declared, no file that was read has `workflows:`, `chains:` or `tasks:`"


@dataclass(frozen=True)
class _Underline:
    """One underline: where, with which sign, and what is said beside it."""

    span: Span
    sign: Literal["^", "-"]
    text: str


@dataclass(frozen=True)
class _SourceLine:
    """One line of a source as it may be shown. `cuts` are the columns that a mask stands for, in order."""

    text: str
    cuts: tuple[tuple[int, int], ...] = ()

    @classmethod
    def of(cls, raw: str, path: str, number: int, secrets: Iterable[Span]) -> _SourceLine:
        cuts: list[tuple[int, int]] = []
        for secret in sorted(secrets):
            if secret.path == path and secret.line <= number <= secret.end_line:
                start = secret.column - 1 if number == secret.line else len(raw) - len(raw.lstrip())
                end = secret.end_column - 1 if number == secret.end_line else len(raw)
                if cuts and start <= cuts[-1][1]:
                    cuts[-1] = (cuts[-1][0], max(end, cuts[-1][1]))
                elif start < end:
                    cuts.append((start, end))
        text = raw
        for start, end in reversed(cuts):
            text = text[:start] + MASK + text[end:]
        return cls(_printable(text), tuple(cuts))

    def to_display_column(self, column: int) -> int:
        """Where a column of the source stands in what is shown; one inside a mask is its begin."""
        moved = column
        for start, end in self.cuts:
            if column - 1 >= end:
                moved += len(MASK) - (end - start)
            elif column - 1 > start:
                moved -= column - 1 - start
        return moved

    def to_display_span(self, span: Span) -> Span:
        """A span of one line in the columns that are shown; all of a mask is marked when any of it is."""
        start, end = self.to_display_column(span.column), self.to_display_column(span.end_column)
        for low, high in self.cuts:
            if low < span.end_column - 1 <= high:
                end = self.to_display_column(low + 1) + len(MASK)
        return replace(span, column=start, end_column=max(end, start + 1))


def mask_lines(text: str, path: str, secrets: Iterable[Span]) -> list[str]:
    """The lines of a text as they may be shown."""
    lines = text.removesuffix("\n").split("\n")
    return [_SourceLine.of(line, path, number, secrets).text for number, line in enumerate(lines, 1)]


@dataclass(frozen=True)
class DiagnosticRenderer:
    """Renders findings against the sources they speak of. Secret places are masked in every line that is shown."""

    sources: Sources
    secrets: tuple[Span, ...] = ()
    _lines: dict[tuple[str, int], _SourceLine] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, sourced: RawProject, findings: Iterable[Diagnostic]) -> DiagnosticRenderer:
        return cls(sourced.sources, secret_spans(sourced, findings))

    def render(self, found: Diagnostic, word: str | None = None) -> str:
        """Give one finding as text, ending without a line end; styled for a terminal. `word` replaces its severity."""
        colour = "red" if found.severity == "error" else "yellow"
        marks = [_Underline(self.sources.span(found.place), "^", found.note)]
        marks += [_Underline(self.sources.span(label.place), "-", label.message) for label in found.labels]
        width = max(len(str(mark.span.line)) for mark in marks)
        title = style(f"{word or found.severity}[{found.rule}]", fg=colour, bold=True)
        lines = [f"{title}{style(': ' + one_line(found.message), bold=True)}"]
        for index, path in enumerate(dict.fromkeys(mark.span.path for mark in marks)):
            group = [mark for mark in marks if mark.span.path == path]
            head = group[0].span
            arrow = _dim(f"{' ' * width}{'-->' if not index else ':::'}")
            lines.append(f"{arrow} {one_line(path)}:{head.line}:{head.column}")
            if not index:
                lines.append(_dim(f"{' ' * width} |"))
            lines.extend(self._frame(group, width, colour))
        lines.extend(self._trailer(found, width))
        return "\n".join(lines)

    def _frame(self, marks: list[_Underline], width: int, colour: str) -> Iterator[str]:
        path = marks[0].span.path
        text = self.sources.lines(path)
        previous = 0
        for number in sorted({mark.span.line for mark in marks}):
            if previous and number > previous + 1:
                yield _dim("...")
            previous = number
            raw = text[number - 1] if number <= len(text) else ""
            if (line := self._lines.get((path, number))) is None:
                line = self._lines[path, number] = _SourceLine.of(raw, path, number, self.secrets)
            here = [mark for mark in marks if mark.span.line == number]
            while here:
                shown, shift = _crop(line.text, line.to_display_column(here[0].span.column) - 1)
                yield f"{_dim(f'{number:>{width}} |')} {shown.expandtabs(4)}".rstrip()
                near = [
                    mark
                    for mark in here[1:]
                    if shift <= line.to_display_column(mark.span.column) - 1 <= shift + _WIDEST
                ]
                inside = [here[0], *near]
                for mark in inside:
                    tint = colour if mark.sign == "^" else "blue"
                    under = style(_underline_text(line, mark, shift), fg=tint, bold=True)
                    yield f"{_dim(' ' * width + ' |')} {under}".rstrip()
                here = [mark for mark in here if mark not in inside]

    def _trailer(self, found: Diagnostic, width: int) -> Iterator[str]:
        edge = _dim(" " * width + " =")
        for note in found.notes:
            yield f"{edge} {one_line(note)}"
        if found.help:
            first, *rest = escape(found.help).split("\n")
            yield f"{edge} {style('help', bold=True)}: {first}"
            yield from (f"{' ' * width}         {line}" for line in rest)


def _underline_text(line: _SourceLine, mark: _Underline, shift: int) -> str:
    span = line.to_display_span(mark.span)
    start, text = span.column - 1, line.text
    end = span.end_column - 1 if span.end_line == span.line else len(text.rstrip())
    end = max(min(end, len(text), start + _WIDEST), start + 1)
    lead = _width(text[shift:start]) + (1 if shift else 0)
    signs = mark.sign * max(1, _width(text[shift:end]) - _width(text[shift:start]))
    return f"{' ' * lead}{signs[:_WIDEST]} {one_line(mark.text)}".rstrip()


def _crop(line: str, column: int) -> tuple[str, int]:
    """Cut a line that no terminal shows to the part around `column`; the second value is what was cut before it."""
    if len(line) <= 4 * _WIDEST and _width(line) <= _WIDEST:
        return line, 0
    start = max(0, column - _MARGIN)
    cut = line[start : start + _WIDEST]
    return ("…" if start else "") + cut + ("…" if start + _WIDEST < len(line) else ""), start


def _width(text: str) -> int:
    """Columns that a terminal gives to a text."""
    text = text.expandtabs(4)
    if text.isascii():
        return len(text)
    total = 0
    for character in text:
        if unicodedata.category(character) in ("Mn", "Me", "Cf"):
            continue
        total += 2 if unicodedata.east_asian_width(character) in "WF" else 1
    return total


def _printable(text: str) -> str:
    return _UNPRINTABLE.sub("\ufffd", text)


def _dim(text: str) -> str:
    return style(text, fg="blue", bold=True)


def summary(sourced: RawProject, found: list[Diagnostic]) -> str:
    """The last line of a check: what was looked at, and how it stands."""
    counts = sourced.counts("workflows", "chains", "tasks", "pipelines")
    always = ("workflows", "chains")
    looked = ", ".join(pluralize(counts[key], key[:-1]) for key in counts if key in always or counts[key])
    errors = sum(one.severity == "error" for one in found)
    warnings = len(found) - errors
    if not found:
        said = f"{looked}, nothing to complain about" if any(counts.values()) else _EMPTY
        return f"{style('clean', fg='green', bold=True)}: {said}"
    parts = [pluralize(errors, "error")] if errors else []
    parts += [pluralize(warnings, "warning")] if warnings else []
    colour = "red" if errors else "yellow"
    return f"{style(', '.join(parts), fg=colour, bold=True)} in {looked}"
