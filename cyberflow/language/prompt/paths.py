"""Paths into values: `a.b[0]['k']`, the part that prompts, chain strings and refs have in common."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import field
from functools import lru_cache

from cyberflow.late import dataclass, expression

WORD = r"[A-Za-z_][A-Za-z0-9_-]*+"
_QUOTED = r"""'[^'<>{}\r\n]*+'|"[^"<>{}\r\n]*+\""""
PATH = rf"{WORD}(?:\.{WORD}|\[(?:[0-9]{{1,9}}|{_QUOTED})\])*+"
"""A regular expression without groups."""

_WHOLE = expression(PATH)
_KEY = expression(rf"\.({WORD})|\[([0-9]+)\]|\[({_QUOTED})\]")
_ROOT = expression(WORD)
_QUOTED_GROUP = 3


@dataclass(frozen=True, slots=True)
class TokenPath:
    """A root and the keys below it; `str` gives the form that goes out, with `['k']` for every quoted key."""

    root: str
    keys: tuple[str | int, ...] = ()
    text: str = field(default="", compare=False)

    @classmethod
    @lru_cache(maxsize=4096)
    def parse(cls, text: str) -> TokenPath | None:
        """Read a whole text as a path; None when it is not one."""
        if not _WHOLE.fullmatch(text):
            return None
        root = _ROOT.match(text)
        assert root is not None  # noqa: S101 - the whole pattern begins with it
        found = list(_KEY.finditer(text, root.end()))
        keys = tuple(_parse_key(match) for match in found)
        return cls(root[0], keys, root[0] + "".join(_format_key(match) for match in found))

    def __str__(self) -> str:
        return self.text or format_path(self.root, self.keys)


def format_path(root: str, keys: Iterable[str | int]) -> str:
    """A path as it is written: `a.b[0]['k l']`."""
    return root + "".join(
        f"[{key}]" if isinstance(key, int) else f".{key}" if _ROOT.fullmatch(key) else f"['{key}']" for key in keys
    )


def part_span(text: str, index: int) -> tuple[int, int] | None:
    """Where a part of a path stands in its text, without brackets and quotes; 0 is the root, 1 the first key."""
    root = _ROOT.match(text)
    if root is None or index == 0:
        return root.span() if root else None
    for number, match in enumerate(_KEY.finditer(text, root.end()), 1):
        if number == index:
            start, end = match.span(match.lastindex or 0)
            return (start + 1, end - 1) if match.lastindex == _QUOTED_GROUP else (start, end)
    return None


def _parse_key(match: re.Match[str]) -> str | int:
    plain, index, quoted = match.groups()
    return int(index) if index else plain or quoted[1:-1]


def _format_key(match: re.Match[str]) -> str:
    plain, index, quoted = match.groups()
    if quoted is None:
        return f".{plain}" if plain else f"[{int(index)}]"
    return f"[{quoted}]" if "'" in quoted[1:-1] else f"['{quoted[1:-1]}']"
