"""The name at a place that somebody typed: `FILE:LINE:COLUMN`."""

from __future__ import annotations

import re
from pathlib import Path

from cyberflow.compiler.check import check_target
from cyberflow.compiler.facts.findings import targets_to_check
from cyberflow.compiler.lookup.entities import Entity
from cyberflow.compiler.lookup.lookup import Lookup
from cyberflow.errors import UsageError
from cyberflow.language.project.load import RawProject, read_project
from cyberflow.sdk.project import resolve_target_name

_PLACE = re.compile(r"(?P<file>.+):(?P<line>[1-9][0-9]*):(?P<column>[1-9][0-9]*)")


def find_at(root: Path, target: str | None, at: str) -> tuple[RawProject, Lookup, Entity]:
    """Read a project and find the name at a place of it; the file is looked for from here, then from the project.

    Raises UsageError for what is not a place, a file that the project does not read, and a place without a name.
    """
    match = _PLACE.fullmatch(at)
    if match is None:
        raise UsageError(f"`{at}` is not a place", help="write FILE:LINE:COLUMN, counted from 1: `chains.yaml:19:34`")
    sourced = read_project(root)
    meant = resolve_target_name(sourced, target)
    lookup = Lookup(
        [check_target(sourced, name)[0] for name in _targets(sourced, meant)], sourced.sources, sourced.tests
    )
    path = _relative(root, match["file"])
    if path not in sourced.files.documents:
        raise UsageError(f"the project does not read {path}", help=f"it is the project of {root}")
    hit = lookup.at(path, int(match["line"]), int(match["column"]))
    if hit is None:
        raise UsageError(
            f"nothing is named at {at}", help="point at a name: of a workflow, step, input, output, type, …"
        )
    return sourced, lookup, hit.entity


def _targets(sourced: RawProject, meant: str) -> list[str]:
    """The target that is meant, then those whose templates may name something else."""
    return [meant, *(name for name in targets_to_check(sourced) if name != meant)]


def _relative(root: Path, file: str) -> str:
    here = Path(file).resolve()
    inside = here.is_relative_to(root.resolve())
    return here.relative_to(root.resolve()).as_posix() if inside and here.exists() else file.removeprefix("./")
