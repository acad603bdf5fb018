r"""The regular part of ECMA 262 patterns, parsed. What is not regular or differs between engines (look-around, back
references, `\b`, `\p`, set operations) is `Irregular`. Not for matching: that is the automaton's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

Ranges: TypeAlias = tuple[tuple[int, int], ...]

DIGITS: Final[Ranges] = ((48, 57),)
WORD: Final[Ranges] = ((48, 57), (65, 90), (95, 95), (97, 122))
SPACE: Final[Ranges] = (
    *((9, 13), (32, 32), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x2029)),
    *((0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000), (0xFEFF, 0xFEFF)),
)
CLASSES: Final = {"d": DIGITS, "w": WORD, "s": SPACE}
CONTROLS: Final = {"t": 9, "n": 10, "v": 11, "f": 12, "r": 13}
SYNTAX: Final = frozenset("^$\\.*+?()[]{}|/")


class Irregular(Exception):
    pass


@dataclass(frozen=True, slots=True)
class CharSet:
    ranges: Ranges
    negated: bool = False
    dot: bool = False

    def __contains__(self, char: str) -> bool:
        code = ord(char)
        return any(low <= code <= high for low, high in self.ranges) is not self.negated


@dataclass(frozen=True, slots=True)
class Anchor:
    """`^` or `$`."""

    at_end: bool


@dataclass(frozen=True, slots=True)
class Concatenation:
    items: tuple[PatternNode, ...]


@dataclass(frozen=True, slots=True)
class Alternation:
    options: tuple[PatternNode, ...]


@dataclass(frozen=True, slots=True)
class Repetition:
    item: PatternNode
    low: int
    high: int | None


PatternNode: TypeAlias = CharSet | Anchor | Concatenation | Alternation | Repetition


@dataclass(slots=True)
class _PatternParser:
    text: str
    at: int = 0
    depth: int = 0

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def take(self, wanted: str) -> bool:
        if self.text.startswith(wanted, self.at):
            self.at += len(wanted)
            return True
        return False

    def expect(self, wanted: str) -> None:
        if not self.take(wanted):
            raise Irregular

    def alternation(self) -> PatternNode:
        self.depth += 1
        if self.depth > 40:  # noqa: PLR2004 - groups within groups; the walks below are recursive
            raise Irregular
        options = [self.concatenation()]
        while self.take("|"):
            options.append(self.concatenation())
        self.depth -= 1
        return options[0] if len(options) == 1 else Alternation(tuple(options))

    def concatenation(self) -> PatternNode:
        items: list[PatternNode] = []
        while self.peek() not in ("", "|", ")"):
            items.append(self.term())
        return Concatenation(tuple(items))

    def term(self) -> PatternNode:
        atom = self.atom()
        bounds = self.quantifier()
        if bounds is None:
            return atom
        self.take("?")
        if isinstance(atom, Anchor) or (bounds[1] is not None and bounds[1] < bounds[0]):
            raise Irregular
        return Repetition(atom, *bounds)

    def quantifier(self) -> tuple[int, int | None] | None:
        for sign, bounds in {"*": (0, None), "+": (1, None), "?": (0, 1)}.items():
            if self.take(sign):
                return bounds
        if not self.take("{"):
            return None
        low = self.number()
        high: int | None = low
        if self.take(","):
            high = None if self.peek() == "}" else self.number()
        self.expect("}")
        return low, high

    def number(self) -> int:
        start = self.at
        while self.peek() in tuple("0123456789"):
            self.at += 1
        if not 0 < self.at - start <= 4:  # noqa: PLR2004 - longer counts do not fit the automaton anyway
            raise Irregular
        return int(self.text[start : self.at])

    def atom(self) -> PatternNode:
        if self.take("("):
            return self.group()
        if self.take("["):
            return self.char_class()
        if self.take("\\"):
            return self.escape()
        char = self.peek()
        self.at += 1
        match char:
            case "^" | "$":
                return Anchor(char == "$")
            case ".":
                return CharSet(((10, 10),), negated=True, dot=True)
            case "*" | "+" | "?" | "{" | "}" | "]":
                raise Irregular
        return CharSet(((ord(char), ord(char)),))

    def group(self) -> PatternNode:
        if self.take("?") and not self.take(":"):
            self.expect("<")
            name, closed, _ = self.text[self.at :].partition(">")
            if not closed or not name.isidentifier():
                raise Irregular
            self.at += len(name) + 1
        inner = self.alternation()
        self.expect(")")
        return inner

    def char_class(self) -> CharSet:
        negated = self.take("^")
        ranges: list[tuple[int, int]] = []
        while not self.take("]"):
            low = self.class_item()
            if self.peek() == "-" and self.text[self.at + 1 : self.at + 2] not in ("]", ""):
                self.at += 1
                high = self.class_item()
                if len(low) != 1 or len(high) != 1 or low[0][0] != low[0][1] or high[0][1] < low[0][0]:
                    raise Irregular
                low = ((low[0][0], high[0][1]),)
            ranges.extend(low)
        return CharSet(tuple(ranges), negated)

    def class_item(self) -> Ranges:
        if self.take("\\"):
            if self.take("-"):
                return ((45, 45),)
            found = self.escape()
            if found.negated:
                raise Irregular
            return found.ranges
        char = self.peek()
        # `[[`, `&&`, `--` and `~~` mean set operations to some engines.
        if not char or char == "[" or (char in "&-~" and self.text.startswith(char * 2, self.at)):
            raise Irregular
        self.at += 1
        return ((ord(char), ord(char)),)

    def escape(self) -> CharSet:
        char = self.peek()
        self.at += 1
        if char.lower() in CLASSES:
            return CharSet(CLASSES[char.lower()], negated=char.isupper())
        if char in CONTROLS:
            return CharSet(((CONTROLS[char], CONTROLS[char]),))
        if char in ("x", "u"):
            code = self.code_point(2 if char == "x" else 4)
            return CharSet(((code, code),))
        if char in SYNTAX:
            return CharSet(((ord(char), ord(char)),))
        raise Irregular

    def code_point(self, width: int) -> int:
        digits = self.text[self.at : self.at + width]
        self.at += width
        if len(digits) != width or any(digit not in "0123456789abcdefABCDEF" for digit in digits):
            raise Irregular
        code = int(digits, 16)
        if 0xD800 <= code <= 0xDFFF:  # noqa: PLR2004 - half of a surrogate pair
            raise Irregular
        return code


def parse_pattern(pattern: str) -> PatternNode:
    """Raises `Irregular`."""
    parser = _PatternParser(pattern)
    node = parser.alternation()
    if parser.at < len(pattern):
        raise Irregular
    return node
