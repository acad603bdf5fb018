"""HTML in its one form as a tree, for those who read it out in another language. It holds no rule of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser

from cyberflow.remote.html import VOID, canonical_html


@dataclass
class HtmlNode:
    """An element, or a text where `tag` is empty."""

    tag: str = ""
    text: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    children: list[HtmlNode] = field(default_factory=list)


def parse_tree(html: str) -> HtmlNode:
    """Read a prompt; the root is no element. A prompt without any element is one text."""
    reader = _HtmlTreeBuilder()
    reader.feed(canonical_html(html))
    reader.close()
    return reader.root


class _HtmlTreeBuilder(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = HtmlNode("#")
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = HtmlNode(tag, "", {name: value or "" for name, value in attrs})
        self._open[-1].children.append(node)
        if tag not in VOID:
            self._open.append(node)

    def handle_endtag(self, tag: str) -> None:
        if len(self._open) > 1 and self._open[-1].tag == tag:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(HtmlNode(text=data))
