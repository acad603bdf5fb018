"""Losses: what Markdown reads and leaves out of its HTML, each with the way to write it so that it arrives.

`markdown` tells it what it drops, in offsets of the text with sentinels. Knows no library.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, Final

from cyberflow.language.prompt.sentinels import Sentinels
from cyberflow.language.prompt.tokens import PromptFlaw, TextMend, Token
from cyberflow.late import expression

_CELL: Final = expression(r"(?<!\\)\|")
_INTENDED: Final = expression(r"//|COMMENT")
"""Labels of the definitions that stand for comments: `[//]: # (later)`."""
_SETTING: Final = expression(r"\S*[=:{}]\S*|[\W\d_]+")
_QUOTED_SETTING: Final = expression(r"""\S+=(?:"[^"]*+"|'[^']*+')""")
_FLAG: Final = expression(r"[a-z_-]+")
"""What follows the language of a fence and is meant for programs: `{1,3}`, `title="a b"`, `linenums`."""
_INTO_TEXT: Final = "write it into the text"


class LinkReferences(dict[str, dict[str, Any]]):
    """The link definitions of a prompt by label, which remember those that links use."""

    def __init__(self) -> None:
        super().__init__()
        self.used: set[str] = set()

    def get(self, key: str, default: Any = None) -> Any:
        self.used.add(key)
        return super().get(key, default)


class LossRecorder:
    """Gathers what one prompt loses."""

    def __init__(self, sentinels: Sentinels) -> None:
        self.references = LinkReferences()
        self._sentinels = sentinels
        self._text = sentinels.text_with_sentinels
        self._line_starts = [0, *(match.end() for match in re.finditer("\n", self._text))]
        self._definitions: list[tuple[str | None, int, int]] = []
        self._found: list[PromptFlaw] = []

    def flaws(self) -> list[PromptFlaw]:
        """A finding for each thing that does not arrive."""
        return [*self._found, *self._stray_definitions()]

    def add_definition(self, label: str | None, start: int, end: int) -> None:
        """A link definition between two offsets; without a label where an earlier one has the same."""
        self._definitions.append((label, start, end))

    def add_row(self, line: str, start: int, columns: int) -> None:
        """A row of a table of so many columns: what stands behind the last of them is left out."""
        edges = [-1, *(match.start() for match in _CELL.finditer(line)), len(line)]
        cells = [(left + 1, right) for left, right in pairwise(edges)]
        if not line[slice(*cells[0])].strip():
            del cells[0]
        rest = cells[columns:]
        while rest and not line[slice(*rest[-1])].strip():
            rest.pop()
        if rest:
            message = "this cell is beyond the header of its table, and is not sent"
            help = "give the header a cell for it; inside a cell a `|` is written `&#124;`"
            self._add(message, help, start + rest[0][0], start + rest[-1][1])

    def add_title(self, title: str, lines: Sequence[int] | None, of: str) -> None:
        self._add_text(title, lines, f"the title of {of} is not sent", _INTO_TEXT)

    def add_target(self, url: str, lines: Sequence[int] | None) -> None:
        self._add_text(url, lines, "the target of this link is not sent", "link to a page, or write it into the text")

    def add_info(self, info: str, lines: Sequence[int] | None) -> None:
        """What stands beside the opening of a fence: the name of a language is not meant for the agent."""
        _, _, rest = info.strip().partition(" ")
        words = [word for word in _QUOTED_SETTING.sub("", rest).split() if not _SETTING.fullmatch(word)]
        shown = info if self._first_token(info) else rest
        if len(words) > 1 or any(not _FLAG.fullmatch(word) for word in words) or shown is info:
            help = "write it on a line of its own"
            self._add_text(shown.strip(), lines, "the text behind the opening of a fence is not sent", help)

    def _stray_definitions(self) -> Iterator[PromptFlaw]:
        for label, start, end in self._definitions:
            if (label is None or label not in self.references.used) and not _INTENDED.fullmatch(label or ""):
                message = "this line is read as the definition of a link, and is not sent"
                flaw = self._flaw(message, "for the text itself write `\\[` in place of its `[`", start, end)
                yield replace(flaw, mend=TextMend(flaw.start, flaw.start, "\\", safe=True))

    def _add_text(self, text: str, lines: Sequence[int] | None, message: str, help: str) -> None:
        """Something of which only the text is known, and between which lines its block stands."""
        first, last = lines or (0, len(self._line_starts))
        start = self._line_starts[min(first, len(self._line_starts) - 1)]
        end = self._line_starts[last] if last < len(self._line_starts) else len(self._text)
        at = self._text.find(text, start)
        at = self._text.find(text) if at < 0 else at
        if at < 0 and (text := self._first_token(text)):
            at = self._text.find(text)
        self._add(message, help, *((at, at + len(text)) if at >= 0 and text else (start, end)))

    def _first_token(self, text: str) -> str:
        """The first sentinel of a token in a text, if there is one."""
        matches = self._sentinels.word_pattern.finditer(text)
        return next((match[0] for match in matches if isinstance(self._sentinels.entry(match), Token)), "")

    def _add(self, message: str, help: str, start: int, end: int) -> None:
        self._found.append(self._flaw(message, help, start, end))

    def _flaw(self, message: str, help: str, start: int, end: int) -> PromptFlaw:
        shown = self._text[start:end]
        start, end = start + len(shown) - len(shown.lstrip()), start + len(shown.rstrip())
        return PromptFlaw("lost-text", message, *self._sentinels.source_range(start, end), help=help)
