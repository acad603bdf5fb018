"""What a YAML parser complains about, said for the person who wrote the file: the bracket or quote that was never
closed, and when quoting would help. No text of the file is repeated but keys and single characters: it may be a secret.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cyberflow.diagnostics import Diagnostic
from cyberflow.edits import Fix
from cyberflow.language.characters import INVISIBLE, describe_character
from cyberflow.language.yaml.forbidden import FORBIDDEN
from cyberflow.language.yaml.syntax_fixes import close_bracket, double_backslashes, insert, quote_value, show_blanks
from cyberflow.late import dataclass, expression
from cyberflow.source import LineIndex, Place

_WORD = expression(r"[*&]?[\w-]+|\.\.\.")
_KEY = expression(r"\s*(?:- +)*[\w-]+\s*$")
_CRAMPED = expression(r"\s*(?:- +)*([\w-]+):(?=\S)")
_CLOSING = {"[": "]", "{": "}"}
_OTHER_LINE_ENDS = ("\x85", "\u2028", "\u2029")
_QUOTE_HELP = {
    "'": "inside single quotes write `''` for `'`, or put the text in double quotes",
    '"': 'inside double quotes write `\\"` for `"`, or put the text in single quotes',
}
_FARTHEST = 100_000


@dataclass(frozen=True)
class _Explanation:
    """One finding, before it has a path."""

    start: int
    message: str
    help: str | None = None
    note: str = ""
    end: int | None = None
    fix: Fix | None = None


@dataclass(frozen=True)
class _ParserError:
    """What the parser said, in either of its two implementations, and where."""

    lines: LineIndex
    problem: str
    context: str
    at: int
    opened: int | None

    @property
    def text(self) -> str:
        return self.lines.text

    @property
    def here(self) -> str:
        return self.text[self.at : self.at + 1]

    @property
    def before(self) -> str:
        """What stands on the line before the place."""
        return self.text[self.text.rfind("\n", 0, self.at) + 1 : self.at]

    def line(self, offset: int) -> int:
        return self.lines.number(offset)


def explain_yaml_error(error: Any, text: str, path: str) -> Diagnostic:
    """Turn the parser's exception (a marked one of PyYAML, or its reader's) into one `yaml-syntax` finding."""
    lines = LineIndex(path, text)
    at = _offset(getattr(error, "problem_mark", None), lines)
    complaint = _ParserError(
        lines,
        str(getattr(error, "problem", None) or getattr(error, "reason", None) or error),
        str(getattr(error, "context", None) or ""),
        _first_forbidden(text) if at is None else at,
        _offset(getattr(error, "context_mark", None), lines),
    )
    said = next(_explanations(complaint))
    word = _WORD.match(text, said.start)
    end = said.end or max(word.end() if word else 0, said.start + 1)
    place = Place(path, (), "value", (said.start, end))
    return Diagnostic("yaml-syntax", said.message, place, note=said.note, help=said.help, fix=said.fix)


def _explanations(of: _ParserError) -> Iterator[_Explanation]:
    """Every way to understand a complaint, the best first."""
    yield from _explain_invisible(of)
    yield from _explain_quotes(of)
    yield from _explain_brackets(of)
    yield from _explain_aliases(of)
    yield from _explain_line_ends(of)
    yield from _explain_lines(of)
    yield from _explain_starts(of)
    yield _Explanation(of.at, "the file cannot be read from here on", note=f"the parser says: {of.problem}")


def _explain_invisible(of: _ParserError) -> Iterator[_Explanation]:
    """A character that nobody sees before the first word of the line, or just where the parser stopped."""
    for number in (of.line(of.at), of.line(of.at) - 1):
        start, end = of.lines.range(number)
        line = of.text[start:end]
        at = len(line) - len(line.lstrip(" \t"))
        if number >= 1 and at < len(line) and INVISIBLE.match(line[at]):
            message = f"{describe_character(line[at])} indents this line"
            fix = show_blanks(of.text, start + at, of.lines.path)
            yield _Explanation(start + at, message, "indent with plain spaces", end=start + at + 1, fix=fix)
    for at in (of.at, of.at - 1):
        if at == of.at or of.text[at : at + 1] in _OTHER_LINE_ENDS:
            sign = of.text[at : at + 1]
            if sign == "\x85" or INVISIBLE.match(sign):
                message = f"{describe_character(sign)} stands here"
                yield _Explanation(at, message, "take it away, or write a plain space", end=at + 1)


def _explain_quotes(of: _ParserError) -> Iterator[_Explanation]:
    if "quoted" not in of.context:
        return
    if "escape" in of.problem or "hex" in of.problem:
        help = "in double quotes write `\\\\` for a backslash, or use single quotes"
        start = of.text.rfind("\\", 0, of.at + 1)
        if start >= 0:
            fix = double_backslashes(of.text, start, of.lines.path)
            yield _Explanation(start, "a backslash that begins no escape", help, end=start + 2, fix=fix)
    if of.opened is not None:
        mark = of.text[of.opened : of.opened + 1]
        help = f"close it with `{mark}`" + (", or double it inside the text" if mark == "'" else "")
        yield _Explanation(of.opened, "this quote is never closed", help)


def _explain_brackets(of: _ParserError) -> Iterator[_Explanation]:
    if "flow" in of.context and of.here.isalnum() and of.before.endswith(tuple(_QUOTE_HELP)):
        fix = insert("'" if of.before[-1] == "'" else "\\", of.at - 1, of.lines.path)
        yield _Explanation(of.at - 1, "this quote ends the text", _QUOTE_HELP[of.before[-1]], end=of.at, fix=fix)
    if "flow" not in of.context:
        if of.here in ("]", "}"):
            yield _Explanation(of.at, f"`{of.here}` closes nothing", "take it away, or quote a text that holds it")
        return
    opened = of.opened if of.opened is not None and of.text[of.opened : of.opened + 1] in _CLOSING else None
    opened = _last_open_bracket(of.text, of.at) if opened is None else opened
    if of.here == "," and of.text[: of.at].rstrip()[-1:] in (",", "[", "{"):
        yield _Explanation(of.at, "a comma with nothing before it", "take it away")
    if opened is None:
        return
    closing = _CLOSING[of.text[opened]]
    message = f"`{of.text[opened]}` is not closed by `{closing}`"
    if of.at >= len(of.text.rstrip()):
        fix = close_bracket(of.text, len(of.text), closing, of.lines.path)
        yield _Explanation(opened, message, f"add `{closing}`", "the file ends before that", fix=fix)
    elsewhere = of.line(of.at) > of.line(opened)
    if of.here == ":" and elsewhere and _KEY.match(of.before):
        key = of.before.strip().split()[-1]
        fix = close_bracket(of.text, of.at - len(of.before), closing, of.lines.path)
        note = f"line {of.line(of.at)} begins the key `{key}`"
        yield _Explanation(opened, message, f"add `{closing}`", note, fix=fix)
    if of.here == ":" and not elsewhere:
        yield _Explanation(of.at, "a second `: ` inside `{ }`", "quote the text that holds `: `", "read as another key")
    found = of.here.strip()
    help = f"add `{closing}`, a comma, or quotes around a text that holds `{found}`" if found else f"add `{closing}`"
    yield _Explanation(opened, message, help, f"line {of.line(of.at)} goes on" + (f" with `{found}`" if found else ""))


def _explain_aliases(of: _ParserError) -> Iterator[_Explanation]:
    if "undefined alias" in of.problem:
        start = of.at - (of.here != "*")
        end = _WORD.match(of.text, start)
        help = "quote a text that begins with `*`, or define the anchor with `&`"
        yield _Explanation(start, "this alias names no anchor", help, end=end.end() if end else None)
    if "duplicate anchor" in of.context:
        end = _WORD.match(of.text, of.at)
        message = f"the anchor `{of.text[of.at : end.end() if end else None]}` is given twice"
        yield _Explanation(of.at, message, "give one of the two another name", end=end.end() if end else None)
    for sign, kind in (("*", "an alias"), ("&", "an anchor")):
        if kind in of.context:
            start = of.text.rfind(sign, 0, of.at + 1)
            start = start - 1 if of.text[start - 1 : start] == sign else max(start, 0)
            yield _Explanation(
                start,
                f"no text can begin with `{sign}`",
                "quote the text, or put it below a `|`",
                f"read as {kind}",
                fix=quote_value(of.text, start, of.lines.path),
            )


def _explain_line_ends(of: _ParserError) -> Iterator[_Explanation]:
    """Characters that nobody sees and that end a line all the same."""
    place = of.at if of.opened is None else of.opened
    if (start := max(of.text.rfind(sign, 0, place) for sign in _OTHER_LINE_ENDS)) > of.text.rfind("\n", 0, place):
        help = "write a space; in double quotes it may stay"
        yield _Explanation(start, f"{describe_character(of.text[start])} ends the line here", help, end=start + 1)


def _explain_lines(of: _ParserError) -> Iterator[_Explanation]:
    if "mapping values are not allowed" in of.problem:
        yield _explain_second_colon(of)
    if "expected ':'" in of.problem or "expected ':'" in of.context:
        help = "add `:` after a key; indent a text under its `|`"
        place = of.at if of.opened is None else of.opened
        yield _Explanation(place, "this line is neither `key: value` nor a list item", help)
    if of.here == "\t" and not of.before.strip():
        yield _Explanation(of.at, "a tab cannot indent", "indent with spaces")
    if "another document" in of.problem or "single document" in of.context or "document start" in of.problem:
        yield _Explanation(
            of.at,
            "a second document begins here",
            "one document per file: move it into a file of its own",
            end=of.at + 3,
        )
    if "entries are not allowed" in of.problem:
        help = "put each item on a line of its own below the key, or write `[a, b]`"
        yield _Explanation(of.at, "a list cannot begin on the line of its key", help)
    if "block collection" in of.context or "block mapping" in of.context:
        if of.before.strip():
            help = "quote the whole text"
            if of.before.endswith(("'", '"')):
                help = _QUOTE_HELP[of.before[-1]]
            yield _Explanation(of.at, "the value ends before this", help)
        if of.here == "-":
            yield _Explanation(of.at, "a list item where a key is expected", "line it up with its list")
        yield _Explanation(
            of.at, "this line is not indented like its neighbours", "line it up with the keys of its mapping"
        )


def _explain_second_colon(of: _ParserError) -> _Explanation:
    if not _KEY.match(of.before):
        help, note = "quote the text that holds `: `", "read as the start of a mapping"
        fix = quote_value(of.text, of.at, of.lines.path)
        return _Explanation(of.at, "a second `: ` on one line", help, note, fix=fix)
    start = of.at - len(of.before.lstrip())
    above = of.text[:start].rstrip().rpartition("\n")[2]
    if cramped := _CRAMPED.match(above):
        end = of.text[:start].rstrip()
        offset = len(end) - len(above) + cramped.end() - 1
        fix = insert(" ", offset + 1, of.lines.path)
        return _Explanation(offset, "a `:` without a blank after it", f"write `{cramped[1]}: …`", fix=fix)
    help = "line it up with the key above, or put a text of several lines below a `|`"
    return _Explanation(start, "a key inside the text of the line above", help, "indented deeper than that line's key")


def _explain_starts(of: _ParserError) -> Iterator[_Explanation]:
    if "mapping keys" in of.problem:
        yield _Explanation(of.at, "no text can begin with `?`", "quote the text", "read as the start of a key")
    if of.before[:1] == "%" or (of.here == "%" and not of.before) or "directive" in of.context:
        help = "take the line away, or quote a text that begins with `%`"
        yield _Explanation(of.at - len(of.before), "a directive that cannot be read", help)
    if "tag" in of.context or "tag handle" in of.problem:
        start = of.at if of.opened is None else of.opened
        yield _Explanation(start, "a tag that cannot be read", "quote a text that begins with `!`", end=start + 1)
    if "node content" in of.problem:
        yield _Explanation(of.at, "a value is missing here", "write one, or take the line away")
    if "cannot start any token" in of.problem:
        shown = "a backtick" if of.here == "`" else f"`{of.here}`"
        yield _Explanation(
            of.at,
            f"no text can begin with {shown}",
            "quote the text, or put it below a `|`",
            end=of.at + 1,
            fix=quote_value(of.text, of.at, of.lines.path),
        )
    if "block scalar" in of.context:
        yield _Explanation(
            of.at, "a text in `|` or `>` begins on the next line", "move it there, indented deeper than its key"
        )
    if "not allowed" in of.problem and "character" in of.problem:
        help = "write it as an escape inside double quotes"
        yield _Explanation(of.at, "a control character that YAML does not allow", help, end=of.at + 1)


def _last_open_bracket(text: str, at: int) -> int | None:
    """The bracket before an offset that nothing closes; quotes are not looked at."""
    depth = 0
    for index in range(min(at, len(text)) - 1, max(0, at - _FARTHEST) - 1, -1):
        if text[index] in "]}":
            depth += 1
        elif text[index] in _CLOSING:
            if not depth:
                return index
            depth -= 1
    return None


def _first_forbidden(text: str) -> int:
    """Where a character stands that YAML does not take; libyaml counts bytes up to it."""
    found = FORBIDDEN.search(text, 1 if text.startswith("\ufeff") else 0)
    return found.start() if found else 0


def _offset(mark: Any, lines: LineIndex) -> int | None:
    return None if mark is None else min(mark.index, len(lines.text))
