"""How something is given to a run, as data inside a text: the command line and Python each have their own words."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple, Self

HintKind = Literal["input", "whole", "secret", "file", "session", "stale", "simulate"]


class Hint(NamedTuple):
    """The option that would mend a failure: of which kind, for which name, and where a secret is found."""

    kind: HintKind
    name: str = ""
    source: str = "SOURCE"


Words = Callable[[Hint], str]


def command_words(hint: Hint) -> str:
    """What the command line calls an option."""
    words: dict[HintKind, str] = {
        "input": f"`-i {hint.name}=…`",
        "whole": f"`-i {hint.name}=…` in JSON, or with `--inputs FILE.json`",
        "secret": f"`-s {hint.name}={hint.source}`",
        "file": f"`--file {hint.name}=PATH`",
        "session": "`--session ID`",
        "stale": "--stale-ok",
        "simulate": "--simulate",
    }
    return words[hint.kind]


class HintedText(str):  # noqa: SLOT000 - a text that varies in length has none
    """A text with hints: as a plain text in the words of the command line, which another door replaces."""

    parts: tuple[str | Hint, ...]

    def __new__(cls, *parts: str | Hint) -> Self:
        made = super().__new__(cls, _join(parts, command_words))
        made.parts = parts
        return made

    def reword(self, words: Words) -> str:
        """The text in the words of a door."""
        return _join(self.parts, words)


def join_texts(head: str, texts: Iterable[str], between: str) -> HintedText:
    """Several texts in one, each behind `between`; their hints are kept."""
    parts: list[str | Hint] = [head]
    for text in texts:
        parts += [between, *(text.parts if isinstance(text, HintedText) else (text,))]
    return HintedText(*parts)


def _join(parts: Iterable[str | Hint], words: Words) -> str:
    return "".join(words(part) if isinstance(part, Hint) else part for part in parts)
