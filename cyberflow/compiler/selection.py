"""The selection of findings: which are shown, and how loud. Pure; what a command is asked for, and what the project has
settled under `rules`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from cyberflow.compiler.rules import RULES
from cyberflow.diagnostics import Diagnostic, did_you_mean
from cyberflow.errors import UsageError
from cyberflow.source import Place

Level = Literal["off", "warning", "error"]
_LEFT_UNREAD = frozenset(
    [
        *("merge-conflict", "yaml-syntax", "duplicate-key", "unknown-key", "missing-key", "wrong-type", "bad-name"),
        *("duplicate-name", "bad-schema", "file-not-found", "path-escape", "template-error", "python-error"),
    ]
)
"""Rules whose findings say that something was not read: what is left of the project is not what was written."""


@dataclass(frozen=True)
class FindingSelection:
    """What a person asked to see: findings in these files and folders, of these rules alone, and of those not. Empty
    stands for everything. Paths are relative to the project, with `/`. Raises UsageError for a rule that is none.
    """

    paths: tuple[str, ...] = ()
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in (*self.select, *self.ignore):
            if name not in RULES:
                raise UsageError(f"there is no rule `{name}`", help=did_you_mean(name, RULES))

    def admits(self, finding: Diagnostic) -> bool:
        return (
            finding.rule not in self.ignore
            and (not self.select or finding.rule in self.select)
            and (not self.paths or any(_holds(path, finding.place.path) for path in self.paths))
        )

    def filter(self, found: Iterable[Diagnostic]) -> list[Diagnostic]:
        """The findings to show, on which the exit code goes."""
        return [finding for finding in found if self.admits(finding)]


def _holds(path: str, file: str) -> bool:
    path = path.removeprefix("./").rstrip("/")
    return path in (file, ".", "") or file.startswith(f"{path}/")


def apply_levels(found: Iterable[Diagnostic], levels: Mapping[str, Level]) -> Iterator[Diagnostic]:
    """Findings as loud as the project wants them: a rule that is `off` has none."""
    for finding in found:
        level = levels.get(finding.rule, finding.severity)
        if level != "off":
            yield replace(finding, severity=level) if level != finding.severity else finding


def levels_to_compile(levels: Mapping[str, Level]) -> dict[str, Level]:
    """The levels that hold where a project is compiled: what was not read cannot be sent, however quiet it is kept."""
    return {rule: level for rule, level in levels.items() if level == "error" or rule not in _LEFT_UNREAD}


def check_levels(levels: Mapping[str, Level]) -> Iterator[Diagnostic]:
    """What is wrong with the names under `rules` in cyberflow.yaml."""
    for name in levels:
        if name not in RULES:
            place = Place("cyberflow.yaml", ("rules", name)).at_key()
            yield Diagnostic("unknown-key", f"there is no rule `{name}`", place, help=did_you_mean(name, RULES))
