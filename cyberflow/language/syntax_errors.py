"""What a YAML parser complains about, said for the person who wrote the file: the bracket or quote that was never
closed, and when quoting would help.
"""

from __future__ import annotations

import re
from typing import Any

from cyberflow.diagnostics import Diagnostic
from cyberflow.source import Place

_SAID = re.compile(r"[^\n]*")


def explain(error: Any, text: str, path: str) -> Diagnostic:
    """Turn the parser's exception (a marked one of PyYAML, or its reader's) into one `yaml-syntax` finding."""
    problem = str(getattr(error, "problem", None) or getattr(error, "reason", None) or error)
    context = str(getattr(error, "context", None) or "")
    at = _offset(getattr(error, "problem_mark", None), text)
    opened = _offset(getattr(error, "context_mark", None), text)
    if at is None:
        at = int(getattr(error, "position", 0) or 0)
    if opened is not None and ("flow" in context or "quoted" in context):
        return _unclosed(text, path, opened, at, quoted="quoted" in context)
    message, note, help = _say(problem, context, text, at)
    return Diagnostic("yaml-syntax", message, _place(path, at, at + 1), note=note, help=help)


def _unclosed(text: str, path: str, opened: int, at: int, *, quoted: bool) -> Diagnostic:
    mark = text[opened : opened + 1]
    line = text.count("\n", 0, at) + 1
    if quoted:
        message, note = f"this quote is never closed: {mark}", "opened here"
        help = f"close it with {mark}, or double it inside the text" if mark == "'" else f"close it with {mark}"
        return Diagnostic("yaml-syntax", message, _place(path, opened, opened + 1), note=note, help=help)
    closing = {"[": "]", "{": "}"}.get(mark, "")
    found = text[at : at + 1]
    message = f"`{mark}` is not closed by `{closing}`"
    shown = (
        "the file ends" if at >= len(text.rstrip()) else f"line {line} goes on with `{found.strip() or 'a new line'}`"
    )
    help = (
        f"add `{closing}`, a comma, or quotes around a text that holds `{found}`"
        if found.strip()
        else f"add `{closing}`"
    )
    return Diagnostic("yaml-syntax", message, _place(path, opened, opened + 1), note=f"opened here, {shown}", help=help)


def _say(problem: str, context: str, text: str, at: int) -> tuple[str, str, str | None]:
    line = _line(text, at)
    if "mapping values are not allowed" in problem:
        return "a second `: ` on one line", "read as the start of a mapping", "quote the text that holds `: `"
    if "cannot start any token" in problem:
        if text[at : at + 1] == "\t":
            return "a tab cannot indent", "", "indent with spaces"
        return f"no value can begin with `{text[at : at + 1]}`", "", "quote the text"
    if "undefined alias" in problem:
        name = text[at:].split(maxsplit=1)[0] if text[at:].split() else "*"
        return f"`{name}` names no anchor", "", "quote a text that begins with `*`, or define the anchor with `&`"
    if "another document" in problem or "single document" in context:
        return "a second document begins here", "", "one document per file: move it into a file of its own"
    if "could not find expected ':'" in problem or "could not find expected ':'" in context:
        return (
            "this line is neither `key: value` nor a list item",
            "",
            "add `:` after a key; indent a text under its `|`",
        )
    if "block collection" in context or "block mapping" in context:
        if line.lstrip().startswith("- "):
            return "a list item where a key is expected", "", "line it up with its list"
        return "this line is not indented like its neighbours", "", "line it up with the keys of its mapping"
    if "special characters are not allowed" in problem or "control characters" in problem:
        return "a control character that YAML does not allow", "", "write it as an escape inside double quotes"
    return problem, context, None


def _line(text: str, at: int) -> str:
    start = text.rfind("\n", 0, at) + 1
    match = _SAID.match(text, start)
    return match.group() if match else ""


def _offset(mark: Any, text: str) -> int | None:
    if mark is None:
        return None
    lines = text.split("\n")
    offset: int = sum(len(line) + 1 for line in lines[: mark.line]) + mark.column
    return min(offset, len(text))


def _place(path: str, start: int, end: int) -> Place:
    return Place(path, (), "value", (start, end))
