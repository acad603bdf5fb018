"""Findings as a person reads them: frame, underline, labels, notes, help. One function over finished findings."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

import click

from cyberflow.diagnostics import Diagnostic
from cyberflow.language import Sourced
from cyberflow.source import Place, Sources, Span

MASK = "•••"
_WIDEST = 160
_MARGIN = 40
_SECRET_KEY = re.compile(r"""\b(api_key|secrets)["']?\s*:""")


@dataclass(frozen=True)
class _Mark:
    """One underline: where, with which sign, and what is said beside it."""

    span: Span
    sign: Literal["^", "-"]
    text: str


def masked(span: Span, line: str, secrets: Iterable[Span], *, number: int) -> str:
    """Hide the characters of `line` that belong to a secret, whoever shows them."""
    for secret in sorted(secrets, reverse=True):
        if secret.path == span.path and secret.line <= number <= secret.end_line:
            start = secret.column - 1 if number == secret.line else 0
            end = secret.end_column - 1 if number == secret.end_line else len(line)
            line = line[:start] + MASK + line[end:]
    return line


def secret_spans(sourced: Sourced, findings: Iterable[Diagnostic]) -> tuple[Span, ...]:
    """Where literal secrets are written: the places of findings that say so, and, in a file that does not parse,
    whatever stands under a key where a secret belongs.
    """
    literals = [sourced.sources.span(found.place) for found in findings if found.rule == "secret-in-source"]
    for document in sourced.documents:
        if document.data is None:
            literals.extend(_guarded(document.path, document.text))
    return tuple(literals)


def _guarded(path: str, text: str) -> Iterator[Span]:
    """What follows `api_key:` on its line, and every line of a block under `secrets:`."""
    block: int | None = None
    for number, line in enumerate(text.split("\n"), 1):
        indent = len(line) - len(line.lstrip())
        if block is not None and line.strip() and indent <= block:
            block = None
        match = _SECRET_KEY.search(line)
        start = match.end() if match else None
        if block is not None and ":" in line:
            start = line.index(":") + 1
        if start is not None and line[start:].strip():
            first = start + len(line[start:]) - len(line[start:].lstrip())
            yield Span(path, number, first + 1, number, len(line) + 1)
        if match and match.group(1) == "secrets":
            block = indent


@dataclass(frozen=True)
class Printer:
    """Renders findings against the sources they speak of. Secret places are masked in every line that is shown."""

    sources: Sources
    secrets: tuple[Span, ...] = ()

    @classmethod
    def of(cls, sourced: Sourced, findings: Iterable[Diagnostic]) -> Printer:
        return cls(sourced.sources, secret_spans(sourced, findings))

    def render(self, found: Diagnostic) -> str:
        """Give one finding as text, ending without a line end; styled for a terminal."""
        colour = "red" if found.severity == "error" else "yellow"
        primary = self._mark(found.place, "^", found.note)
        marks = [primary, *(self._mark(label.place, "-", label.message) for label in found.labels)]
        width = max(len(str(mark.span.line)) for mark in marks)
        title = click.style(f"{found.severity}[{found.rule}]", fg=colour, bold=True)
        lines = [f"{title}{click.style(': ' + found.message, bold=True)}"]
        for index, path in enumerate(dict.fromkeys(mark.span.path for mark in marks)):
            group = [mark for mark in marks if mark.span.path == path]
            head = group[0].span
            arrow = _dim(f"{' ' * width}{'-->' if not index else ':::'}")
            lines.append(f"{arrow} {path}:{head.line}:{head.column}")
            if not index:
                lines.append(_dim(f"{' ' * width} |"))
            lines.extend(self._frame(group, width, colour))
        lines.extend(self._trailer(found, width))
        return "\n".join(lines)

    def _mark(self, place: Place, sign: Literal["^", "-"], text: str) -> _Mark:
        """A mark never tells how long a masked secret is."""
        span = self.sources.span(place)
        if span in self.secrets:
            span = replace(span, end_line=span.line, end_column=span.column + len(MASK))
        return _Mark(span, sign, text)

    def _frame(self, marks: list[_Mark], width: int, colour: str) -> Iterator[str]:
        path = marks[0].span.path
        text = self.sources.lines(path)
        previous = 0
        for number in sorted({mark.span.line for mark in marks}):
            if previous and number > previous + 1:
                yield _dim("...")
            previous = number
            raw = text[number - 1] if number <= len(text) else ""
            line = masked(marks[0].span, raw, self.secrets, number=number)
            here = [mark for mark in marks if mark.span.line == number]
            shown, shift = _crop(line, here[0].span.column - 1)
            yield f"{_dim(f'{number:>{width}} |')} {shown.expandtabs(4)}".rstrip()
            for mark in here:
                tint = colour if mark.sign == "^" else "blue"
                under = click.style(_underline(line, mark, shift), fg=tint, bold=True)
                yield f"{_dim(' ' * width + ' |')} {under}".rstrip()

    def _trailer(self, found: Diagnostic, width: int) -> Iterator[str]:
        edge = _dim(" " * width + " =")
        for note in found.notes:
            yield f"{edge} {note}"
        if found.help:
            first, *rest = found.help.split("\n")
            yield f"{edge} {click.style('help', bold=True)}: {first}"
            yield from (f"{' ' * width}         {line}" for line in rest)


def _underline(line: str, mark: _Mark, shift: int) -> str:
    start = mark.span.column - 1
    end = mark.span.end_column - 1 if mark.span.end_line == mark.span.line else max(len(line.rstrip()), start + 1)
    end = max(min(end, max(len(line), start + 1)), start + 1)
    lead = _width(line[max(shift, 0) : start]) + (1 if shift else 0)
    signs = mark.sign * max(1, _width(line[start:end].expandtabs(4)))
    return f"{' ' * lead}{signs[:_WIDEST]} {mark.text}".rstrip()


def _crop(line: str, column: int) -> tuple[str, int]:
    """Cut a line that no terminal shows to the part around `column`; the second value is what was cut before it."""
    if _width(line) <= _WIDEST:
        return line, 0
    start = max(0, column - _MARGIN)
    cut = line[start : start + _WIDEST]
    return ("…" if start else "") + cut + ("…" if start + _WIDEST < len(line) else ""), start


def _width(text: str) -> int:
    """Columns that a terminal gives to a text."""
    total = 0
    for character in text.expandtabs(4):
        if unicodedata.combining(character):
            continue
        total += 2 if unicodedata.east_asian_width(character) in "WF" else 1
    return total


def _dim(text: str) -> str:
    return click.style(text, fg="blue", bold=True)


def count(number: int, noun: str) -> str:
    """`1 workflow`, `3 workflows`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def summary(sourced: Sourced, found: list[Diagnostic]) -> str:
    """The last line of a check: what was looked at, and how it stands."""
    counts = sourced.counts()
    looked = f"{count(counts['workflows'], 'workflow')}, {count(counts['chains'], 'chain')}"
    errors = sum(one.severity == "error" for one in found)
    warnings = len(found) - errors
    if not found:
        return f"{click.style('clean', fg='green', bold=True)}: {looked}, nothing to complain about"
    parts = [count(errors, "error")] if errors else []
    parts += [count(warnings, "warning")] if warnings else []
    colour = "red" if errors else "yellow"
    return f"{click.style(', '.join(parts), fg=colour, bold=True)} in {looked}"
