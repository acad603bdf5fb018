"""Reads Markdown: CommonMark with tables and strikethrough to HTML, for texts whose placeholders stand aside as words.

A part of `render`; markdown-it is imported when the first prompt is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, MutableMapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from cyberflow.language.prompt.sanitize import ImageResolver, is_safe_link, strip_comments
from cyberflow.language.prompt.sentinels import Sentinels
from cyberflow.language.prompt.tokens import LiteralText, MarkdownImage

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token

_STANDINS = "cyberflow.standins"
_BRACKET = "\ufdd7"
_DEEPEST = 40
"""Levels of lists, quotes and links that are read; what each open `[` costs grows with it."""


def to_html(standins: Sentinels, images: ImageResolver) -> str:
    """HTML in which every tag is of Markdown's making or carries the stand-in of a tag of the author."""
    parser = _parser()
    env: MutableMapping[str, Any] = {_STANDINS: standins}
    tokens = parser.parse(_limit_open_brackets(standins.text_with_sentinels), env)
    for token in tokens:
        if token.type == "inline":
            _restore_inline(token.children or [], standins, images)
        elif token.type == "html_block":
            token.content = strip_comments(token.content)
        elif token.type in ("fence", "code_block"):
            token.content = standins.restore_tags(token.content)
            token.info = ""
    return str(parser.renderer.render(tokens, parser.options, env)).rstrip("\n").replace(_BRACKET, "[")


def _limit_open_brackets(text: str) -> str:
    """Where brackets open one behind the other and none closes, all but the innermost can only be text: the parser,
    which would look for the end of each, does not see them.
    """
    parts = text.split("]")
    for index, part in enumerate(parts):
        if (more := part.count("[") - _DEEPEST) > 0:
            parts[index] = part.replace("[", _BRACKET, more)
    return "]".join(parts)


def find_list_restarts(text: str) -> Iterator[tuple[int, int]]:
    """Where lists begin with another number than 1, which HTML without attributes does not keep."""
    tokens: list[Token] = []
    parser = _parser()
    parser.block.parse(text, parser, {}, tokens)
    starts = [0, *(match.end() for match in re.finditer("\n", text)), len(text)]
    for token in tokens:
        if token.type == "ordered_list_open" and "start" in token.attrs and token.map:
            line = starts[token.map[0]], starts[token.map[0] + 1]
            if number := re.compile(rf"(?<![0-9])0*{token.attrs['start']}[.)]").search(text, *line):
                yield number.span()


def _restore_inline(tokens: Sequence[Token], standins: Sentinels, images: ImageResolver) -> None:
    before: Token | None = None
    for token in tokens:
        match token.type:
            case "text":
                token.content = standins.tag_pattern.sub(lambda match: standins.restore_tags(match[0]), token.content)
            case "code_inline":
                token.content = standins.restore_tags(token.content)
            case "html_inline":
                token.content = strip_comments(token.content)
            case "link_open":
                _check_link(token, standins)
            case "image":
                start, end = _image_span(before, standins)
                alt = standins.restore_tags(_alt_text(token.children or []))
                src = standins.restore_tags(str(token.attrs.get("src", "")))
                source = images.resolve_source(src, alt, start, end)
                token.type, token.content = "html_inline", f'<img src="{source}" alt="{standins.add(alt)}">'
            case _:
                pass
        before = token


def _check_link(token: Token, standins: Sentinels) -> None:
    from markdown_it.common.normalize_url import normalizeLink

    url = normalizeLink(standins.restore_tags(str(token.attrs.get("href", ""))))
    token.attrs = {"href": standins.add(url)} if is_safe_link(standins.to_plain_text(url)) else {}


def _image_span(before: Token | None, standins: Sentinels) -> tuple[int, int]:
    """Where an image is written: its mark is the end of the text before it, and is taken away there."""
    picture = standins.entry_before(before.content, len(before.content)) if before and before.type == "text" else None
    if before is None or not isinstance(picture, MarkdownImage):
        return 0, 0
    before.content = before.content[: -standins.width]
    return picture.start, picture.end


def _alt_text(tokens: Sequence[Token]) -> str:
    """The text of an alt, code included."""
    pieces = {"softbreak": "\n", "hardbreak": "\n"}
    return "".join(
        _alt_text(token.children or [])
        if token.type == "image"
        else pieces.get(token.type, token.content if token.type in ("text", "code_inline") else "")
        for token in tokens
    )


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    class PromptMarkdown(MarkdownIt):
        """Links are checked and encoded when the tree is settled, where the stand-ins are known."""

        def normalizeLink(self, url: str) -> str:  # noqa: N802 - the library's name
            return url

        def normalizeLinkText(self, link: str) -> str:  # noqa: N802
            return link

    parser = PromptMarkdown("commonmark", {"xhtmlOut": False, "maxNesting": _DEEPEST})
    parser.enable(["table", "strikethrough"])
    parser.inline.ruler.at("emphasis", _emphasis)
    return parser


def _emphasis(state: StateInline, silent: bool) -> bool:
    """As markdown-it's rule, but a placeholder beside `*` is what its brackets make it: the edge of a word.

    Beside `_` it is a word, so that `<first>_<last>` stays one.
    """
    from markdown_it.rules_inline.state_inline import Delimiter

    marker = state.src[state.pos]
    if silent or marker not in "_*":
        return False
    can_open, can_close, length = state.scanDelims(state.pos, marker == "*")
    if marker == "*":
        standins: Sentinels = state.env[_STANDINS]
        end = state.pos + length
        before = standins.entry_before(state.src, state.pos)
        if standins.word_pattern.match(state.src, end) and not state.src[state.pos - 1 : state.pos].isspace():
            can_close = can_close or state.pos > 0
        if before and length > 1 and end < state.posMax and not state.src[end].isspace():
            can_open = True
        if length == 1 and isinstance(before, LiteralText) and before.wire == "\\":
            can_open = False
    for _ in range(length):
        token = state.push("text", "", 0)
        token.content = marker
        at = len(state.tokens) - 1
        state.delimiters.append(Delimiter(ord(marker), length, at, -1, open=can_open, close=can_close))
    state.pos += length
    return True
