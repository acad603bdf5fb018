"""Letters of other alphabets in Latin ones, so that a name keeps its sound where only ASCII may stand."""

from __future__ import annotations

import re
from unicodedata import category, name, normalize

_CYRILLIC = dict(
    zip(
        "абвгдежзиклмнопрстуфхцчшщыэюяієґј",
        "a b v g d e zh z i k l m n o p r s t u f kh ts ch sh shch y e yu ya i ye g j".split(),  # noqa: SIM905
        strict=True,
    )
)
_GREEK = dict(
    zip(
        "αβγδεζηθικλμνξοπρσςτυφχψω",
        "a v g d e z i th i k l m n x o p r s s t y f ch ps o".split(),  # noqa: SIM905
        strict=True,
    )
)
_LATIN = {
    "ß": "ss",
    "æ": "ae",
    "œ": "oe",
    "ø": "o",
    "đ": "d",
    "ð": "d",
    "þ": "th",
    "ł": "l",
    "ı": "i",
    "ħ": "h",
    "ŋ": "ng",
    "ə": "e",
}
_LETTERS = {**_LATIN, **_CYRILLIC, **_GREEK, "ъ": "", "ь": ""}


def to_ascii(text: str) -> str:
    """Write letters of other alphabets with Latin ones; the ones without a custom by the last word of their names."""
    return "".join(map(_spell, normalize("NFKC", text)))


def _spell(letter: str) -> str:
    return _word(letter) if category(letter) == "Lo" else "".join(map(_letter, normalize("NFKD", letter)))


def _letter(letter: str) -> str:
    if letter.isascii() or category(letter).startswith("M"):
        return letter if letter.isascii() else ""
    known = _LETTERS.get(letter.lower())
    if known is None:
        return _word(letter)
    return known.capitalize() if letter.isupper() else known


def _word(letter: str) -> str:
    """A letter of a script that has no table here, or `-` for what is not a letter."""
    is_word = category(letter)[0] in "LN"
    return re.split(r"[ -]", name(letter, ""))[-1].lower() + "-" if is_word else "-"
