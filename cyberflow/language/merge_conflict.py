"""The markers that git leaves in a file whose merge was never finished."""

from __future__ import annotations

import re

from cyberflow.diagnostics import Diagnostic
from cyberflow.late import expression
from cyberflow.source import Place

_START = expression(r"^([ \t]*)<{7}( [^\n]*\S)?[ \t]*$", re.MULTILINE)
_FENCE = expression(r"[ \t]*(`{3,}|~{3,})[^\n]*")


def find_conflict(text: str, path: str) -> Diagnostic | None:
    """The first conflict in a file. Headings underlined with `=======`, quotes of quotes and an example that fills a
    code block are none.
    """
    if "<<<<<<<" not in text:
        return None
    for start in _START.finditer(text):
        marker = re.escape(start[1])
        middle = re.compile(rf"^{marker}={{7}}$", re.MULTILINE).search(text, start.end())
        end = re.compile(rf"^{marker}>{{7}}( [^\n]*\S)?[ \t]*$", re.MULTILINE).search(text, start.end())
        is_whole = middle is not None and end is not None and middle.start() < end.start()
        is_half = not start[1] and bool(start[2]) and (middle is not None or (end is not None and bool(end[1])))
        if not (is_whole or is_half):
            continue
        if end is not None and _fills_code_block(text, start.start(), end.end()):
            continue
        place = Place(path).within(start.start() + len(start[1]), start.end())
        help = "finish the merge: keep one side, or join both, and take the three lines of markers away"
        return Diagnostic("merge-conflict", "a merge is not finished here", place, note="a marker of git", help=help)
    return None


def _fills_code_block(text: str, start: int, end: int) -> bool:
    """Whether the lines from one offset to another are all that stands between two fences."""
    before = text[:start].rstrip("\n").rpartition("\n")[2]
    after = text[end:].lstrip("\n").partition("\n")[0]
    opened, closed = _FENCE.fullmatch(before), _FENCE.fullmatch(after)
    return opened is not None and closed is not None and closed[1].startswith(opened[1])
