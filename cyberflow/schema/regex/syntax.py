"""The syntax tree of an ECMA-262 pattern."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Final, TypeAlias

from cyberflow.late import dataclass

Ranges: TypeAlias = tuple[tuple[int, int], ...]

DIGITS: Final[Ranges] = ((48, 57),)
WORD: Final[Ranges] = ((48, 57), (65, 90), (95, 95), (97, 122))
SPACE: Final[Ranges] = (
    *((9, 13), (32, 32), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x2029)),
    *((0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000), (0xFEFF, 0xFEFF)),
)
LINE_ENDS: Final[Ranges] = ((10, 10), (13, 13), (0x2028, 0x2029))
LAST: Final = 0x10FFFF


class OutOfReach(Exception):
    """A question about a valid pattern that cannot be answered here: too much work, or a property without data."""


class InvalidPattern(ValueError):
    """A text that is not a pattern; its message says why."""


@dataclass(frozen=True, slots=True)
class CharProperty:
    r"""`\\p{…}`: a general category, or another property of Unicode."""

    name: str
    negated: bool = False

    def __contains__(self, char: str) -> bool:
        return _has_property(self.name, char) is not self.negated


@dataclass(frozen=True, slots=True)
class CharSet:
    """One character out of ranges and properties, or, `negated`, out of all others."""

    ranges: Ranges = ()
    negated: bool = False
    properties: tuple[CharProperty, ...] = ()

    def __contains__(self, char: str) -> bool:
        code = ord(char)
        held = any(low <= code <= high for low, high in self.ranges) or any(char in each for each in self.properties)
        return held is not self.negated


@dataclass(frozen=True, slots=True)
class Anchor:
    r"""A place without width: `^`, `$`, `\\b` or `\\B`."""

    sign: str

    def holds(self, text: str, at: int) -> bool:
        if self.sign in "^$":
            return at == (len(text) if self.sign == "$" else 0)
        edge = (at > 0 and text[at - 1] in _WORD_CHAR) is not (at < len(text) and text[at] in _WORD_CHAR)
        return edge is (self.sign == "b")


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
    lazy: bool = False


@dataclass(frozen=True, slots=True)
class Capture:
    """A group whose text can be asked for again."""

    item: PatternNode
    number: int


@dataclass(frozen=True, slots=True)
class BackReference:
    number: int


@dataclass(frozen=True, slots=True)
class Look:
    """Look-around: what must, or, `negated`, must not stand before or `behind` a place."""

    item: PatternNode
    behind: bool
    negated: bool


PatternNode: TypeAlias = CharSet | Anchor | Concatenation | Alternation | Repetition | Capture | BackReference | Look
_WORD_CHAR: Final = CharSet(WORD)


@dataclass(frozen=True, slots=True)
class ParsedPattern:
    """A pattern as a tree; `references` are the groups that its back references mean, in order."""

    root: PatternNode
    references: tuple[int, ...]


def complement(ranges: Ranges) -> Ranges:
    """Give every code point that the ranges leave out."""
    made: list[tuple[int, int]] = []
    start = 0
    for low, high in sorted(ranges):
        if low > start:
            made.append((start, low - 1))
        start = max(start, high + 1)
    return (*made, (start, LAST)) if start <= LAST else tuple(made)


CATEGORIES: Final = {
    name: short
    for short, names in {
        "L": "L Letter",
        "LC": "LC Cased_Letter",
        "Lu": "Lu Uppercase_Letter",
        "Ll": "Ll Lowercase_Letter",
        "Lt": "Lt Titlecase_Letter",
        "Lm": "Lm Modifier_Letter",
        "Lo": "Lo Other_Letter",
        "M": "M Mark Combining_Mark",
        "Mn": "Mn Nonspacing_Mark",
        "Mc": "Mc Spacing_Mark",
        "Me": "Me Enclosing_Mark",
        "N": "N Number",
        "Nd": "Nd Decimal_Number digit",
        "Nl": "Nl Letter_Number",
        "No": "No Other_Number",
        "P": "P Punctuation punct",
        "Pc": "Pc Connector_Punctuation",
        "Pd": "Pd Dash_Punctuation",
        "Ps": "Ps Open_Punctuation",
        "Pe": "Pe Close_Punctuation",
        "Pi": "Pi Initial_Punctuation",
        "Pf": "Pf Final_Punctuation",
        "Po": "Po Other_Punctuation",
        "S": "S Symbol",
        "Sm": "Sm Math_Symbol",
        "Sc": "Sc Currency_Symbol",
        "Sk": "Sk Modifier_Symbol",
        "So": "So Other_Symbol",
        "Z": "Z Separator",
        "Zs": "Zs Space_Separator",
        "Zl": "Zl Line_Separator",
        "Zp": "Zp Paragraph_Separator",
        "C": "C Other",
        "Cc": "Cc Control cntrl",
        "Cf": "Cf Format",
        "Cs": "Cs Surrogate",
        "Co": "Co Private_Use",
        "Cn": "Cn Unassigned",
    }.items()
    for name in names.split()
}
_BINARY: Final = """
    ASCII ASCII_Hex_Digit AHex Alphabetic Alpha Any Assigned Bidi_Control Bidi_C Bidi_Mirrored Bidi_M
    Case_Ignorable CI Cased CWCF CWCM CWKCF CWL CWT CWU Changes_When_Casefolded Changes_When_Casemapped
    Changes_When_Lowercased Changes_When_NFKC_Casefolded Changes_When_Titlecased Changes_When_Uppercased
    Dash Default_Ignorable_Code_Point DI Deprecated Dep Diacritic Dia Emoji Emoji_Component EComp
    Emoji_Modifier EMod Emoji_Modifier_Base EBase Emoji_Presentation EPres Extended_Pictographic ExtPict
    Extender Ext Grapheme_Base Gr_Base Grapheme_Extend Gr_Ext Hex_Digit Hex IDS_Binary_Operator IDSB
    IDS_Trinary_Operator IDST ID_Continue IDC ID_Start IDS Ideographic Ideo Join_Control Join_C
    Logical_Order_Exception LOE Lowercase Lower Math Noncharacter_Code_Point NChar Pattern_Syntax
    Pat_Syn Pattern_White_Space Pat_WS Quotation_Mark QMark Radical Regional_Indicator RI
    Sentence_Terminal STerm Soft_Dotted SD Terminal_Punctuation Term Unified_Ideograph UIdeo Uppercase
    Upper Variation_Selector VS White_Space space XID_Continue XIDC XID_Start XIDS
"""
BINARY: Final = frozenset(_BINARY.split())


@lru_cache(maxsize=4096)
def _has_property(name: str, char: str) -> bool:
    if name in CATEGORIES:
        short, category = CATEGORIES[name], unicodedata.category(char)
        return category in ("Lu", "Ll", "Lt") if short == "LC" else category.startswith(short)
    match name:
        case "Any":
            return True
        case "ASCII":
            return char.isascii()
        case "Assigned":
            return unicodedata.category(char) != "Cn"
        case "White_Space" | "space":
            return char in CharSet((*SPACE[:-1], (0x85, 0x85)))
        case "ASCII_Hex_Digit" | "AHex":
            return char in "0123456789abcdefABCDEF"
        case "ID_Start" | "IDS" | "XID_Start" | "XIDS":
            return char.isidentifier() and char != "_"
    raise OutOfReach
