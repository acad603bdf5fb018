"""Reads Markdown: CommonMark with tables and strikethrough to HTML, for texts whose placeholders stand aside as words.

A part of `render`; markdown-it is imported when the first prompt is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, MutableMapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from cyberflow.language.prompt.losses import LossRecorder
from cyberflow.language.prompt.sanitize import ImageResolver, is_safe_link, strip_comments
from cyberflow.language.prompt.sentinels import Sentinels
from cyberflow.language.prompt.tokens import LiteralText, MarkdownImage
from cyberflow.late import dataclass

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token

LINES = "data-lines"
"""The attribute of a block that names its first line and the one behind its last, counted from 0."""
_STANDINS, _LOSSES = "cyberflow.standins", "cyberflow.losses"
_BRACKET = "\ufdd7"
_DEEPEST = 40
"""Levels of lists, quotes and links that are read; what each open `[` costs grows with it."""


def to_html(standins: Sentinels, images: ImageResolver, losses: LossRecorder, *, lines: bool = False) -> str:
    """HTML in which every tag is of Markdown's making or carries the stand-in of a tag of the author. With `lines`
    blocks say in an attribute on which lines they were written.
    """
    parser = _parser()
    env: MutableMapping[str, Any] = {_STANDINS: standins, _LOSSES: losses, "references": losses.references}
    tokens = parser.parse(_limit_open_brackets(standins.text_with_sentinels), env)
    for token in tokens:
        if lines and token.map and token.nesting >= 0 and token.type != "inline":
            token.attrSet(LINES, f"{token.map[0]} {token.map[1]}")
        if token.type == "inline":
            _InlineRestorer(standins, images, losses, token.map).restore(token.children or [])
        elif token.type == "html_block":
            token.content = strip_comments(token.content, standins)
        elif token.type in ("fence", "code_block"):
            token.content = standins.restore_tags(token.content)
            if token.info:
                losses.add_info(standins.restore_tags(token.info), token.map)
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


def find_renumbered_items(text: str) -> Iterator[tuple[int, int, int]]:
    """The first item of each list whose number is not the one that the agent reads, and that number; a list in which
    all have one number leaves the counting to Markdown.
    """
    tokens: list[Token] = []
    parser = _parser()
    parser.block.parse(text, parser, {}, tokens)
    starts = [0, *(match.end() for match in re.finditer("\n", text)), len(text)]
    lists: list[list[tuple[str, Sequence[int]]]] = []
    for token in tokens:
        if token.type.endswith("_list_open"):
            lists.append([])
        elif token.type == "list_item_open" and token.map:
            lists[-1].append((token.info, token.map))
        elif token.type == "ordered_list_close":
            items = lists.pop()
            numbers = [int(info) for info, _ in items]
            expected = range(numbers[0], numbers[0] + len(items))
            wrong = next((at for at, number in enumerate(expected) if numbers[at] != number), None)
            if wrong is not None and len(set(numbers)) > 1:
                info, lines = items[wrong]
                if found := re.compile(rf"(?<![0-9]){info}[.)]").search(text, starts[lines[0]]):
                    yield *found.span(), expected[wrong]
        elif token.type == "bullet_list_close":
            lists.pop()


@dataclass
class _InlineRestorer:
    """Settles the parts of one block of text: tags that are text, links, images, comments."""

    standins: Sentinels
    images: ImageResolver
    losses: LossRecorder
    lines: Sequence[int] | None

    def restore(self, tokens: Sequence[Token]) -> None:
        before: Token | None = None
        standins = self.standins
        for token in tokens:
            match token.type:
                case "text":
                    token.content = standins.tag_pattern.sub(
                        lambda match: standins.restore_tags(match[0]), token.content
                    )
                case "code_inline":
                    token.content = standins.restore_tags(token.content)
                case "html_inline":
                    token.content = strip_comments(token.content, standins)
                case "link_open":
                    self._check_link(token)
                case "image":
                    self._place_image(token, before)
                case _:
                    pass
            before = token

    def _check_link(self, token: Token) -> None:
        from markdown_it.common.normalize_url import normalizeLink

        if title := token.attrs.get("title"):
            self.losses.add_title(str(title), self.lines, "a link")
        url = self.standins.restore_tags(str(token.attrs.get("href", "")))
        safe = is_safe_link(self.standins.to_plain_text(normalizeLink(url)))
        token.attrs = {"href": self.standins.add(normalizeLink(url))} if safe else {}
        if not safe:
            self.losses.add_target(url, self.lines)

    def _place_image(self, token: Token, before: Token | None) -> None:
        start, end = _image_span(before, self.standins)
        alt = self.standins.restore_tags(_alt_text(token.children or []))
        src = self.standins.restore_tags(str(token.attrs.get("src", "")))
        source = self.images.resolve_source(src, alt, start, end)
        if title := token.attrs.get("title"):
            self.losses.add_title(str(title), self.lines, "an image")
        token.type, token.content = "html_inline", f'<img src="{source}" alt="{self.standins.add(alt)}">'


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
    parser.block.ruler.at("reference", _reference)
    parser.block.ruler.at("table", _table, {"alt": ["paragraph", "reference"]})
    return parser


def _reference(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """As markdown-it's rule, and tells of the definition."""
    from markdown_it.rules_block import reference

    losses: LossRecorder | None = state.env.get(_LOSSES)
    known = len(losses.references) if losses else 0
    if not reference(state, start, end, silent):
        return False
    if losses and not silent:
        label = next(reversed(losses.references)) if len(losses.references) > known else None
        losses.add_definition(label, state.bMarks[start] + state.tShift[start], state.eMarks[state.line - 1])
    return True


def _table(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """As markdown-it's rule, and tells of every row."""
    from markdown_it.rules_block import table

    known = len(state.tokens)
    if not table(state, start, end, silent):
        return False
    losses: LossRecorder | None = state.env.get(_LOSSES)
    if losses and not silent:
        columns = sum(token.type == "th_open" for token in state.tokens[known:])
        for line in range(start + 2, state.line):
            first = state.bMarks[line] + state.tShift[line]
            losses.add_row(state.src[first : state.eMarks[line]], first, columns)
    return True


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
