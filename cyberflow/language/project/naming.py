"""What findings say of names, and of the kinds of values."""

from __future__ import annotations

import re
from typing import Any

from cyberflow.diagnostics import Diagnostic, Label, replace_text
from cyberflow.language.characters import INVISIBLE
from cyberflow.language.model import NAME, PROJECT_NAME
from cyberflow.language.project.latin import to_ascii
from cyberflow.source import Place

_NAME_HELP = "letters, digits, `_` and `-`, a letter or `_` first, at most 63 characters"
_PROJECT_NAME_HELP = "small letters, digits and `-`, a letter first, at most 63 characters"


def bad_name(written: str, place: Place, *, project: bool = False) -> Diagnostic:
    """Say that something cannot be a name, and which one would be near it."""
    pattern, rules = (PROJECT_NAME, _PROJECT_NAME_HELP) if project else (NAME, _NAME_HELP)
    visible = INVISIBLE.sub(lambda sign: "-" if sign[0].isspace() else "", written)
    latin = to_ascii(visible)
    near = re.sub(r"[^A-Za-z0-9_-]+", "-", latin.lower().replace("_", "-") if project else latin).strip("-")
    near = near if project or not near[:1].isdigit() else f"_{near}"
    help = f"write `{near}`; {rules}" if pattern.fullmatch(near) else rules
    fix = replace_text(place, written, near) if pattern.fullmatch(near) else None
    return Diagnostic("bad-name", f"`{written}` cannot be a name", place, help=help, fix=fix)


def duplicate_name(name: str, place: Place, first: Place, before: str, help: str) -> Diagnostic:
    """Say that a name is taken; `before` is what the place of its first owner says."""
    return Diagnostic("duplicate-name", f"the name `{name}` is taken", place, labels=(Label(first, before),), help=help)


def repeated_name(names: list[str], at: Place) -> Diagnostic:
    """Say that a list names something twice."""
    index, name = next((index, name) for index, name in enumerate(names) if name in names[:index])
    return duplicate_name(name, at.at(index), at.at(names.index(name)), "named here", "keep one of the two")


def describe_kind(value: Any) -> str:
    """Say what kind of YAML value this is, as a person would."""
    if value is None:
        return "empty"
    for kind, words in ((bool, "a boolean"), (int, "a number"), (float, "a number"), (str, "text"), (list, "a list")):
        if isinstance(value, kind):
            return words
    return "a mapping"
