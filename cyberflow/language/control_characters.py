"""Control characters that an escape made where a backslash was meant."""

from __future__ import annotations

import re

from cyberflow.diagnostics import Diagnostic
from cyberflow.source import Document, Place

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_ESCAPES = {"\0": "\\0", "\a": "\\a", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\v": "\\v", "\f": "\\f", "\r": "\\r"}
_NAMES = {
    "\t": "a tab",
    "\n": "a line end",
    "\r": "a carriage return",
    "\b": "a backspace",
    "\x1b": "the control character ESC",
}
_NAMES |= {"\a": "a bell", "\0": "a null character", "\f": "a form feed", "\v": "a vertical tab", "\x85": "a line end"}


def find_escaped_control(text: str, place: Place, document: Document) -> int | None:
    """Where the first control character stands in a text that was written at `place` as an escape."""
    for found in _CONTROL.finditer(text):
        span = document.span(place.within(found.start(), found.end()))
        line = document.text.split("\n")[span.line - 1]
        if line.startswith("\\", span.column - 1):
            return found.start()
    return None


def report_control(text: str, place: Place, at: int) -> Diagnostic:
    """Say which control character stands in a text, and how to write the backslash that was meant."""
    made = text[at]
    shown = _NAMES.get(made, f"the control character U+{ord(made):04X}")
    escape = _ESCAPES.get(made, "the backslash")
    help = "a backslash in double quotes begins an escape: write the text in single quotes, or `/` in a path"
    message = f"`{escape}` makes {shown} here" if made in _ESCAPES else f"this makes {shown}"
    return Diagnostic("control-character", message, place.within(at, at + 1), help=help)
