"""HTML as text: elements, tables and facts. Whatever is not `Html` is foreign, and escaped."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from html import escape

_HARMFUL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""What no document may hold, and what turns the order of the letters around it."""


class Html(str):
    """A text that is HTML already."""

    __slots__ = ()


def to_html(value: str) -> Html:
    """A text as HTML: foreign text escaped, HTML as it is."""
    return value if isinstance(value, Html) else Html(escape(drop_harmful(value)))


def drop_harmful(value: str) -> str:
    return _HARMFUL.sub("\ufffd", value)


def join(parts: Iterable[str], mark: str = "") -> Html:
    """Texts in a row."""
    return Html(to_html(mark).join(map(to_html, parts)))


def element(tag: str, *inner: str, **attributes: str) -> Html:
    """An element; `class_` is its class. Nothing comes of one that would be empty."""
    content = join(inner)
    start = start_tag(tag, {name.rstrip("_"): value for name, value in attributes.items()})
    return Html(f"{start}{content}</{tag}>") if content else content


def start_tag(tag: str, attributes: Mapping[str, str]) -> Html:
    written = (f' {name}="{to_html(value)}"' for name, value in attributes.items())
    return Html(f"<{tag}{''.join(written)}>")


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Html:
    """A table whose first column names the rows; columns in which no row says anything are left out."""
    names, lines = [*head], [[to_html(cell) for cell in row] for row in rows]
    used = [index for index in range(len(names)) if any(line[index] for line in lines)]
    body = join(element("tr", *(_cell(line[index], names[index]) for index in used)) for line in lines)
    top = element("thead", element("tr", *(element("th", names[index], scope="col") for index in used)))
    return element("table", top, element("tbody", body)) if lines else Html()


def _cell(content: Html, name: str) -> Html:
    return Html(f"{start_tag('td', {'data-name': name})}{content}</td>")


def facts(pairs: Iterable[tuple[str, str]]) -> Html:
    """What is known by name; a name of which nothing is known is left out."""
    return element("dl", *(join([element("dt", name), element("dd", value)]) for name, value in pairs if value))


def code(value: str) -> Html:
    return element("code", value)
