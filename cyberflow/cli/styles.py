"""Styles of our own words, in marks that nothing from outside can hold: a stream turns them into colours or drops them,
and shows every other control character escaped.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable

from cyberflow.late import expression

_NONCE = os.urandom(8).hex()
_MARK = expression(rf"\x00{_NONCE}:([0-9;]*)\x00")
_COLOURS = {
    name: 30 + number
    for number, name in enumerate(("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"))
}
_CI_COMMAND = expression(r"^([ \t]*)(::(?=[A-Za-z])|##\[|##vso\[)", re.MULTILINE)
_UNSAFE = expression("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What moves a cursor, ends a line elsewhere, turns text around, or cannot be written: all but tab and line end."""


def style(text: str, *, fg: str | None = None, bold: bool = False, dim: bool = False) -> str:
    """Give a text a colour and weight where there are any."""
    codes = [*(["1"] if bold else []), *(["2"] if dim else []), *([str(_COLOURS[fg])] if fg else [])]
    return f"{_mark(';'.join(codes))}{text}{_mark('0')}" if codes else text


def unstyle(text: str) -> str:
    """A text without its marks."""
    return _MARK.sub("", text)


def one_line(text: str) -> str:
    """A text from outside that stays in its line: line ends and tabs are escaped too."""
    return escape(text).replace("\n", "\\n").replace("\t", "\\t")


def indent_lines(text: str, margin: str) -> str:
    """A text from outside that may have several lines: those after the first stand behind a margin."""
    return escape(text).replace("\n", f"\n{margin}")


def escape(text: str) -> str:
    """Every control, escape and bidi character as JSON writes it, so that JSON stays what it is."""
    return _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def to_terminal(text: str, *, colours: bool, mask: Callable[[str], str] = str) -> str:
    """Marks as colours or nothing; all else masked and escaped."""
    parts = _MARK.split(text)
    shown = [escape(mask(part)) if index % 2 == 0 else f"\x1b[{part}m" * colours for index, part in enumerate(parts)]
    return "".join(shown)


def escape_ci_commands(text: str, *, at_start: bool) -> str:
    """A text no line of which a CI takes for a command: the first sign of one is escaped. `at_start` says whether the
    text begins a line.
    """

    def replace(match: re.Match[str]) -> str:
        own = at_start or match.start()
        return f"{match[1]}\\u{ord(match[2][0]):04x}{match[2][1:]}" if own else match[0]

    return _CI_COMMAND.sub(replace, text)


def to_segments(text: str) -> list[str]:
    """A text to be kept: plain at even places, the codes of a mark at odd ones."""
    return _MARK.split(text)


def from_segments(segments: list[str]) -> str:
    """A text that was kept."""
    return "".join(part if index % 2 == 0 else _mark(part) for index, part in enumerate(segments))


def _mark(codes: str) -> str:
    return f"\x00{_NONCE}:{codes}\x00"
