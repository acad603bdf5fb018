"""Writes a pattern in words that other engines share: for member names, which `jsonschema_rs` matches itself."""

from __future__ import annotations

from typing import Final

from cyberflow.schema.regex.parser import parse_pattern
from cyberflow.schema.regex.syntax import (
    LAST,
    WORD,
    Alternation,
    Anchor,
    BackReference,
    Capture,
    CharSet,
    Concatenation,
    Look,
    ParsedPattern,
    PatternNode,
    Ranges,
    Repetition,
)

_SURROGATES: Final = (0xD800, 0xDFFF)
_LOOKS: Final = {(False, False): "?=", (False, True): "?!", (True, False): "?<=", (True, True): "?<!"}


def translate(pattern: str) -> str:
    """Raises `InvalidPattern`, or `OutOfReach`, as parsing does."""
    parsed = parse_pattern(pattern)
    return _Writer(parsed).write(parsed.root)


class _Writer:
    def __init__(self, pattern: ParsedPattern) -> None:
        self._pattern = pattern

    def write(self, node: PatternNode) -> str:
        match node:
            case CharSet():
                return _char_set(node)
            case Anchor(sign):
                return sign if sign in "^$" else _word_edge(inside=sign == "B")
            case Concatenation(items):
                return "".join(map(self.write, items))
            case Alternation(options):
                return f"(?:{'|'.join(map(self.write, options))})"
            case Repetition(item, low, high, lazy):
                bounds = f"{{{low},{'' if high is None else high}}}"
                return f"(?:{self.write(item)}){bounds}{'?' if lazy else ''}"
            case Capture(item):
                return f"({self.write(item)})"
            case BackReference(index):
                return f"(?:\\{self._pattern.references[index - 1]})"
            case Look(item, behind, negated):
                return f"({_LOOKS[behind, negated]}{self.write(item)})"


def _word_edge(*, inside: bool) -> str:
    word = _char_set(CharSet(WORD))
    first, second = ("?=", "?!") if inside else ("?!", "?=")
    return f"(?:(?<={word})({first}{word})|(?<!{word})({second}{word}))"


def _char_set(node: CharSet) -> str:
    inner = "".join(_range(*ends) for ends in _without_surrogates(node.ranges))
    inner += "".join(f"\\{'P' if each.negated else 'p'}{{{each.name}}}" for each in node.properties)
    if inner:
        return f"[{'^' if node.negated else ''}{inner}]"
    every = _range(0, LAST)
    return f"[{every}]" if node.negated else f"[^{every}]"


def _without_surrogates(ranges: Ranges) -> list[tuple[int, int]]:
    """Half a character is in no text, and no engine takes it in a pattern."""
    low, high = _SURROGATES
    parts = [part for first, last in ranges for part in ((first, min(last, low - 1)), (max(first, high + 1), last))]
    return [part for part in dict.fromkeys(parts) if part[0] <= part[1]]


def _range(first: int, last: int) -> str:
    return f"\\u{{{first:X}}}" if first == last else f"\\u{{{first:X}}}-\\u{{{last:X}}}"
