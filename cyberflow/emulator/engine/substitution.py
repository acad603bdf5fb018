"""How the platform reads a prompt: HTML to lines of text, and each token to its value. Secrets stay the literal alias
`{$name}` that the agent sees; runtime values stay as written, since a simulation has none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from html.parser import HTMLParser
from typing import Any

EMPTY = "__EMPTY__"

_WORD = r"[A-Za-z_][A-Za-z0-9_-]*"
_PATH = rf"{_WORD}(?:\.{_WORD}|\[\d+\]|\['[^'<>{{}}\n]*'\]|\[\"[^\"<>{{}}\n]*\"\])*"
TOKEN = re.compile(rf"(?P<escape>\\)?(?:\{{\{{(?P<runtime>{_PATH})\}}\}}|\{{(?P<secret>\$)?(?P<path>{_PATH})\}})")
STEP = re.compile(rf"\.?({_WORD})|\[(\d+)\]|\['([^']*)'\]|\[\"([^\"]*)\"\]")
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_BLOCKS = frozenset(
    {"p", "div", "br", "li", "h1", "h2", "h3", "h4", "h5", "h6", "tr", "pre", "ul", "ol", "table", "blockquote", "hr"}
)


class PathOnScalar(Exception):
    """A path was applied to a concrete scalar; the run fails at once."""


def has_inputs(prompt: str) -> bool:
    return bool(input_roots(prompt))


@lru_cache(maxsize=8192)
def input_roots(prompt: str) -> frozenset[str]:
    """The names of the inputs that a prompt refers to; kept, since every list shows whether there are any."""
    return frozenset(
        steps_of(found["path"])[0]
        for found in TOKEN.finditer(prompt)
        if found["path"] and not found["secret"] and not found["escape"]
    )


def steps_of(path: str) -> list[Any]:
    """`a.b[0]['k']` as `["a", "b", 0, "k"]`."""
    steps: list[Any] = []
    for word, index, single, double in STEP.findall(path):
        steps.append(int(index) if index else word or single or double)
    return steps


def lookup(value: Any, steps: list[Any]) -> Any:
    """Walk a path: what is missing or out of bounds is `__EMPTY__`; a scalar has no inside and raises."""
    for step in steps:
        if value is None or value in (EMPTY, ""):
            return EMPTY
        if isinstance(value, Mapping):
            value = value.get(str(step), EMPTY)
        elif isinstance(value, list):
            value = value[step] if isinstance(step, int) and step < len(value) else EMPTY
        else:
            raise PathOnScalar
    return value


def text_of(value: Any) -> str:
    """A value inside a text: a string as it is, anything else as JSON."""
    if value is None or value == "":
        return EMPTY
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def substitute(text: str, inputs: Mapping[str, Any], secrets: Mapping[str, Any]) -> str:
    """Put inputs in. Paths into secrets are walked too, for their errors alone; a value that is not at hand is taken
    to fit. Raises `PathOnScalar` with a message that names the token and no value.
    """

    def value(found: re.Match[str]) -> str:
        token = found[0].removeprefix("\\")
        if found["escape"] or found["runtime"]:
            return token
        root, *rest = steps_of(found["path"])
        try:
            if found["secret"]:
                lookup(secrets.get(root), rest)
                return token
            return text_of(lookup(inputs.get(root, EMPTY), rest))
        except PathOnScalar:
            raise PathOnScalar(f"Type mismatch: {token} applies a path to a value that is not structured") from None

    return TOKEN.sub(value, text)


def lines_of(prompt: str) -> list[str]:
    """A prompt as the lines a person reads, without markup and blank lines."""
    if _TAG.search(prompt):
        reader = _PromptHtmlReader()
        reader.feed(prompt)
        reader.close()
        prompt = "".join(reader.parts)
    return [line for line in (" ".join(part.split()) for part in prompt.splitlines()) if line]


class _PromptHtmlReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.lists: list[int | None] = []
        self.pre_depth = 0
        self.at_item_start = False
        """An item has its sign and no text yet: its first paragraph stays on that line."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BLOCKS and not (tag == "p" and self.at_item_start):
            self.parts.append("\n")
        if tag in {"td", "th"}:
            self.parts.append(" ")
        if tag in {"ol", "ul"}:
            self.lists.append(0 if tag == "ol" else None)
        elif tag == "pre":
            self.pre_depth += 1
        elif tag == "li":
            self._start_item()
        elif tag == "img":
            self.parts.append(f"[{dict(attrs).get('alt') or 'image'}]")

    def _start_item(self) -> None:
        number = self.lists[-1] if self.lists else None
        if number is not None:
            self.lists[-1] = number + 1
        self.parts.append(f"{number + 1}. " if number is not None else "- ")
        self.at_item_start = True

    def handle_endtag(self, tag: str) -> None:
        if tag in {"ol", "ul"} and self.lists:
            self.lists.pop()
        if tag == "pre":
            self.pre_depth = max(0, self.pre_depth - 1)
        if tag in _BLOCKS and tag != "li":
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        self.at_item_start = self.at_item_start and not data.strip()
        if self.pre_depth:
            self.parts.append(data)
        else:
            lead = " " if data[:1].isspace() and data.strip() else ""
            trail = " " if data[-1:].isspace() and data.strip() else ""
            self.parts.append(lead + " ".join(data.split()) + trail)
