"""A text in which tokens count, scanned, and rendered where that says more; and a value that holds such texts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from typing import TYPE_CHECKING, Any

from cyberflow.compiler.pipeline.file_refs import FileRef
from cyberflow.compiler.refs import Ref, read_ref
from cyberflow.language.prompt.tokens import Format, PromptFlaw, ScannedPrompt, Token
from cyberflow.late import cached_property, dataclass, expression
from cyberflow.source import Place, Text

if TYPE_CHECKING:
    from cyberflow.language.prompt.render import RenderedPrompt

_RENDERED_MARKS = ("<!--", "![", "](", "]:", "```", "~~~", "&", "{<")
_MAY_BE_MARK = expression(r"[!\]`~&]|\{<")
"""A sign that each of them has."""
_DEEP = expression(r"[>*+-][>*+\s-]{14}")
"""Nesting that the parser cuts."""
_TABLE = expression(r"\|[ \t]*:?-|-:?[ \t]*\|")

_WITHOUT_WORDS = expression(r"[\W\d_]*")
_INVISIBLE_TAG = expression(r"<(?!img\b)[^>]*>")


@dataclass(frozen=True)
class ScannedText:
    """A text in which tokens count, scanned. `kind` says where it stands: `prompt`, `title`, `terminal`, `check`, …"""

    kind: str
    place: Place
    text: Text
    scan: ScannedPrompt
    format: Format | None = None
    render: Callable[[], RenderedPrompt] | None = field(default=None, repr=False, compare=False)

    @cached_property
    def rendering(self) -> RenderedPrompt | None:
        """A prompt as it goes out; None for every other text."""
        return self.render() if self.render else None

    @cached_property
    def tokens(self) -> tuple[Token, ...]:
        """The tokens that reach the wire; a comment of a prompt holds none."""
        return self._token_source.tokens

    @cached_property
    def flaws(self) -> tuple[PromptFlaw, ...]:
        found = self._token_source.flaws
        return found and tuple(one for one in found if one.rule != "lost-text" or not self.sends_nothing)

    @cached_property
    def sends_nothing(self) -> bool:
        """Whether nothing of a prompt goes out; what it loses is not told apart then."""
        written = self.scan.text
        if not self.render or not written.strip() or not (_WITHOUT_WORDS.fullmatch(written) or self._must_render):
            return not written.strip()
        import html

        sent = self.rendering.html if self.rendering else ""
        return not html.unescape(_INVISIBLE_TAG.sub("", sent)).strip()

    @cached_property
    def _must_render(self) -> bool:
        return bool(self.scan.tags or self.scan.images) or _needs_rendering(self.scan.text)

    @cached_property
    def _token_source(self) -> RenderedPrompt | ScannedPrompt:
        """What is known of tokens and flaws. Markdown is read only where it can hide a token or find a flaw."""
        if self.render is None or not self._must_render:
            return self.scan
        return self.rendering or self.scan

    def place_of(self, start: int, end: int) -> Place:
        return self.text.place(start, end)


def _needs_rendering(text: str) -> bool:
    """Whether a rendered prompt can say more than a scanned one: comments, images, links, code, entities, nesting."""
    if _MAY_BE_MARK.search(text) and any(mark in text for mark in _RENDERED_MARKS):
        return True
    return _DEEP.search(text) is not None or ("|" in text and _TABLE.search(text) is not None)


@dataclass(frozen=True)
class RefUse:
    """A ref object in a value. `ref` is words where it does not parse."""

    place: Place
    written: Any
    ref: Ref | FileRef | str
    keys: tuple[str | int, ...] = ()


@dataclass(frozen=True)
class TokenUse:
    """A token of a chain string; `whole` when the string is nothing else. `keys` lead to it inside its value."""

    token: Token
    place: Place
    whole: bool
    keys: tuple[str | int, ...] = ()


@dataclass(frozen=True)
class Value:
    """A JSON value as written, with the refs and tokens inside it."""

    data: Any
    place: Place
    refs: tuple[RefUse, ...] = ()
    tokens: tuple[TokenUse, ...] = ()
    texts: tuple[ScannedText, ...] = ()

    @property
    def sole_token(self) -> TokenUse | None:
        """The token that is the whole value, if it is one."""
        return self.tokens[0] if len(self.tokens) == 1 and self.tokens[0].whole and not self.tokens[0].keys else None


def ref_at(value: dict[str, Any], place: Place, keys: tuple[str | int, ...]) -> RefUse:
    """Read a ref object found at `place`."""
    return RefUse(place.at("$ref") if len(value) == 1 else place, value["$ref"], read_ref(value), keys)
