"""JSON text to the nodes that YAML gives, by the grammar of JSON alone: escapes for surrogate pairs, no comments, no
trailing commas. Iterative, so that no depth breaks the process.
"""

from __future__ import annotations

import json
import re
from math import isfinite
from typing import Any

from yaml.error import Mark
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from cyberflow.language.yaml.bounds import COLLECTION, PLAIN, QUOTED, Bounds
from cyberflow.late import dataclass, expression

_BLANK = expression(r"[ \t\r\n]*")
_NUMBER = expression(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_WORD = expression(r"[A-Za-z0-9_$+.-]+")
_STRING = expression(r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"')
_STRING_START = expression(r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*')
_SURROGATE = expression("[\ud800-\udfff]")
_HALF_PAIR = expression(
    r"(?<!\\)(?:\\\\)*(\\u[dD](?:[89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|[c-fC-F][0-9a-fA-F]{2}))", re.ASCII
)
_CLOSING = {"{": "}", "[": "]"}


class JsonError(Exception):
    """Text that is not JSON: what is wrong from `start` to `end`, and what to do about it."""

    def __init__(self, message: str, start: int, end: int, help: str) -> None:
        super().__init__(message)
        self.start, self.end, self.help = start, end, help


@dataclass
class _Open:
    """A collection whose end has not come yet."""

    sign: str
    start: int
    items: list[Any]
    key: Node | None = None


class JsonReader:
    """One text, read from its beginning to its end."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._open: list[_Open] = []
        self._bounds = Bounds()

    def read(self) -> Node:
        """Give the root node. Raises JsonError, and YamlTooLarge for what is too deep or too large."""
        done: Node | None = None
        while done is None:
            node = self._value()
            while node is not None and done is None:
                if not self._open:
                    done = node
                else:
                    node = self._add(node)
        self._skip_blanks()
        if self._at < len(self._text):
            raise self._error("there is more behind the value", "one value per file: take the rest away")
        return done

    def _value(self) -> Node | None:
        """A value that is whole; None when a collection was opened that has members."""
        self._skip_blanks()
        self._bounds.descend_resolver()
        sign = self._text[self._at : self._at + 1]
        if sign in ("{", "["):
            return self._open_collection(sign)
        self._bounds.ascend_resolver()
        return self._string() if sign == '"' else self._word()

    def _open_collection(self, sign: str) -> Node | None:
        self._open.append(_Open(sign, self._at, []))
        self._at += 1
        if self._next() == _CLOSING[sign]:
            return self._close()
        if sign == "{":
            self._key()
        return None

    def _add(self, node: Node) -> Node | None:
        """Put a value into the collection that is open; give the collection when it ends here."""
        top = self._open[-1]
        top.items.append((top.key, node) if top.sign == "{" else node)
        sign, closing = self._next(), _CLOSING[top.sign]
        if sign == closing:
            return self._close()
        if sign != ",":
            if not sign:
                help = f"add `{closing}`"
                raise JsonError(f"`{top.sign}` is not closed by `{closing}`", top.start, top.start + 1, help)
            raise self._error(f"here `,` or `{closing}` is expected", "put a comma between two members")
        self._at += 1
        if self._next() == closing:
            raise self._error("a comma with nothing behind it", "take the comma away", back=1)
        if top.sign == "{":
            self._key()
        return None

    def _close(self) -> Node:
        top = self._open.pop()
        self._at += 1
        self._bounds.ascend_resolver()
        kind = MappingNode if top.sign == "{" else SequenceNode
        return kind(COLLECTION, top.items, _mark(top.start), _mark(self._at), flow_style=True)

    def _key(self) -> None:
        if self._next() != '"':
            raise self._error("a key is a text in double quotes", "put double quotes around it")
        self._open[-1].key = self._string()
        if self._next() != ":":
            raise self._error("here `:` is expected", "write `:` and a value after the key")
        self._at += 1

    def _string(self) -> Node:
        start, found = self._at, _STRING.match(self._text, self._at)
        if found is None:
            raise self._string_error(start)
        self._at = found.end()
        value = json.loads(found[0])
        if _SURROGATE.search(value):
            half = _HALF_PAIR.search(found[0])
            at, width = (start + half.start(1), 6) if half else (start, 1)
            raise JsonError("half of a surrogate pair", at, at + width, "write both halves, or the character itself")
        return ScalarNode(QUOTED, value, _mark(start), _mark(self._at), style='"')

    def _string_error(self, start: int) -> JsonError:
        found = _STRING_START.match(self._text, start)
        stop = found.end() if found else start + 1
        sign = self._text[stop : stop + 1]
        if sign == "\\":
            help = 'JSON has `\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX`; write `\\\\` for a backslash'
            return JsonError("a backslash that begins no escape", stop, stop + 2, help)
        if sign and sign != "\n":
            return JsonError("a control character inside a text", stop, stop + 1, f"write it as `\\u{ord(sign):04x}`")
        return JsonError(
            "this quote is never closed", start, start + 1, 'close it with `"`; write `\\n` for a line end'
        )

    def _word(self) -> Node:
        found = _WORD.match(self._text, self._at)
        word = found[0] if found else ""
        number = _NUMBER.fullmatch(word)
        if number is None and word not in ("true", "false", "null"):
            raise self._error("here a value is expected", "JSON has texts in double quotes, numbers, true, false, null")
        if number is not None and not _is_finite(word):
            raise self._error("a number beyond what a program can hold", "write it as a text")
        start, self._at = self._at, self._at + len(word)
        return ScalarNode(PLAIN, word, _mark(start), _mark(self._at))

    def _next(self) -> str:
        self._skip_blanks()
        return self._text[self._at : self._at + 1]

    def _skip_blanks(self) -> None:
        found = _BLANK.match(self._text, self._at)
        self._at = found.end() if found else self._at

    def _error(self, message: str, help: str, *, back: int = 0) -> JsonError:
        if self._at >= len(self._text):
            return JsonError("the file ends before the JSON does", max(self._at - 1, 0), self._at, help)
        word = _WORD.match(self._text, self._at)
        start = self._text.rfind(",", 0, self._at) if back else self._at
        return JsonError(message, start, start + 1 if back or not word else word.end(), help)


def _is_finite(word: str) -> bool:
    try:
        return isfinite(float(word))
    except ValueError:
        return False


def _mark(index: int) -> Mark:
    return Mark("", index, 0, 0, None, 0)
