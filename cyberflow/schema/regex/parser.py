"""Parses ECMA-262 patterns as they are read with the `u` flag; what is not one is `InvalidPattern`."""

from __future__ import annotations

from dataclasses import field
from functools import lru_cache
from typing import Final

from cyberflow.late import dataclass
from cyberflow.schema.regex.syntax import (
    BINARY,
    CATEGORIES,
    DIGITS,
    LAST,
    LINE_ENDS,
    SPACE,
    WORD,
    Alternation,
    Anchor,
    BackReference,
    Capture,
    CharProperty,
    CharSet,
    Concatenation,
    InvalidPattern,
    Look,
    OutOfReach,
    ParsedPattern,
    PatternNode,
    Repetition,
    complement,
)

CLASSES: Final = {"d": DIGITS, "w": WORD, "s": SPACE}
CONTROLS: Final = {"t": 9, "n": 10, "v": 11, "f": 12, "r": 13}
SYNTAX: Final = frozenset("^$\\.*+?()[]{}|/")
HEX: Final = frozenset("0123456789abcdefABCDEF")
LOOKS: Final = {"?=": (False, False), "?!": (False, True), "?<=": (True, False), "?<!": (True, True)}
DEEPEST: Final = 60
_ELSEWHERE: Final = {"A": "^", "Z": "$", "z": "$", "h": "[ \\t]", "R": "\\r?\\n", "-": "-", "_": "_"}
"""How what other engines have is written here."""


@dataclass(slots=True)
class _PatternParser:
    text: str
    at: int = 0
    depth: int = 0
    groups: int = 0
    names: dict[str, int] = field(default_factory=dict)
    wanted: list[int | str] = field(default_factory=list)

    def fail(self, why: str) -> InvalidPattern:
        return InvalidPattern(f"{why}, at position {self.at}")

    def peek(self, ahead: int = 0) -> str:
        return self.text[self.at + ahead : self.at + ahead + 1]

    def take(self, wanted: str) -> bool:
        if self.text.startswith(wanted, self.at):
            self.at += len(wanted)
            return True
        return False

    def expect(self, wanted: str, why: str) -> None:
        if not self.take(wanted):
            raise self.fail(why)

    def alternation(self) -> PatternNode:
        self.depth += 1
        if self.depth > DEEPEST:
            raise OutOfReach
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
        if isinstance(atom, (Anchor, Look)):
            raise self.fail("nothing to repeat")
        if bounds[1] is not None and bounds[1] < bounds[0]:
            raise self.fail("the bounds of a repetition are the wrong way round")
        return Repetition(atom, *bounds, lazy=self.take("?"))

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
        self.expect("}", "a repetition is `{2}`, `{2,}` or `{2,4}`")
        return low, high

    def number(self) -> int:
        start = self.at
        while self.peek() in tuple("0123456789"):
            self.at += 1
        if start == self.at:
            raise self.fail("a repetition begins with a number, `{0,3}`")
        return int(self.text[start : self.at][:12])

    def atom(self) -> PatternNode:
        if self.take("("):
            return self.group()
        if self.take("["):
            return self.char_class()
        if self.take("\\"):
            return self.escape()
        char = self.peek()
        if char in tuple("*+?"):
            raise self.fail("nothing to repeat")
        if char in tuple("{}]"):
            raise self.fail(f"`{char}` is written `\\{char}`")
        self.at += 1
        if char in ("^", "$"):
            return Anchor(char)
        return CharSet(LINE_ENDS, negated=True) if char == "." else CharSet(((ord(char), ord(char)),))

    def group(self) -> PatternNode:
        for sign, (behind, negated) in LOOKS.items():
            if self.take(sign):
                return Look(self._inside(), behind, negated)
        if self.take("?:"):
            return self._inside()
        self.groups += 1
        number = self.groups
        if self.take("?"):
            if self.peek() == "P":
                raise self.fail("a group is named `(?<name>…)`, without a `P`")
            self.expect("<", "a group begins `(?:`, `(?=`, `(?!`, `(?<=`, `(?<!` or `(?<name>`")
            name = self.name()
            if name in self.names:
                raise self.fail(f"two groups are called `{name}`")
            self.names[name] = number
        return Capture(self._inside(), number)

    def _inside(self) -> PatternNode:
        inner = self.alternation()
        self.expect(")", "a group is not closed")
        return inner

    def name(self) -> str:
        name, closed, _ = self.text[self.at :].partition(">")
        if not closed or not name.replace("$", "_").isidentifier():
            raise self.fail("a group has no name")
        self.at += len(name) + 1
        return name

    def char_class(self) -> CharSet:
        negated = self.take("^")
        ranges: list[tuple[int, int]] = []
        properties: list[CharProperty] = []
        while not self.take("]"):
            low = self.class_item()
            if self.peek() == "-" and self.peek(1) not in ("]", ""):
                self.at += 1
                low = self._range(low, self.class_item())
            ranges.extend(low.ranges)
            properties.extend(low.properties)
        return CharSet(tuple(ranges), negated, tuple(properties))

    def _range(self, low: CharSet, high: CharSet) -> CharSet:
        ends = [*low.ranges, *high.ranges]
        if low.properties or high.properties or len(ends) != 2 or any(first != last for first, last in ends):  # noqa: PLR2004
            raise self.fail("a range begins and ends with one character")
        if ends[1][0] < ends[0][0]:
            raise self.fail("a range is the wrong way round")
        return CharSet(((ends[0][0], ends[1][0]),))

    def class_item(self) -> CharSet:
        char = self.peek()
        if not char:
            raise self.fail("a set `[` is not closed")
        self.at += 1
        if char != "\\":
            return CharSet(((ord(char), ord(char)),))
        if self.take("-"):
            return CharSet(((45, 45),))
        if self.take("b"):
            return CharSet(((8, 8),))
        found = self.escape(inside=True)
        if not isinstance(found, CharSet):
            raise self.fail("this escape has no meaning inside a set")
        return CharSet(complement(found.ranges)) if found.negated else found

    def escape(self, *, inside: bool = False) -> PatternNode:
        char = self.peek()
        self.at += 1
        if char and char.lower() in CLASSES:
            return CharSet(CLASSES[char.lower()], negated=char.isupper())
        if char and char in "pP":
            return CharSet(properties=(self.char_property(negated=char == "P"),))
        if char in ("b", "B") and not inside:
            return Anchor(char)
        if (char == "k" or (char and char in "123456789")) and not inside:
            return self.back_reference(char)
        code = self.character(char)
        return CharSet(((code, code),))

    def character(self, char: str) -> int:
        if char in CONTROLS:
            return CONTROLS[char]
        if char in ("x", "u"):
            return self.code_point(char)
        if char == "c" and self.peek().isascii() and self.peek().isalpha():
            self.at += 1
            return ord(self.text[self.at - 1]) % 32
        if char == "0" and not self.peek().isdigit():
            return 0
        if char in SYNTAX:
            return ord(char)
        meant = _ELSEWHERE.get(char)
        raise self.fail(f"`\\{char}` has no meaning" + (f" (write `{meant}`)" if meant else ""))

    def code_point(self, sign: str) -> int:
        if sign == "u" and self.take("{"):
            digits, closed, _ = self.text[self.at :].partition("}")
            self.at += len(digits) + 1
            if not closed or not digits or not HEX.issuperset(digits) or int(digits, 16) > LAST:
                raise self.fail("`\\u{…}` is not a character")
            return int(digits, 16)
        code = self.hex(2 if sign == "x" else 4)
        if 0xD800 <= code <= 0xDBFF and self.text.startswith("\\u", self.at):  # noqa: PLR2004 - half of a pair
            back, self.at = self.at, self.at + 2
            low = self.hex(4) if self.peek() != "{" else 0
            if 0xDC00 <= low <= 0xDFFF:  # noqa: PLR2004 - the other half
                return 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)
            self.at = back
        return code

    def hex(self, width: int) -> int:
        digits = self.text[self.at : self.at + width]
        self.at += width
        if len(digits) != width or not HEX.issuperset(digits):
            raise self.fail("an escape has too few hexadecimal digits")
        return int(digits, 16)

    def char_property(self, *, negated: bool) -> CharProperty:
        self.expect("{", "a property is written `\\p{L}`")
        written, closed, _ = self.text[self.at :].partition("}")
        key, equals, value = written.partition("=")
        script = key in ("Script", "sc", "Script_Extensions", "scx") and value.replace("_", "").isalpha()
        category = key in ("General_Category", "gc") and value in CATEGORIES
        known = script or category if equals else key in CATEGORIES or key in BINARY
        if not closed or not known:
            raise self.fail(f"there is no property `{written}`")
        self.at += len(written) + 1
        return CharProperty(value if category else written, negated)

    def back_reference(self, char: str) -> BackReference:
        if char == "k":
            self.expect("<", "`\\k` names a group, `\\k<name>`")
            self.wanted.append(self.name())
        else:
            start = self.at - 1
            while self.peek() in tuple("0123456789"):
                self.at += 1
            self.wanted.append(int(self.text[start : self.at][:9]))
        return BackReference(len(self.wanted))

    def resolve(self) -> tuple[int, ...]:
        """The numbers of the groups that are referred to, in the order of the references."""
        numbers: list[int] = []
        for wanted in self.wanted:
            number = self.names.get(wanted, 0) if isinstance(wanted, str) else wanted
            if not 0 < number <= self.groups:
                raise InvalidPattern(f"there is no group `{wanted}`")
            numbers.append(number)
        return tuple(numbers)


@lru_cache(maxsize=512)
def parse_pattern(pattern: str) -> ParsedPattern:
    """Raises `InvalidPattern`, or `OutOfReach` for one that is nested too deeply."""
    parser = _PatternParser(pattern)
    node = parser.alternation()
    if parser.at < len(pattern):
        raise parser.fail("a `)` has no `(`")
    return ParsedPattern(node, parser.resolve())
