"""The canonical form of HTML, as text and as a tree: what a person or the service may write differently without saying
anything else comes out equal. It judges nothing and keeps every element; what a prompt may hold the compiler says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from html import escape
from html.parser import HTMLParser
from typing import Any

_BLANKS = re.compile(r"[ \t\r\n\f]+")
_BLANKS_IN_LINE = re.compile(r"[ \t\f\v]+")
_ENDS = re.compile(r"\r\n?")
_BLANK = " \t\r\n\f"

VOID = frozenset(
    {
        *("area", "base", "br", "col", "embed", "hr", "img", "input"),
        *("link", "meta", "param", "source", "track", "wbr"),
    }
)
BLOCK = frozenset(
    {
        *("address", "article", "aside", "blockquote", "br", "dd", "details", "div", "dl", "dt", "fieldset"),
        *("figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main"),
        *("nav", "ol", "p", "pre", "section", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul"),
    }
)
"""The elements at whose edges white space says nothing."""
_NAMES = "|".join(sorted(BLOCK))
_STARTS = re.compile(rf"(?=<(?:{_NAMES})\b)")
_ENDS_OF_BLOCKS = re.compile(rf"</(?:{_NAMES})>")
_CELLS = frozenset({"td", "th"})
_ROWS = _CELLS | {"tr"}
_SECTIONS = _ROWS | {"thead", "tbody", "tfoot"}
_IMPLIED = {
    "li": frozenset({"li", "p"}),
    "dt": frozenset({"dt", "dd", "p"}),
    "dd": frozenset({"dt", "dd", "p"}),
    "td": _CELLS | {"p"},
    "th": _CELLS | {"p"},
    "tr": _ROWS | {"p"},
    "thead": _SECTIONS,
    "tbody": _SECTIONS,
    "tfoot": _SECTIONS,
}
"""The elements that an opening tag ends without an end tag of their own."""
_PARAGRAPH_ENDS = BLOCK - {"br", "li", "dt", "dd", *_SECTIONS}


@dataclass(slots=True)
class _Token:
    """A start tag, an end tag, or a text where `tag` is empty."""

    tag: str = ""
    text: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    ends: bool = False

    @property
    def is_block(self) -> bool:
        return self.tag in BLOCK

    def __str__(self) -> str:
        if not self.tag:
            return escape(self.text, quote=False)
        return f"</{self.tag}>" if self.ends else start_tag(self.tag, self.attributes)


@dataclass
class HtmlNode:
    """An element, or a text where `tag` is empty."""

    tag: str = ""
    text: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    children: list[HtmlNode] = field(default_factory=list)


FORMS_KEPT = 16_384
"""An apply compares each workflow of an account about seven times, each time after all the others."""


@lru_cache(maxsize=FORMS_KEPT)
def canonical_html(text: str) -> str:
    """Give the one form: entities decoded, attributes sorted, white space folded as a browser would, comments gone,
    end tags filled in. Text without any element keeps its lines, for there they are all the structure it has.
    """
    return "".join(map(str, _read_tokens(text)))


def html_lines(text: str) -> list[str]:
    """The one form cut at the edges of blocks, so that a comparison by lines shows what a person would call a line."""
    blocks = _STARTS.sub("\0", _ENDS_OF_BLOCKS.sub("\\g<0>\0", canonical_html(text))).split("\0")
    return [line for block in blocks if block for line in block.split("\n")]


def parse_tree(text: str) -> HtmlNode:
    """The one form as a tree; its root is not an element. A prompt without any element is one text."""
    root = HtmlNode("#")
    above = [root]
    for token in _read_tokens(text):
        if token.ends:
            above.pop()
            continue
        node = HtmlNode(token.tag, token.text, token.attributes)
        above[-1].children.append(node)
        if token.tag and token.tag not in VOID:
            above.append(node)
    return root


def node_html(node: HtmlNode) -> str:
    """A node as text, in the one form."""
    inner = escape(node.text, quote=False) + "".join(map(node_html, node.children))
    if not node.tag or node.tag == "#":
        return inner
    return start_tag(node.tag, node.attributes) + ("" if node.tag in VOID else f"{inner}</{node.tag}>")


def nesting(text: str) -> int:
    """How deep elements stand in one another."""
    depth = deepest = 0
    for token in _read_tokens(text):
        depth += 0 if not token.tag or token.tag in VOID else -1 if token.ends else 1
        deepest = max(deepest, depth)
    return deepest


def start_tag(tag: str, attributes: Mapping[str, str]) -> str:
    """A start tag as text."""
    written = "".join(f' {name}="{escape(value)}"' for name, value in attributes.items())
    return f"<{tag}{written}>"


def _read_tokens(text: str) -> list[_Token]:
    reader = _HtmlTokenizer()
    reader.feed(_ENDS.sub("\n", text))
    reader.close()
    reader.end_all()
    if any(token.tag for token in reader.tokens):
        return _fold_blanks(reader.tokens)
    return [_Token(text=_fold_plain_text("".join(token.text for token in reader.tokens)))]


class _HtmlTokenizer(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tokens: list[_Token] = []
        self._open: list[str] = []

    def set_cdata_mode(self, elem: str, **_: Any) -> None:
        """Read inside `script` and `textarea` as elsewhere, so that what is written out reads the same again."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        ended = _IMPLIED.get(tag, frozenset({"p"}) if tag in _PARAGRAPH_ENDS else frozenset())
        while self._open and self._open[-1] in ended:
            self._close_tag()
        kept = {name: value for name, value in reversed(attrs) if value}
        self.tokens.append(_Token(tag, attributes=dict(sorted(kept.items()))))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._open[-1] != tag:
                self._close_tag()
            self._close_tag()

    def handle_data(self, data: str) -> None:
        if self.tokens and not self.tokens[-1].tag:
            self.tokens[-1].text += data
        else:
            self.tokens.append(_Token(text=data))

    def end_all(self) -> None:
        while self._open:
            self._close_tag()

    def _close_tag(self) -> None:
        self.tokens.append(_Token(self._open.pop(), ends=True))


def _fold_blanks(tokens: Sequence[_Token]) -> list[_Token]:
    """Tokens with their texts as a browser shows them; texts that are nothing then are gone."""
    folded: list[_Token] = []
    inside = 0
    for before, token, after in zip([None, *tokens], tokens, [*tokens[1:], None], strict=False):
        inside += 0 if token.tag != "pre" else -1 if token.ends else 1
        if token.tag:
            folded.append(token)
        elif text := _keep_first_line_end(token.text, before) if inside else _fold_text(token.text, before, after):
            folded.append(_Token(text=text))
    return folded


def _fold_text(text: str, before: _Token | None, after: _Token | None) -> str:
    if before is None or before.is_block:
        text = text.lstrip(_BLANK)
    if after is None or after.is_block:
        text = text.rstrip(_BLANK)
    return _BLANKS.sub(" ", text)


def _keep_first_line_end(text: str, before: _Token | None) -> str:
    """HTML drops one line end right after `<pre>`; a second one is content, and needs the first to be read again."""
    if before is None or before.tag != "pre" or before.ends:
        return text
    text = text.removeprefix("\n")
    return f"\n{text}" if text.startswith("\n") else text


def _fold_plain_text(text: str) -> str:
    return "\n".join(_BLANKS_IN_LINE.sub(" ", line).strip(" ") for line in text.split("\n")).strip("\n")
