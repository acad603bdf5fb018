"""A prompt's HTML as the Markdown that a person would have written: for reading differences, and for `pull`, which
keeps it only where it renders to the same HTML again. What Markdown cannot say stays HTML.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from html import escape

from cyberflow.remote.html import HtmlNode, html_lines, nesting, parse_tree, start_tag

_HEADINGS = {f"h{level}": "#" * level for level in range(1, 7)}
_BLOCKS = frozenset({"p", "ul", "ol", "pre", "blockquote", "hr", "table", "div", *_HEADINGS})
_SPECIAL = re.compile(r"[*`\[\]~|]|_(?!\w)|(?<!\w)_|<(?=[A-Za-z_$/!?])")
_TOKEN = re.compile(r"(?<![\\{])\{(\$?[A-Za-z_][\w.\-\[\]']*)\}(?!\})")
_STARTS_BLOCK = re.compile(r"^(\s*)(#{1,6}(?=\s)|[-+>](?=\s|$)|={3,}|-{3,})", re.MULTILINE)
_BEFORE_WORD = frozenset(" \n\t([\"'")
_NUMBERED = re.compile(r"^(\s*\d+)([.)])(?=\s)", re.MULTILINE)
_ALIKE = {"b": "strong", "i": "em"}
DEEPEST = 50
ImageSource = Callable[[str], str]


def html_to_markdown(html: str, *, source: ImageSource = str, exact: bool = True) -> str:
    """Write it out. `source` says how the address of an image is written; without `exact`, for eyes only, nothing is
    escaped. What is nested deeper than a person would write stays HTML.
    """
    if nesting(html) > DEEPEST:
        return "\n".join(html_lines(html))
    return "\n".join(_MarkdownWriter(source, exact).blocks(parse_tree(html).children))


def readable_lines(html: str, source: ImageSource = str) -> list[str]:
    """The lines that a person compares; images under the names that `source` gives."""
    return html_to_markdown(html, source=source, exact=False).split("\n")


@dataclass(frozen=True)
class _MarkdownWriter:
    source: ImageSource
    exact: bool

    def blocks(self, nodes: Iterable[HtmlNode]) -> list[str]:
        """Blocks as lines, with a blank line between two."""
        lines: list[str] = []
        for block in self._iterate_blocks(nodes):
            lines += ["", *block] if lines else block
        return lines

    def _iterate_blocks(self, nodes: Iterable[HtmlNode]) -> Iterator[list[str]]:
        run: list[HtmlNode] = []
        for node in nodes:
            if node.tag not in _BLOCKS:
                run.append(node)
                continue
            if run:
                yield from self._paragraph(run)
                run = []
            yield self._block(node)
        if run:
            yield from self._paragraph(run)

    def _paragraph(self, nodes: list[HtmlNode]) -> Iterator[list[str]]:
        text = "".join(map(self._inline, nodes)).strip()
        if text and self.exact:
            text = _NUMBERED.sub(lambda one: f"{one[1]}&#{ord(one[2])};", _STARTS_BLOCK.sub(r"\1\\\2", text))
        if text:
            yield text.split("\n")

    def _block(self, node: HtmlNode) -> list[str]:
        if node.tag in _HEADINGS:
            return [f"{_HEADINGS[node.tag]} {self._inline_children(node)}"]
        if node.tag in ("ul", "ol"):
            return self._items(node)
        if node.tag == "pre":
            return self._code(node)
        if node.tag == "blockquote":
            return [f"> {line}".rstrip() for line in self.blocks(node.children)]
        if node.tag == "hr":
            return ["---"]
        if node.tag == "p" and not node.attributes:
            return next(self._paragraph(node.children), [])
        return _raw_html(node).split("\n")

    def _items(self, node: HtmlNode) -> list[str]:
        items = [one for one in node.children if one.tag == "li"]
        loose = any(child.tag == "p" for one in items for child in one.children)
        start = int(node.attributes.get("start") or 1) if (node.attributes.get("start") or "1").isdecimal() else 1
        lines: list[str] = []
        for number, item in enumerate(items, start):
            mark = f"{number}. " if node.tag == "ol" else "- "
            inner = self.blocks(item.children) if loose else self._tight(item)
            if lines and loose:
                lines.append("")
            lines += [mark + (inner[0] if inner else "")]
            lines += [" " * len(mark) + line if line else "" for line in inner[1:]]
        return lines

    def _tight(self, item: HtmlNode) -> list[str]:
        return [line for block in self._iterate_blocks(item.children) for line in block]

    def _code(self, node: HtmlNode) -> list[str]:
        inner = node.children[0] if len(node.children) == 1 else node
        language = inner.attributes.get("class", "").removeprefix("language-") if inner.tag == "code" else ""
        text = _text_content(node).removeprefix("\n").removesuffix("\n")
        fence = "`" * max(3, max((len(run) for run in re.findall(r"`+", text)), default=0) + 1)
        return [f"{fence}{language}", *text.split("\n"), fence]

    def _inline_children(self, node: HtmlNode) -> str:
        return "".join(map(self._inline, node.children))

    def _inline(self, node: HtmlNode) -> str:
        match node.tag if self.exact else _ALIKE.get(node.tag, node.tag):
            case "":
                return self._escape_text(node.text)
            case "strong":
                return f"**{self._inline_children(node)}**"
            case "em":
                return f"*{self._inline_children(node)}*"
            case "code" if not node.attributes:
                text = _TOKEN.sub(r"<\1>", _text_content(node))
                return f"`{text}`" if "`" not in text else f"`` {text} ``"
            case "br":
                return "<br>\n"
            case "img":
                return f"![{_alt(node)}]({self.source(node.attributes.get('src', ''))})"
            case "a" if set(node.attributes) <= {"href"}:
                return f"[{self._inline_children(node)}]({node.attributes.get('href', '')})"
        if not self.exact and node.tag in {"span", "u"}:
            return self._inline_children(node)
        return f"{start_tag(node.tag, node.attributes)}{self._inline_children(node)}</{node.tag}>"

    def _escape_text(self, text: str) -> str:
        """Text, with what Markdown would read as its own escaped: at the start of a word by a backslash."""
        pieces: list[str] = []
        done = 0
        for token in _TOKEN.finditer(text):
            pieces += [self._escape_special(text[done : token.start()]), f"<{token[1]}>"]
            done = token.end()
        return "".join([*pieces, self._escape_special(text[done:])])

    def _escape_special(self, text: str) -> str:
        if not self.exact:
            return text

        text = text.replace("&", "&amp;")

        def escaped(found: re.Match[str]) -> str:
            starts_word = text[: found.start()][-1:] in _BEFORE_WORD
            return f"\\{found[0]}" if starts_word else f"&#{ord(found[0])};"

        return _SPECIAL.sub(escaped, text)


def _alt(node: HtmlNode) -> str:
    return node.attributes.get("alt", "").replace("[", "(").replace("]", ")")


def _text_content(node: HtmlNode) -> str:
    return node.text + "".join(map(_text_content, node.children))


def _raw_html(node: HtmlNode) -> str:
    if not node.tag:
        return escape(node.text, quote=False)
    return f"{start_tag(node.tag, node.attributes)}{''.join(map(_raw_html, node.children))}</{node.tag}>"
