"""A prompt as its agent reads it: words in order, with layout and emphasis taken away. What may change what is done (a
nested list, a number, struck text, lines of code, the cells of a table) stays part of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from cyberflow.language.prompt.scanner import scan
from cyberflow.remote.html import BLOCK, HtmlNode, parse_tree

_BLANKS = re.compile(r"[ \t\r\n\f]+")
_MEANINGFUL = {"s": "\ue000", "del": "\ue000", "sub": "\ue001", "sup": "\ue002"}
"""Elements that say something else of the same words."""
_CELL, _LINE, _INDENT, _IMAGE, _LINK = "\ue003", "\ue004", "\ue005", "\ue006", "\ue007"
_SIGNS = {"input": "the input `{}`", "secret": "the secret `${}`", "runtime": "the runtime value `{{{{{}}}}}`"}
ImageKey = Callable[[str], str]
"""What two addresses of one picture have in common."""


@dataclass
class PromptReading:
    """`words` in order, images among them, and the same by `blocks`; `items` says of the words that begin an item of a
    list how deep it stands and which number it has, None in a list without; `parts` are the tokens and images, by how
    a person calls them.
    """

    words: list[str] = field(default_factory=list)
    blocks: list[str] = field(default_factory=list)
    items: dict[int, tuple[int, int | None]] = field(default_factory=dict)
    parts: dict[str, str] = field(default_factory=dict)

    def says_the_same(self, other: PromptReading) -> bool:
        """Whether only layout and emphasis can differ. A paragraph may become an item, a dot a number."""
        if self.words != other.words:
            return False
        plain = (1, None)
        for at in self.items.keys() | other.items.keys():
            (depth, number), (other_depth, other_number) = self.items.get(at, plain), other.items.get(at, plain)
            if depth != other_depth or (number != other_number and None not in (number, other_number)):
                return False
        return True


def read_as_agent(html: str, image: ImageKey, names: Mapping[str, str]) -> PromptReading:
    """Read a prompt in wire form. `image` tells which addresses show the same, `names` how people call an image."""
    found = PromptReading()
    reader = _AgentReader(found, image, names)
    reader.read(parse_tree(html), 0)
    reader.end_block()
    for token in scan(html, format="wire", inputs=()).tokens:
        found.parts[f"{token.kind} {token.path.root}"] = _SIGNS[token.kind].format(token.path.root)
    return found


class _AgentReader:
    """Walks a tree; `_text` is what the block at hand says so far."""

    def __init__(self, found: PromptReading, image: ImageKey, names: Mapping[str, str]) -> None:
        self._found = found
        self._image = image
        self._names = names
        self._text: list[str] = []

    def end_block(self) -> None:
        words = [*filter(None, _BLANKS.split("".join(self._text)))]
        self._found.words += words
        self._found.blocks += [" ".join(words)] if words else []
        self._text = []

    def read(self, node: HtmlNode, depth: int) -> None:
        if node.tag in ("ol", "ul"):
            self._read_list(node, depth)
        elif node.tag == "pre":
            self.end_block()
            self._text.append(_code(node))
            self.end_block()
        elif node.tag == "img":
            self._read_image(node)
        elif node.tag in BLOCK:
            self.end_block()
            self._read_children(node, depth)
            if node.tag in ("td", "th"):
                self._text.append(f" {_CELL} ")
            self.end_block()
        elif sign := _MEANINGFUL.get(node.tag):
            self._text.append(sign)
            self._read_children(node, depth)
            self._text.append(sign)
        else:
            self._read_children(node, depth)
            if address := node.attributes.get("href"):
                self._text.append(f" {_LINK}{address} ")

    def _read_children(self, node: HtmlNode, depth: int) -> None:
        self._text.append(node.text)
        for child in node.children:
            self.read(child, depth)

    def _read_list(self, node: HtmlNode, depth: int) -> None:
        self.end_block()
        start = node.attributes.get("start", "1")
        number = int(start) if node.tag == "ol" and start.isdecimal() else 1
        for child in node.children:
            if child.tag == "li":
                self._found.items[len(self._found.words)] = depth + 1, number if node.tag == "ol" else None
                number += 1
            self.read(child, depth + 1)
            self.end_block()

    def _read_image(self, node: HtmlNode) -> None:
        address = node.attributes.get("src", "")
        key = self._image(address)
        self._text.append(f" {_IMAGE}{key} {node.attributes.get('alt', '')} ")
        name = self._names.get(address) or address.rsplit("/", 1)[-1]
        self._found.parts[f"image {key}"] = f"the image `{name}`"


def _code(node: HtmlNode) -> str:
    """Code, of which the lines and the blanks before and between words count."""
    lines = _plain_text(node).strip("\n").split("\n")
    written = (line.rstrip().replace("\t", _INDENT).replace("  ", _INDENT) for line in lines)
    return f" {_LINE} ".join(written)


def _plain_text(node: HtmlNode) -> str:
    return node.text + "".join(map(_plain_text, node.children))
