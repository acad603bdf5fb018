"""Measures text: how wide it is, judged on the safe side: no font is at hand, and the widest usual one must fit."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from itertools import accumulate

MORE = "…"
_NARROW = frozenset("ijl.,:;'|!()[]{}`/\\ -t\"fr")
_WIDE = frozenset("mwMWQOGD@%&+=<>~")
_SHARES = (0.46, 0.98, 0.78, 0.66)
_FIXED = 0.62
_BOLD = 1.08
_FULL = 1.1


def width(text: str, size: float, *, fixed: bool = False, bold: bool = False) -> float:
    """The width of a line in units of the drawing."""
    return sum(_character_width(character, fixed=fixed) for character in text) * size * (_BOLD if bold else 1)


def truncate(text: str, room: float, size: float, *, fixed: bool = False, bold: bool = False) -> str:
    """The text, or as much of its begin as fits, with `…`."""
    if width(text, size, fixed=fixed, bold=bold) <= room:
        return text
    scale, more = size * (_BOLD if bold else 1), _character_width(MORE, fixed=fixed)
    ends = accumulate(_character_width(character, fixed=fixed) for character in text)
    fitting = sum((end + more) * scale <= room for end in ends)
    return text[:fitting].rstrip() + MORE


def wrap(text: str, room: float, size: float, most: int) -> list[str]:
    """The text in at most so many lines; what does not fit ends in `…`."""
    made: list[str] = []
    words = text.split()
    while words and len(made) < most:
        line = words.pop(0)
        while words and (len(made) == most - 1 or width(f"{line} {words[0]}", size) <= room):
            line = f"{line} {words.pop(0)}"
        made.append(truncate(line, room, size))
    return made


@lru_cache(4096)
def _character_width(character: str, *, fixed: bool) -> float:
    if unicodedata.combining(character):
        return 0
    if unicodedata.east_asian_width(character) in "WF":
        return _FULL
    if fixed:
        return _FIXED
    narrow, wide, capital, other = _SHARES
    if character in _NARROW:
        return narrow
    return wide if character in _WIDE else capital if character.isupper() else other
