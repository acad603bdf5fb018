"""The names of a mapping of names to types: each once, with a `?` or without."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cyberflow.compiler.type_help import looks_optional
from cyberflow.diagnostics import Diagnostic
from cyberflow.language.model import NAME
from cyberflow.language.project.naming import bad_name, duplicate_name
from cyberflow.late import dataclass
from cyberflow.source import Place


@dataclass(frozen=True, slots=True)
class Member:
    """One name with the type that is written for it."""

    name: str
    notation: Any
    place: Place
    optional: bool


def read_members(
    notation: Mapping[str, Any], place: Place, listed: Mapping[str, Place]
) -> tuple[list[Member], list[Diagnostic]]:
    """The members of a mapping, and what is wrong with their names. `listed`: where those stand that are written as
    entries of a list.
    """
    members: dict[str, Member] = {}
    problems: list[Diagnostic] = []
    for written, value in notation.items():
        name, at = written.removesuffix("?"), listed.get(written) or place.at(written)
        key = at if written in listed else at.at_key()
        if not NAME.fullmatch(name):
            problems.append(bad_name(name, key))
        elif name in members:
            first = members[name].place.at_key()
            problems.append(duplicate_name(name, key, first, "declared here", "keep one of the two"))
        else:
            members[name] = Member(name, value, at, written.endswith("?") or looks_optional(value))
    return [*members.values()], problems
