"""Suppressions: comments that silence findings, `# cyberflow: ignore[rule] reason` in YAML and Python, the same between
`{#` and `#}` in prompts. Each must say why, and one that silences nothing is itself a finding.
"""

from __future__ import annotations

import re
import sys
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import field
from typing import Any

from cyberflow.diagnostics import Diagnostic, did_you_mean, fix_name
from cyberflow.edits import Fix, Removal
from cyberflow.language.python.reading.document import PythonDocument
from cyberflow.language.yaml.document import YamlDocument
from cyberflow.late import dataclass, expression
from cyberflow.source import Document, LineIndex, Place, Route, Sources

_MENTION = "cyberflow:"
_HASH = expression(r"(?:^|(?<=[ \t]))#[ \t]*cyberflow:[ \t]*(?P<said>[^\n]*)", re.MULTILINE)
_BRACES = expression(r"\{#-?[ \t]*cyberflow:[ \t]*(?P<said>[^\n]*?)[ \t]*[-+]?#\}")
_SAID = expression(r"ignore\[(?P<rules>[^\]\n]*)\](?P<reason>.*)")
_PROMPT = expression(r"[ \t]*(?:- +)?[\"']?(?:prompt|on_check_failure|check_prompt)[\"']?[ \t]*:")
_ONLY_COMMENT = expression(r"[ \t]*(?:#.*|\{#.*#\}[ \t]*)?")


@dataclass(frozen=True)
class Suppression:
    """One comment: the rules it names, the reason, and the lines of its file that it covers."""

    place: Place
    tail: str
    """From what is said to the end of the comment."""
    rules: tuple[str, ...]
    reason: str
    first: int
    last: int
    files: frozenset[str] = frozenset()
    """Prompt files that it covers as a whole."""

    def place_of(self, rule: str) -> Place:
        """Where the comment names a rule."""
        _, end = self.place.range or (0, 0)
        at = end - len(self.tail) + self.tail.index(rule)
        return self.place.within(at, at + len(rule))


@dataclass
class Suppressions:
    """The comments of a project, and which of them have silenced something."""

    sources: Sources
    comments: list[Suppression]
    _used: set[tuple[Suppression, str]] = field(default_factory=set)

    def filter(self, found: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
        """Findings that no comment silences."""
        if not self.comments:
            yield from found
            return
        near = self._index()
        for one in found:
            span = self.sources.span(one.place)
            here = [*near.get((span.path, one.rule, span.line), ()), *near.get((span.path, one.rule, None), ())]
            self._used |= {(ignore, one.rule) for ignore in here}
            if not here:
                yield one

    def check_comments(self, rules: Collection[str], unasked: Collection[str] = ()) -> Iterator[Diagnostic]:
        """What is wrong with the comments themselves, once everything was silenced that can be; of the rules that were
        not asked nobody knows.
        """
        for ignore in self.comments:
            yield from _check_comment(ignore, {*self._used, *((ignore, rule) for rule in unasked)}, rules)

    def _index(self) -> dict[tuple[str, str, int | None], list[Suppression]]:
        """The comments that count, by the path, the rule and the line they cover; None stands for every line."""
        found: dict[tuple[str, str, int | None], list[Suppression]] = {}
        for ignore in self.comments:
            for rule in ignore.rules if ignore.reason else ():
                for path in ignore.files:
                    found.setdefault((path, rule, None), []).append(ignore)
                for line in range(ignore.first, ignore.last + 1) if ignore.place.path not in ignore.files else ():
                    found.setdefault((ignore.place.path, rule, line), []).append(ignore)
        return found


def _check_comment(
    ignore: Suppression, used: set[tuple[Suppression, str]], rules: Collection[str]
) -> Iterator[Diagnostic]:
    def warn(message: str, help: str | None, fix: Fix | None = None) -> Diagnostic:
        return Diagnostic("unused-ignore", message, ignore.place, help=help, severity="warning", fix=fix)

    if not ignore.rules:
        yield warn("this comment is not understood", "write `cyberflow: ignore[RULE] REASON`")
    elif not ignore.reason:
        yield warn("this comment gives no reason, and silences nothing", "say why after the `]`")
    else:
        for rule in ignore.rules:
            if rule not in rules:
                fix = fix_name(ignore.place_of(rule), rule, rules)
                yield warn(f"there is no rule `{rule}`", did_you_mean(rule, rules), fix)
            elif (ignore, rule) not in used:
                lone = Fix("take the comment away", (Removal(ignore.place),), safe=True)
                fix = lone if len(ignore.rules) == 1 else None
                yield warn(f"no finding of `{rule}` to silence here", "take the comment away", fix)


def comments_of(document: Document, prompts: Mapping[str, Mapping[Route, Collection[str]]]) -> Iterator[Suppression]:
    """The comments of one file. `prompts` are, by path, the files that the text of each prompt comes from."""
    text = document.text
    if _MENTION not in text:
        return
    matches = [*_BRACES.finditer(text)]
    if isinstance(document, YamlDocument | PythonDocument):
        texts = sorted(_string_spans(document))
        matches += [match for match in _HASH.finditer(text) if not _is_inside(match.start(), texts)]
    if not matches:
        return
    reader = _CommentReader(document, _PromptLines.of(document, prompts.get(document.path, {})))
    yield from (reader.read(match) for match in sorted(matches, key=lambda one: one.start()))


def _is_inside(offset: int, texts: list[tuple[int, int]]) -> bool:
    """Whether an offset is in one of the texts of a file, which lie one behind the other."""
    index = bisect_right(texts, (offset, sys.maxsize)) - 1
    return index >= 0 and offset < texts[index][1]


@dataclass(frozen=True)
class _PromptLines:
    """The prompts of one document by the line they begin on: their last lines, and the files of their texts."""

    by_line: Mapping[int, list[tuple[int, frozenset[str]]]]

    @classmethod
    def of(cls, document: Document, prompts: Mapping[Route, Collection[str]]) -> _PromptLines:
        found: dict[int, list[tuple[int, frozenset[str]]]] = {}
        for route, files in prompts.items():
            place = Place(document.path, route)
            first, last = document.span(place.at_key()).line, document.span(place).end_line
            found.setdefault(first, []).append((last, frozenset(files) - {document.path}))
        return cls(found)


class _CommentReader:
    """Reads the comments of one document."""

    def __init__(self, document: Document, prompts: _PromptLines) -> None:
        self._document = document
        self._prompts = prompts
        self._lines = document.text.split("\n")
        self._numbers = LineIndex(document.path, document.text)
        self._below = 0
        """The line below the comments that were read last."""

    def read(self, match: re.Match[str]) -> Suppression:
        lines, files = self._lines, frozenset[str]()
        first = last = self._numbers.number(match.start())
        if _ONLY_COMMENT.fullmatch(lines[first - 1]):
            while self._below <= last or (
                self._below <= len(lines) and _ONLY_COMMENT.fullmatch(lines[self._below - 1])
            ):
                self._below += 1
            last = self._below
        if last <= len(lines) and _begins_prompt(self._document, lines[last - 1]):
            for end, of in self._prompts.by_line.get(last, ()):
                last, files = max(last, end), files | of
        said = _SAID.match(match["said"])
        names = tuple(name.strip() for name in said["rules"].split(",") if name.strip()) if said else ()
        reason = said["reason"].strip() if said else ""
        place = Place(self._document.path, (), "value", match.span())
        return Suppression(place, match[0][match.start("said") - match.start() :], names, reason, first, last, files)


def _begins_prompt(document: Document, line: str) -> bool:
    """Whether a prompt may begin on a line; in Python it is a docstring or an argument, and its place decides."""
    return isinstance(document, PythonDocument) or (isinstance(document, YamlDocument) and bool(_PROMPT.match(line)))


def _string_spans(document: Document) -> Iterable[tuple[int, int]]:
    if isinstance(document, PythonDocument):
        return document.strings
    return _scalar_spans(document.node(())) if isinstance(document, YamlDocument) else ()


def _scalar_spans(node: Any, seen: set[int] | None = None) -> Iterator[tuple[int, int]]:
    """Where the texts of a file stand, in which `#` begins no comment."""
    seen = set() if seen is None else seen
    if node is None or id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node.value, str):
        yield node.start_mark.index, node.end_mark.index
        return
    for entry in node.value:
        for one in entry if isinstance(entry, tuple) else (entry,):
            yield from _scalar_spans(one, seen)
