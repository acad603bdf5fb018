"""Walking a project's folder: its root, its YAML files, and what git ignores. Light enough to be asked before anything
is compiled.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from cyberflow.errors import UsageError

PROJECT_FILE = "cyberflow.yaml"
OWN = frozenset({".cyberflow", "dist"})
"""What cyberflow makes itself: its coming and going changes nothing of a project."""
_SUFFIXES = (".yaml", ".yml")
_SKIPPED = frozenset({"tests", "dist", "node_modules", "__pycache__"})


def find_root(start: Path) -> Path:
    """Walk up from `start` to the folder of cyberflow.yaml. Raises UsageError when there is none."""
    start = start.resolve()
    for folder in (start, *start.parents):
        if (folder / PROJECT_FILE).is_file():
            return folder
    help = "run inside a project, name one with --project, or begin one with `cyberflow init`"
    raise UsageError(f"there is no {PROJECT_FILE} in {start} or above it", help=help)


def names_in(folder: Path) -> list[str]:
    """The names in a folder, sorted, without what cyberflow makes; none when it cannot be read."""
    try:
        return sorted(legible(name) for name in os.listdir(folder) if name not in OWN)  # noqa: PTH208 - Path.iterdir is five times slower
    except OSError:
        return []


def legible(name: str) -> str:
    """The name of a file as it can be shown and kept: bytes that are not UTF-8 are written out."""
    return name if name.isascii() else name.encode("utf-8", "backslashreplace").decode()


def yaml_files(root: Path, folder: Path, walked: dict[str, list[str]]) -> Iterator[str]:
    """The YAML files below a folder, relative to `root`. `walked` learns which names were seen in each folder."""
    for here, folders, names in os.walk(folder):
        place = Path(here).relative_to(root).as_posix()
        walked[legible(place)] = sorted(legible(name) for name in (*folders, *names) if name not in OWN)
        folders[:] = sorted(name for name in folders if name not in _SKIPPED and not name.startswith("."))
        above = "" if place == "." else f"{place}/"
        for name in sorted(names):
            if name.endswith(_SUFFIXES) and not name.startswith("."):
                yield above + name


def ignored(root: Path, paths: Collection[str]) -> set[str]:
    """Which of these paths git ignores; none outside a work tree or without git."""
    if not paths or not any((folder / ".git").exists() for folder in (root, *root.parents)):
        return set()
    try:
        command = ["git", "-C", str(root), "check-ignore", "-z", "--stdin"]
        given = os.fsencode("\0".join(paths))
        answer = subprocess.run(command, input=given, capture_output=True, check=False, timeout=30)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return set()
    return set(os.fsdecode(answer.stdout).split("\0")) - {""}


def without(paths: Iterable[str], left_out: Collection[str]) -> list[str]:
    return [path for path in paths if path not in left_out]
