"""Renders prompts to HTML: what was lifted out stands aside while Markdown is read and HTML sanitised.

The one room that knows markdown-it and nh3.
"""

from __future__ import annotations

import html
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Final

from cyberflow.language.prompt.html_tags import HOLE, KEPT, WITH_TEXT
from cyberflow.language.prompt.losses import LossRecorder
from cyberflow.language.prompt.markdown import LINES, to_html
from cyberflow.language.prompt.sanitize import ImageLookup, ImageResolver, ImageUse, TagFilter, strip_comments
from cyberflow.language.prompt.sentinels import AttributeValue, Sentinels
from cyberflow.language.prompt.tokens import Format, LiteralText, MarkdownImage, PromptFlaw, ScannedPrompt, Token
from cyberflow.late import dataclass, expression

_PARAGRAPHS: Final = expression(r"\n[ \t]*(?:\n[ \t]*)+")
_WIRE_FORM: Final = expression(rf"(?<!\\)(?=\{{)(?:{HOLE.pattern})")


@dataclass(frozen=True)
class RenderedPrompt:
    """What goes out. `tokens` are those that reach it: one in a comment or in a dropped attribute does not.

    `flaws` are all findings of the prompt, those of reading it included, without what a comment hides.
    """

    html: str
    tokens: tuple[Token, ...] = ()
    images: tuple[ImageUse, ...] = ()
    flaws: tuple[PromptFlaw, ...] = ()


def render(prompt: ScannedPrompt, format: Format, *, image: ImageLookup, lines: bool = False) -> RenderedPrompt:
    """Make the HTML of a prompt; a function of its arguments, and linear in the length of the text.

    `image` is asked once for each use of an image that names a file. With `lines`, for whoever looks for a block of the
    result in the text, blocks of Markdown bear the attribute `LINES`.
    """
    if format == "wire":
        return RenderedPrompt(prompt.text, prompt.tokens, (), prompt.flaws)
    standins = Sentinels(prompt)
    images = ImageResolver(standins, image)
    tags = TagFilter(standins, images)
    losses = LossRecorder(standins)
    text = standins.text_with_sentinels
    if format == "text":
        text = _paragraphs(text)
    else:
        text = (
            to_html(standins, images, losses, lines=lines) if format == "markdown" else strip_comments(text, standins)
        )
        text = tags.filter(text)
    filling = _SentinelRestorer(standins, prompt)
    result = filling.restore(_sanitize(text, lines=lines))
    flaws = [*filling.scan_flaws(), *tags.flaws, *images.flaws, *filling.flaws, *losses.flaws()]
    told = [*standins.dropped, *((flaw.start, flaw.end) for flaw in flaws)]
    flaws += (_token_fault(prompt, token) for token in filling.missing_tokens(told))
    return RenderedPrompt(
        result,
        tuple(token for token in prompt.tokens if token.start in filling.offsets_in_output),
        tuple(sorted(images.uses, key=lambda use: use.start)),
        tuple(sorted(flaws, key=lambda flaw: (flaw.start, flaw.end, flaw.rule))),
    )


def _token_fault(prompt: ScannedPrompt, token: Token) -> PromptFlaw:
    message = f"`{prompt.text[token.start : token.end]}` does not arrive"
    return PromptFlaw(
        "lost-text", message, token.start, token.end, help="write it into the text", root=token.declared_name
    )


def _paragraphs(text: str) -> str:
    parts = (html.escape(part, quote=False) for part in _PARAGRAPHS.split(text.strip()) if part)
    return "\n".join(f"<p>{part.replace(chr(10), '<br>' + chr(10))}</p>" for part in parts)


def _sanitize(text: str, *, lines: bool = False) -> str:
    import nh3

    attributes = {name: set(attributes) for name, attributes in KEPT.items() if attributes}

    clean = nh3.clean(
        text.encode("utf-8", "replace").decode(),
        tags=set(KEPT),
        clean_content_tags=set(WITH_TEXT),
        attributes={**attributes, "*": {LINES}} if lines else attributes,
        link_rel=None,
    )
    # A parser drops the first line end inside `pre`: one more keeps the text what it is.
    return clean.replace("<pre>\n", "<pre>\n\n")


class _SentinelRestorer:
    """Puts back what was lifted out, and sees what arrived."""

    def __init__(self, standins: Sentinels, prompt: ScannedPrompt) -> None:
        self._standins = standins
        self._prompt = prompt
        self.offsets_in_output: set[int] = set()
        self.flaws: list[PromptFlaw] = []

    def scan_flaws(self) -> Iterator[PromptFlaw]:
        """The findings of reading, each of which stands at something that was lifted out."""
        return (flaw for flaw in self._prompt.flaws if flaw.start in self.offsets_in_output)

    def missing_tokens(self, told: Sequence[tuple[int, int]]) -> Iterator[Token]:
        """Tokens that did not arrive and of which no finding at one of these ranges speaks."""
        ranges = sorted(told)
        reach = [*accumulate((end for _, end in ranges), max)]
        for token in self._prompt.tokens:
            if token.start not in self.offsets_in_output:
                before = bisect_right(ranges, (token.start, token.end))
                if not before or reach[before - 1] <= token.start:
                    yield token

    def restore(self, text: str, *, attribute: bool = False) -> str:
        pieces = self._standins.word_pattern.split(text)
        out: list[str] = []
        for index, piece in enumerate(pieces):
            if index % 2:
                entry = self._standins.entries[int(piece)]
                if isinstance(entry, Token):
                    self._check_neighbours(entry, pieces[index - 1], pieces[index + 1])
                out.append(self._restore_entry(entry, attribute=attribute))
            else:
                out.append(_WIRE_FORM.sub(r"\\\g<0>", _escape(piece) if attribute else piece))
        return "".join(out)

    def _restore_entry(self, entry: object, *, attribute: bool) -> str:
        if isinstance(entry, AttributeValue):
            return self.restore(entry.text, attribute=True)
        if isinstance(entry, Token):
            self.offsets_in_output.add(entry.start)
            return self._attribute_form(entry) if attribute else entry.wire
        if isinstance(entry, LiteralText):
            self.offsets_in_output.add(entry.start)
            return _escape(entry.wire) if attribute else html.escape(entry.wire, quote=False)
        if isinstance(entry, MarkdownImage) and entry.complete:
            self.flaws.append(
                PromptFlaw(
                    "bad-image",
                    "this image stayed text",
                    entry.start,
                    entry.end,
                    help='a path with blanks is written `![…](<my file.png>)`; inside HTML write `<img src="…">`',
                )
            )
        return ""

    def _attribute_form(self, token: Token) -> str:
        if '"' in token.wire:
            self._add_placeholder_flaw(
                token, "a key that holds a quote cannot stand in an attribute", "name the key differently"
            )
        return token.wire.replace('"', "&quot;")

    def _check_neighbours(self, token: Token, before: str, after: str) -> None:
        if before.endswith("{") and after.startswith("}") and self._prompt.text[token.start] == "<":
            self._add_placeholder_flaw(token, f"`{{{token.wire}}}` is a runtime value", "put a blank inside the braces")
        elif before.endswith("\\"):
            self.flaws.append(
                PromptFlaw(
                    "backslash-placeholder",
                    f"a backslash stands directly before `{token.wire}`",
                    token.start,
                    token.end,
                    "the platform takes it for an escape",
                )
            )

    def _add_placeholder_flaw(self, token: Token, message: str, mend: str) -> None:
        flaw = PromptFlaw("bad-placeholder", message, token.start, token.end, help=mend, root=token.declared_name)
        self.flaws.append(flaw)


def _escape(text: str) -> str:
    """As nh3 writes the value of an attribute."""
    return html.escape(text, quote=False).replace('"', "&quot;").replace("\u00a0", "&nbsp;")
