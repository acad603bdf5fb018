"""The levels of rules: how loud each is, by what the project has settled under `rules`. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Literal

from cyberflow.compiler.rules import RULES
from cyberflow.diagnostics import Diagnostic, did_you_mean, fix_name
from cyberflow.source import Place

Level = Literal["off", "warning", "error"]
_LEFT_UNREAD = frozenset(
    [
        *("merge-conflict", "yaml-syntax", "duplicate-key", "unknown-key", "missing-key", "wrong-type", "bad-name"),
        *("duplicate-name", "bad-schema", "file-not-found", "path-escape", "template-error", "python-error"),
        *("control-character", "bad-ref", "cycle"),
    ]
)
"""Rules whose findings say that something was not read, or has no end: what is left of the project is not what was
written.
"""
_ALWAYS_TOLD = frozenset({"secret-leak", "secret-in-source", "path-escape"})
"""Rules whose findings may be warnings, and never silent."""


def apply_levels(found: Iterable[Diagnostic], levels: Mapping[str, Level]) -> Iterator[Diagnostic]:
    """Findings as loud as the project wants them: a rule that is `off` has none."""
    for finding in found:
        level = levels.get(finding.rule, finding.severity)
        level = "warning" if level == "off" and finding.rule in _ALWAYS_TOLD else level
        if level != "off":
            yield replace(finding, severity=level) if level != finding.severity else finding


def levels_to_compile(levels: Mapping[str, Level]) -> dict[str, Level]:
    """The levels that hold where a project is compiled: what was not read cannot be sent, however quiet it is kept."""
    return {rule: level for rule, level in levels.items() if level == "error" or rule not in _LEFT_UNREAD}


def is_unread(found: Diagnostic) -> bool:
    """Whether an error says that something was not read; no comment changes that either."""
    return found.rule in _LEFT_UNREAD and found.severity == "error"


def check_levels(levels: Mapping[str, Level]) -> Iterator[Diagnostic]:
    """What is wrong under `rules` in cyberflow.yaml."""
    for name, level in levels.items():
        at = Place("cyberflow.yaml", ("rules", name))
        if name in _ALWAYS_TOLD and level == "off":
            floor = "`warning` is the lowest that it takes"
            yield Diagnostic("wrong-type", f"`{name}` cannot be `off`", at, help=floor)
        if name not in RULES:
            place = at.at_key()
            help, fix = did_you_mean(name, RULES), fix_name(place, name, RULES)
            yield Diagnostic("unknown-key", f"there is no rule `{name}`", place, help=help, fix=fix)
