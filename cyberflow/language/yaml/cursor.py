"""Where a cursor stands in YAML that is being written, and may not parse yet: the route, and what is typed so far. The
line is closed as its writer would, and where that is not enough all is left out that the cursor is not inside of.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from cyberflow.language.yaml.bounds import YamlTooLarge
from cyberflow.language.yaml.build_data import DataBuilder, InvisibleSeparator
from cyberflow.language.yaml.compose import compose
from cyberflow.late import dataclass, expression
from cyberflow.source import Route, line_end

_SIGN = "\ue0c7"
"""Stands for the cursor: a character for private use, which is text in every style."""
_CLOSERS = {"{": "}", "[": "]", '"': '"', "'": "'"}
_INDENT = expression(r"[ ]*")
_KEY = expression(r"[ ]*(?:- +)*[\w-]*")
_EMPTY = expression(r"[ \t]*(?:#.*)?")


@dataclass(frozen=True)
class Cursor:
    """A cursor in a key or a value. `before` is the text of that scalar up to it, `after` what comes behind; `data` is
    the file as far as it could be read, with nothing where the cursor is.
    """

    route: Route
    is_key: bool
    before: str
    after: str
    data: Any

    @property
    def parent(self) -> Route:
        return self.route[:-1]


def cursor_at(text: str, offset: int) -> Cursor | None:
    """The cursor at an offset of a text; None where no repair makes sense of it, as in a comment."""
    for candidate in _candidates(text, offset):
        try:
            root = compose(candidate)
            found = next(_find(root, (), set()), None) if root is not None else None
            if found is not None:
                data = DataBuilder("", candidate, [], set()).build(root) if root is not None else None
                return _cursor(found, data)
        except (yaml.YAMLError, YamlTooLarge, InvisibleSeparator, RecursionError):
            continue
    return None


def _cursor(found: tuple[Route, bool, str], data: Any) -> Cursor:
    route, is_key, written = found
    before, _, after = written.partition(_SIGN)
    return Cursor(route, is_key, before, after, data)


def _find(node: Node, route: Route, seen: set[int]) -> Iterator[tuple[Route, bool, str]]:
    """The scalar that holds the sign: its route, whether it is a key, and its text."""
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, ScalarNode):
        if _SIGN in node.value:
            yield route, False, node.value
    elif isinstance(node, SequenceNode):
        for index, item in enumerate(node.value):
            yield from _find(item, (*route, index), seen)
    elif isinstance(node, MappingNode):
        for key, value in node.value:
            if isinstance(key, ScalarNode) and _SIGN in key.value:
                yield (*route, key.value.replace(_SIGN, "")), True, key.value
            yield from _find(value, (*route, str(getattr(key, "value", ""))), seen)


def _candidates(text: str, offset: int) -> Iterator[str]:
    """Texts with the sign in them, the likeliest first: the declaration around the cursor, the whole file, and what is
    above the cursor's line by its indentation.
    """
    start = text.rfind("\n", 0, offset) + 1
    end = line_end(text, offset)
    before, after = text[start:offset], text[offset:end]
    lines = list(_repairs(before, after))
    for above, below in _surroundings(text, start, end):
        yield from (f"{above}{line}{below}" for line in lines)


def _repairs(before: str, after: str) -> Iterator[str]:
    """The line of the cursor with the sign in it, as it is and as it may be going to be."""
    bare = not before.strip(" -")
    if bare and not after.strip():
        yield f"{before}{_SIGN}:"
    yield f"{before}{_SIGN}{after}"
    closed = f"{before}{_SIGN}{_missing_closers(before)}"
    yield closed
    if not bare:
        yield f"{closed}{after}"
    if _KEY.fullmatch(before):
        yield f"{before}{_SIGN}:"


def _missing_closers(before: str) -> str:
    """The brackets and quotes that the line opened and did not close, in the order to close them."""
    open_: list[str] = []
    quote = ""
    for index, sign in enumerate(before):
        if quote:
            if sign == quote and not (quote == '"' and before[index - 1 : index] == "\\"):
                quote = ""
        elif sign in "{[" and (open_ or not before[:index].strip() or before[:index].rstrip()[-1] in ":-"):
            open_.append(_CLOSERS[sign])
        elif sign in "}]" and open_:
            open_.pop()
        elif sign in "'\"" and before[:index].rstrip()[-1:] in ("", ":", "-", "{", "[", ","):
            quote = sign
        elif sign == "#" and before[:index][-1:] in ("", " ", "\t"):
            break
    return quote + "".join(reversed(open_))


def _surroundings(text: str, start: int, end: int) -> Iterator[tuple[str, str]]:
    """What comes before and behind the line of the cursor: of its declaration, of the file, of what it is inside of."""
    low, high = _declaration(text, start, end)
    heads = _ancestors(text, low, start)
    if low > 0 or high < len(text):
        yield "".join(_ancestors(text, 0, low)) + text[low:start], text[end:high]
    yield text[:start], text[end:]
    yield "".join(_ancestors(text, 0, low)) + text[low:start], ""
    yield "".join([*_ancestors(text, 0, low), *heads]), ""


def _declaration(text: str, start: int, end: int) -> tuple[int, int]:
    """The lines of the declaration that a line belongs to: those below a name that is indented by one step."""
    low = start
    step = _step(text)
    while low > 0 and not _begins(text, low, step):
        low = text.rfind("\n", 0, low - 1) + 1
    high = end
    while high < len(text) and not _begins(text, high + 1, step):
        high = line_end(text, high + 1)
    return low, min(high, len(text))


def _step(text: str) -> int:
    """How far the first line that is indented at all is."""
    return next((len(one[0]) for one in re.finditer(r"^ +(?=[^\s#-])", text, re.MULTILINE)), 2)


def _begins(text: str, at: int, step: int) -> bool:
    """Whether a declaration or a section begins on the line at an offset."""
    line = text[at : text.find("\n", at) if "\n" in text[at:] else len(text)]
    return not _EMPTY.fullmatch(line) and len(_INDENT.match(line)[0]) <= step  # type: ignore[index]


def _ancestors(text: str, low: int, start: int) -> list[str]:
    """The lines above an offset that hold what stands on it, by their indentation; the items of lists around it too,
    for they are counted.
    """
    line = text[start : line_end(text, start)]
    deepest = len(_INDENT.match(line)[0]) if line.strip() else len(line)  # type: ignore[index]
    kept: list[str] = []
    for above in reversed(text[low:start].splitlines(keepends=True)):
        indent = len(_INDENT.match(above)[0])  # type: ignore[index]
        if _EMPTY.fullmatch(above.rstrip("\n")) or indent > deepest:
            continue
        if indent < deepest or above.lstrip().startswith("- "):
            kept.append(above)
            deepest = min(indent, deepest)
    return kept[::-1]
