"""Fixes of files that are not YAML: an escape that is none, a text that wants quotes, a bracket that nobody closed."""

from __future__ import annotations

import re

from cyberflow.diagnostics import replace_text
from cyberflow.edits import Fix
from cyberflow.language.characters import INVISIBLE
from cyberflow.late import expression
from cyberflow.source import Place

_VALUE = expression(r"(\s*(?:- +)*(?:[\w$?./-]+:[ ]+)?)([^\s'\"|>{\[#].*?)(?:[ ]+#.*)?$")
"""A line with a key, an item or both, and a plain text behind it."""
_WORD = expression(r"[^\s\"]*")


def double_backslashes(text: str, at: int, path: str) -> Fix | None:
    """The backslashes of a word in double quotes, each of which was meant as one."""
    start = max(text.rfind(sign, 0, at) for sign in ' "\t\n') + 1
    word = _WORD.match(text, start)
    if word is None or "\\\\" in word[0]:
        return None
    return replace_text(_at(path, start, word.end()), word[0], word[0].replace("\\", "\\\\"), safe=True)


def quote_value(text: str, at: int, path: str) -> Fix | None:
    """The plain text that stands alone on its line behind a key, in quotes."""
    start = text.rfind("\n", 0, at) + 1
    line = text[start : text.find("\n", at) if "\n" in text[at:] else len(text)]
    found = _VALUE.fullmatch(line)
    if found is None or not found[1].strip():
        return None
    quoted = "'" + found[2].replace("'", "''") + "'"
    return replace_text(_at(path, start + found.start(2), start + found.end(2)), found[2], quoted)


def close_bracket(text: str, at: int, closing: str, path: str) -> Fix:
    """The bracket that is missing, behind what stands before an offset."""
    end = len(text[:at].rstrip())
    return Fix(f"put `{closing}` at the end", replace_text(_at(path, end, end), "", closing).edits)


def show_blanks(text: str, at: int, path: str) -> Fix | None:
    """Plain spaces for blanks that YAML does not know, and nothing for what has no width."""
    run = re.compile(f"(?:{INVISIBLE.pattern})+").match(text, at)
    if run is None:
        return None
    blanks = "".join(" " for sign in run[0] if sign.isspace())
    return Fix("write plain spaces", replace_text(_at(path, *run.span()), run[0], blanks).edits, safe=True)


def insert(text: str, at: int, path: str) -> Fix:
    """A text before an offset."""
    return Fix(f"put `{text}` there", replace_text(_at(path, at, at), "", text).edits)


def _at(path: str, start: int, end: int) -> Place:
    return Place(path, (), "value", (start, end))
