"""The nouns of the prompt language: tokens, literals, images and flaws. All offsets are into the text read."""

from __future__ import annotations

from typing import Literal

from cyberflow.language.prompt.html_tags import HtmlTag
from cyberflow.language.prompt.paths import TokenPath
from cyberflow.late import dataclass

Format = Literal["markdown", "html", "text", "wire"]


@dataclass(frozen=True, slots=True)
class Token:
    """A placeholder; `wire` is what goes out in its place."""

    kind: Literal["input", "secret", "runtime"]
    path: TokenPath
    start: int
    end: int
    wire: str

    @property
    def declared_name(self) -> str | None:
        """The input, or `$secret`, that it is the value of; None for a runtime value."""
        return None if self.kind == "runtime" else ("$" if self.kind == "secret" else "") + self.path.root


@dataclass(frozen=True, slots=True)
class LiteralText:
    """Characters that mean themselves whatever a later stage would read in them. `wire` is plain text, not HTML."""

    start: int
    end: int
    wire: str


@dataclass(frozen=True, slots=True)
class MarkdownImage:
    """Where a Markdown image begins, `![`; `complete` when it is written as `![…](…)`."""

    start: int
    end: int
    complete: bool


@dataclass(frozen=True, slots=True)
class TextMend:
    """What to write in place of the characters from `start` to `end`; a safe one is hardly a guess."""

    start: int
    end: int
    text: str
    safe: bool = False


@dataclass(frozen=True, slots=True)
class PromptFlaw:
    """A finding. `root` is the input, or `$secret`, that a broken token probably meant."""

    rule: str
    message: str
    start: int
    end: int
    note: str = ""
    help: str | None = None
    root: str | None = None
    mend: TextMend | None = None


@dataclass(frozen=True)
class ScannedPrompt:
    """A text that was read, its parts in order. Tokens inside the attributes of a tag are among `tokens` too."""

    text: str
    tokens: tuple[Token, ...] = ()
    literals: tuple[LiteralText, ...] = ()
    flaws: tuple[PromptFlaw, ...] = ()
    tags: tuple[HtmlTag, ...] = ()
    images: tuple[MarkdownImage, ...] = ()
