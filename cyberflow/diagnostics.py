"""Findings as values: what is wrong, where, what stands there, who says otherwise, and what to do about it.
No stage prints one; the doors do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal
from unicodedata import category, name

from cyberflow.source import Place

Severity = Literal["error", "warning"]
_INVISIBLE = {
    "\u00a0": "a no-break space",
    "\u00ad": "a soft hyphen",
    "\u200b": "a zero-width space",
    "\u2028": "a line separator (U+2028)",
    "\u2029": "a paragraph separator (U+2029)",
    "\ufeff": "a byte order mark",
}


@dataclass(frozen=True, slots=True)
class Label:
    """A second place that belongs to the story, with its own words."""

    place: Place
    message: str


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding. `note` stands beside the underline; `notes` are further lines such as a witness; `help` is the mend.

    `rule` is its name in SPEC section 6, in the reference, and in `ignore[rule]`.
    """

    rule: str
    message: str
    place: Place
    note: str = ""
    labels: tuple[Label, ...] = ()
    help: str | None = None
    notes: tuple[str, ...] = ()
    severity: Severity = "error"


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The member of a closed set that `word` was probably meant to be; case and `-`/`_` count little."""
    names = sorted(set(known))
    folded: Mapping[str, str] = {_fold(name): name for name in reversed(names)}
    if _fold(word) in folded:
        return folded[_fold(word)]
    close = get_close_matches(_fold(word), list(folded), n=1, cutoff=0.6)
    return folded[close[0]] if close else None


def did_you_mean(word: str, known: Iterable[str], wrap: str = "`{}`") -> str | None:
    """Help text for a misspelt member of a closed set; with no near one, what there is, at most eight."""
    names = sorted(set(known))
    if meant := nearest(word, names):
        note = note_invisible(word)
        return f"did you mean {wrap.format(meant)}?" + (f" what is written is not the same: {note}" if note else "")
    if not names:
        return None
    shown = ", ".join(wrap.format(name) for name in names[:8])
    return f"known: {shown}" + (f" and {len(names) - 8} more" if len(names) > 8 else "")  # noqa: PLR2004


def is_invisible(sign: str) -> bool:
    """Whether a character shows nothing, or a blank that is not the one of the space bar."""
    return sign not in " \t\n" and category(sign) in ("Cf", "Zs", "Zl", "Zp", "Cc")


def invisible_characters(text: str) -> str:
    """The characters of a text that nobody sees, named, in the order in which they come; empty without any."""
    if text.isascii() and text.isprintable():
        return ""
    named = (
        _INVISIBLE.get(sign) or f"U+{ord(sign):04X} {name(sign, '')}".rstrip() for sign in text if is_invisible(sign)
    )
    return ", ".join(dict.fromkeys(named))


def note_invisible(text: str) -> str:
    """What to say beside a name or key that holds characters that nobody sees; empty without any."""
    named = invisible_characters(text)
    return f"it holds {named}" if named else ""


def edit_distance(left: str, right: str, limit: int) -> int:
    """Edits between two words; more than `limit` is counted as one more than it."""
    if abs(len(left) - len(right)) > limit:
        return limit + 1
    row = list(range(len(right) + 1))
    for index, character in enumerate(left, 1):
        diagonal, row[0] = row[0], index
        for column, other in enumerate(right, 1):
            cost = min(row[column] + 1, row[column - 1] + 1, diagonal + (character != other))
            diagonal, row[column] = row[column], cost
    return min(row[-1], limit + 1)


def join_names(names: Iterable[str], word: str = "and") -> str:
    """Names as a list in words: `a`, `b` and `c`."""
    shown = [f"`{name}`" for name in names]
    return f" {word} ".join(filter(None, [", ".join(shown[:-1]), *shown[-1:]]))


def _fold(word: str) -> str:
    return word.casefold().replace("-", "_")
