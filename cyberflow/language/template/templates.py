"""Templates: `${{ }}` and blocks of Jinja2, sandboxed and strict. Every character of what they make knows where it was
written; jinja2 is imported only where there is a template.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Any

from cyberflow.diagnostics import Diagnostic, did_you_mean, fix_name, replace_text
from cyberflow.edits import Fix
from cyberflow.language.files import Files, meant_path
from cyberflow.language.prompt.html_tags import HOLE
from cyberflow.language.template.escapes import hide_escapes, restore_escapes
from cyberflow.language.template.values import SELF, TemplateFailure, to_json_value
from cyberflow.late import cached_property, dataclass, expression
from cyberflow.source import Piece, Place, Text, line_end

if TYPE_CHECKING:
    from cyberflow.language.template.environment import TemplateEnvironment

_MARK = expression("\ufdd0([0-9]+)\ufdd1")
_BLOCKS = ("if", "for", "set", "include", "import", "from", "macro", "call", "filter", "block", "extends", "raw")
_OPENER = expression(r"(?<!\\)(?:\$\{\{|\{%|\{#)")
_CLOSERS = {"${{": "}}", "{%": "%}", "{#": "#}"}
_INSIDE = r"(?:'(?:\\.|[^'\\])*+'|\"(?:\\.|[^\"\\])*+\"|[^'\"])"
_CLOSED = {opener: re.compile(rf"{_INSIDE}*?{re.escape(closer)}") for opener, closer in _CLOSERS.items()}
_CLOSED["{#"] = re.compile(r".*?#\}", re.DOTALL)
_ACCIDENTAL = expression(r"(?<!\\)\{#(?![\s+-]|cyberflow:)(.*?)#\}", re.DOTALL)
"""A comment that begins without a blank, as `{#123` and `{#main}` do."""


def has_expression(text: str) -> bool:
    return "${{" in text


@dataclass(frozen=True)
class TemplateScope:
    """What a template may name: the project's and the target's `vars`, and the target's name."""

    target: str
    vars: Mapping[str, Any]


@dataclass
class Templates:
    """Renders the texts of one project for one target, collecting what is wrong in `problems`."""

    files: Files
    scope: TemplateScope
    problems: list[Diagnostic] = field(default_factory=list)
    _marks: list[tuple[str, int, int | None]] = field(default_factory=list)
    _root: str = ""
    _reader: str = ""

    @cached_property
    def _environment(self) -> TemplateEnvironment:
        from cyberflow.language.template.environment import make_environment

        return make_environment(self._load, self._mark, self.image_html)

    def evaluate(self, text: Text) -> Any:
        """Evaluate a YAML string: one expression keeps its type, all else becomes a `Text`; None after a mistake."""
        self._environment.budget.renew()
        self._reader = text.pieces[0].place.path
        expression = self._environment.lone_expression(text.value)
        if expression is None:
            return self.render(text)
        try:
            return to_json_value(
                self._environment.compile_expression(expression, undefined_to_none=False)(**self._variables())
            )
        except Exception as error:  # noqa: BLE001 - an expression of the author may raise anything
            self._report(error, text)
            return None

    def render(self, text: Text) -> Text | None:
        """Render a whole text; None after a mistake, which is in `problems` then."""
        self._environment.budget.renew()
        self._reader = text.pieces[0].place.path
        try:
            self._root = hide_escapes(text.value)
            marked = self._environment.get_template(text.pieces[0].place.path + SELF).render(**self._variables())
        except Exception as error:  # noqa: BLE001 - a template of the author may raise anything
            self._report(error, text)
            return None
        self.problems += _accidental_comments(text)
        return _unmark(marked, self._marks, text)

    def image_html(self, path: str, alt: str, parent: str) -> str:
        found = self._find(path, Place(parent))
        if isinstance(found, Diagnostic):
            raise TemplateFailure(found.message, found.help, path, meant=meant_path(found))
        return f'<img src="/{found}" alt="{alt.replace(chr(34), "&quot;")}">'

    def _find(self, name: str, place: Place) -> str | Diagnostic:
        """A file that the text being rendered comes to, by itself or by what it includes."""
        found = self.files.find(name, place)
        if isinstance(found, Diagnostic):
            self.files.doubtful.add(self._reader)
        else:
            self.files.use(self._reader, found)
        return found

    def _variables(self) -> dict[str, Any]:
        return {"vars": self.scope.vars, "target": self.scope.target}

    def _mark(self, name: str, offset: int, width: int | None) -> str:
        self._marks.append((name, offset, width))
        return f"\ufdd0{len(self._marks) - 1}\ufdd1"

    def _load(self, name: str) -> str:
        """Give the source of a template; the text being rendered bears its path and `SELF`."""
        if name.endswith(SELF):
            return self._root
        found = self._find(name, Place(""))
        text = found if isinstance(found, Diagnostic) else self.files.read_text(found, Place(name))
        if isinstance(text, Diagnostic):
            failure = TemplateFailure(text.message, text.help, name.rsplit("/", 1)[-1])
            failure.meant = meant_path(text).rsplit("/", 1)[-1]
            failure.finding = text if text.rule == "merge-conflict" else None
            raise failure
        return hide_escapes(text)

    def _report(self, error: Exception, text: Text) -> None:
        if isinstance(error, TemplateFailure) and error.finding is not None:
            self.problems.append(error.finding)
            return
        fix = None
        name, offset = _locate_error(error, text.pieces[0].place.path + SELF)
        if name.endswith(SELF):
            source, place = text.value, text.place
        else:
            source = self.files.documents[name].text if name in self.files.documents else ""
            place = Text.of(source, Place(name)).place
        if type(error).__name__ == "TemplateSyntaxError" and (opener := _find_unclosed(source)):
            start, end = opener.span()
            message = f"`{opener[0]}` is never closed"
            help: str | None = f"close it with `{_CLOSERS[opener[0]]}`, or write `\\{opener[0]}` for the text itself"
        else:
            message, help, word = _explain_error(error)
            start, end = _find_open_block(source, help) or _narrow_to_word(source, offset, word)
            fix = _fix(place(start, end), error, word) if word == source[start:end] else None
        self.problems.append(Diagnostic("template-error", message, place(start, end), help=help, fix=fix))


def _fix(place: Place, error: Exception, word: str) -> Fix | None:
    """The name, or the path of a file, that was meant."""
    if not isinstance(error, TemplateFailure):
        return fix_name(place, word, _BLOCKS)
    return fix_name(place, word, error.known) or (replace_text(place, word, error.meant) if error.meant else None)


def _find_unclosed(source: str) -> re.Match[str] | None:
    """The first opener without its closer before another one, or before a paragraph ends."""
    at = 0
    while opener := _OPENER.search(source, at):
        closed = _CLOSED[opener[0]].match(source, opener.end())
        inside = closed[0] if closed and opener[0] != "{#" else ""
        if closed is None or "\n\n" in inside or _OPENER.search(inside):
            return opener
        at = closed.end()
    return None


def _accidental_comments(text: Text) -> Iterator[Diagnostic]:
    """Comments that hardly are meant as such: they begin with `{#word}`, or take a placeholder along."""
    for match in _ACCIDENTAL.finditer(text.value) if "{#" in text.value else ():
        if re.match(r"[\w-]*\}", match[1]) or HOLE.search(match[1]):
            place = text.place(*match.span())
            message = "the template takes this for a comment, and it is not sent"
            help = "write `\\{#` for the text itself"
            fix = replace_text(place, match[0], match[0].replace("{#", "\\{#"), safe=True)
            yield Diagnostic("lost-text", message, place, help=help, severity="warning", fix=fix)


def _unmark(marked: str, marks: list[tuple[str, int, int | None]], text: Text) -> Text:
    """Take the marks out and remember, for what follows each, where it came from."""
    value: list[str] = []
    pieces: list[Piece] = []
    length = 0
    parts = _MARK.split(marked)
    for index in range(0, len(parts), 2):
        part = parts[index]
        if not part:
            continue
        name, offset, width = marks[int(parts[index - 1])] if index else (SELF, 0, None)
        for shown, shift in restore_escapes(part):
            place = text.pieces[0].place if name.endswith(SELF) else Place(name)
            pieces.append(Piece(length, place, offset + (0 if width is not None else shift), width))
            value.append(shown)
            length += len(shown)
    return Text("".join(value), tuple(pieces) or (Piece(0, text.pieces[0].place, 0),))


def _explain_error(error: Exception) -> tuple[str, str | None, str | None]:
    if isinstance(error, TemplateFailure):
        return error.message, error.help, error.word
    name = type(error).__name__
    if name in ("TemplateSyntaxError", "TemplateAssertionError"):
        return _explain_syntax_error(str(getattr(error, "message", None) or error))
    if name == "RecursionError":
        return "templates include or call one another without end", "take one of them away", None
    if name in ("MemoryError", "OverflowError"):
        return "the template makes too much", "loop over less, and repeat less", None
    if name == "SecurityError":
        return "the template reaches for something that templates may not touch", None, None
    return f"the template fails: {error}", None, None


def _explain_syntax_error(said: str) -> tuple[str, str | None, str | None]:
    """What Jinja2 says of a template that does not parse, in our words where it says it often."""
    if block := re.search(r"innermost block that needs to be closed is '(\w+)'", said):
        return f"the block `{{% {block[1]} %}}` is never closed", f"end it with `{{% end{block[1]} %}}`", None
    if unknown := re.search(r"unknown tag '(\w+)'", said):
        word = unknown[1]
        if word.startswith("end") or word in ("else", "elif"):
            return f"`{{% {word} %}}` belongs to no block", "take it away, or begin the block before it", word
        return f"there is no block `{word}`", did_you_mean(word, _BLOCKS), word
    if named := re.search(r"No (filter|test) named '(\w+)'", said):
        return f"there is no {named[1]} `{named[2]}`", None, named[2]
    if "unexpected '}'" in said or "end of print statement" in said:
        return "this expression is not closed by `}}`, or holds more than one value", "write `${{ vars.name }}`", None
    return f"the template does not parse: {said.rstrip('.')}", None, None


def _locate_error(error: Exception, root: str) -> tuple[str, int]:
    """The template and the place in it where it went wrong: a syntax error says so, else the last frame inside a
    template. What Jinja2 takes for lines are places, counted from 1.
    """
    line = getattr(error, "lineno", None)
    if isinstance(line, int):
        return str(getattr(error, "name", None) or root), line - 1
    name, line, trace = root, 1, error.__traceback__
    while trace is not None:
        if (
            "__jinja_template__" in trace.tb_frame.f_globals
            or trace.tb_frame.f_code.co_name == "top-level template code"
        ):
            name, line = trace.tb_frame.f_code.co_filename, trace.tb_lineno
        trace = trace.tb_next
    return (name if name.endswith(SELF) or "<" not in name else root), line - 1


def _find_open_block(source: str, help: str | None) -> tuple[int, int] | None:
    """The block that the help says to end: the last one of its kind that is open."""
    ending = re.match(r"end it with `\{% end(\w+) %\}`", help or "")
    if ending is None:
        return None
    open_: list[tuple[int, int]] = []
    for match in re.finditer(rf"\{{%[-+]?\s*(end)?{ending[1]}\b[^%]*%\}}", source):
        if match[1]:
            open_ = open_[:-1]
        else:
            open_.append(match.span())
    return open_[-1] if open_ else None


def _narrow_to_word(source: str, offset: int, word: str | None) -> tuple[int, int]:
    """The word that is at fault in the tag at an offset, or the whole tag."""
    start, end = _find_tag(source, offset)
    named = re.compile(rf"(?<!\w){re.escape(word)}(?!\w)") if word else None
    if named and (found := named.search(source, max(start, offset), end) or named.search(source, start, end)):
        return found.span()
    return start, end


def _find_tag(source: str, offset: int) -> tuple[int, int]:
    """The tag around an offset, else the next one of its line, else the line."""
    line_start, end = source.rfind("\n", 0, offset) + 1, line_end(source, offset)
    for opener in _OPENER.finditer(source, 0, end):
        closed = _CLOSED[opener[0]].match(source, opener.end())
        if opener[0] != "{#" and (closed.end() if closed else end) > offset:
            return opener.start(), closed.end() if closed else end
    shown = source[line_start:end]
    return line_start + len(shown) - len(shown.lstrip()), max(line_start + 1, line_start + len(shown.rstrip()))
