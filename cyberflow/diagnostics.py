"""Findings as values: what is wrong, where, what stands there, who says otherwise, and what to do about it.
No stage prints one; the doors do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Literal

from cyberflow.edits import Fix, Replacement
from cyberflow.late import dataclass
from cyberflow.source import Place

Severity = Literal["error", "warning"]
_NEAR, _LONGEST_SHOWN = 2, 60


@dataclass(frozen=True, slots=True)
class Label:
    """A second place that belongs to the story, with its own words."""

    place: Place
    message: str


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding. `note` stands beside the underline; `notes` are further lines such as a witness; `help` is the mend.

    `rule` is its name in the reference and in `ignore[rule]`. Two findings that differ in their `fix` alone are one.
    """

    rule: str
    message: str
    place: Place
    note: str = ""
    labels: tuple[Label, ...] = ()
    help: str | None = None
    notes: tuple[str, ...] = ()
    severity: Severity = "error"
    fix: Fix | None = field(default=None, compare=False)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The member of a closed set that `word` was probably meant to be; case and `-`/`_` count little."""
    names = sorted(set(known))
    folded: Mapping[str, str] = {_fold(name): name for name in reversed(names)}
    if _fold(word) in folded:
        return folded[_fold(word)]
    from difflib import get_close_matches

    close = get_close_matches(_fold(word), list(folded), n=1, cutoff=0.6)
    return folded[close[0]] if close else None


def is_only_near(word: str, meant: str, known: Iterable[str]) -> bool:
    """Whether `meant` is the one member of a closed set at a distance of one or two: it may be written unasked."""
    near = {name for name in known if edit_distance(word, name, _NEAR) <= _NEAR}
    return near == {meant} and meant != word


def fix_name(place: Place, word: str, known: Iterable[str]) -> Fix | None:
    """The fix of a misspelt member of a closed set, which stands at the place; a safe one if only one was meant."""
    names = list(known)
    meant = nearest(word, names)
    return replace_text(place, word, meant, safe=is_only_near(word, meant, names)) if meant else None


def replace_text(place: Place, old: str, new: str, *, safe: bool = False) -> Fix:
    """The fix that writes other text at one place."""
    shown = new if len(new) <= _LONGEST_SHOWN else f"{new[:_LONGEST_SHOWN]}…"
    message = f"write `{shown}`" if old else f"put `{new}` before it"
    return Fix(message, (Replacement(place, old, new),), safe)


def did_you_mean(word: str, known: Iterable[str], wrap: str = "`{}`") -> str | None:
    """Help text for a misspelt member of a closed set; with no near one, what there is, at most eight."""
    names = sorted(set(known))
    if meant := nearest(word, names):
        return f"did you mean {wrap.format(meant)}?"
    if not names:
        return None
    shown = ", ".join(wrap.format(name) for name in names[:8])
    return f"known: {shown}" + (f" and {len(names) - 8} more" if len(names) > 8 else "")  # noqa: PLR2004


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


def join_names(names: Iterable[str]) -> str:
    """Names as a list in words: `a`, `b` and `c`."""
    shown = [f"`{name}`" for name in names]
    return " and ".join(filter(None, [", ".join(shown[:-1]), *shown[-1:]]))


def pluralize(number: int, noun: str) -> str:
    """`1 workflow`, `3 workflows`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _fold(word: str) -> str:
    return word.casefold().replace("-", "_")
