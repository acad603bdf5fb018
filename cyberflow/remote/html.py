"""HTML in one form: what a person or the service may write differently without saying anything else comes out equal.
It judges nothing and keeps every element; what a prompt may hold is the compiler's business.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
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
    """A tag, or a text where `tag` is empty."""

    text: str
    tag: str = ""
    opens: bool = False

    @property
    def is_block(self) -> bool:
        return self.tag in BLOCK


@lru_cache(maxsize=4096)
def canonical_html(text: str) -> str:
    """Give the one form: entities decoded, attributes sorted, white space folded as a browser would, comments gone,
    end tags filled in. Text without any element keeps its lines, for there they are all the structure it has.
    """
    reader = _HtmlTokenizer()
    reader.feed(_ENDS.sub("\n", text))
    reader.close()
    if not any(token.tag for token in reader.tokens):
        return escape(_fold_plain_text("".join(token.text for token in reader.tokens)), quote=False)
    reader.end_all()
    return "".join(_fold_blanks(reader.tokens))


def html_lines(text: str) -> list[str]:
    """The one form cut at the edges of blocks, so that a comparison by lines shows what a person would call a line."""
    blocks = _STARTS.sub("\0", _ENDS_OF_BLOCKS.sub("\\g<0>\0", canonical_html(text))).split("\0")
    return [line for block in blocks if block for line in block.split("\n")]


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
        written = "".join(f' {name}="{escape(kept[name])}"' for name in sorted(kept))
        self.tokens.append(_Token(f"<{tag}{written}>", tag, opens=True))
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
            self.tokens.append(_Token(data))

    def end_all(self) -> None:
        while self._open:
            self._close_tag()

    def _close_tag(self) -> None:
        tag = self._open.pop()
        self.tokens.append(_Token(f"</{tag}>", tag))


def _fold_blanks(tokens: Sequence[_Token]) -> list[str]:
    folded: list[str] = []
    kept = 0
    for index, token in enumerate(tokens):
        before = tokens[index - 1] if index else None
        after = tokens[index + 1] if index + 1 < len(tokens) else None
        if token.tag:
            kept += (1 if token.opens else -1) if token.tag == "pre" else 0
            folded.append(token.text)
        elif kept:
            folded.append(escape(_keep_first_line_end(token.text, before), quote=False))
        else:
            folded.append(escape(_fold_text(token.text, before, after), quote=False))
    return folded


def _fold_text(text: str, before: _Token | None, after: _Token | None) -> str:
    if before is None or before.is_block:
        text = text.lstrip(_BLANK)
    if after is None or after.is_block:
        text = text.rstrip(_BLANK)
    return _BLANKS.sub(" ", text)


def _keep_first_line_end(text: str, before: _Token | None) -> str:
    """HTML drops one line end right after `<pre>`; a second one is content, and needs the first to be read again."""
    if before is None or before.tag != "pre" or not before.opens:
        return text
    text = text.removeprefix("\n")
    return f"\n{text}" if text.startswith("\n") else text


def _fold_plain_text(text: str) -> str:
    return "\n".join(_BLANKS_IN_LINE.sub(" ", line).strip(" ") for line in text.split("\n")).strip("\n")
