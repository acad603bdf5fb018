"""Walking a project's folder: its root, its YAML files, and what git ignores. Light enough to be asked before anything
is compiled.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
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


def is_project(folder: Path) -> bool:
    """Whether a folder holds a project file."""
    return os.path.isfile(folder / PROJECT_FILE)  # noqa: PTH113 - Path.is_file raises where a folder is closed


def names_in(folder: Path) -> list[str] | None:
    """The names in a folder, sorted, without what cyberflow makes; None when it cannot be read."""
    try:
        return sorted(printable_name(name) for name in os.listdir(folder) if name not in OWN)  # noqa: PTH208 - Path.iterdir is five times slower
    except OSError:
        return None


def printable_name(name: str) -> str:
    """The name of a file as it can be shown and kept: bytes that are not UTF-8 are written out."""
    return name if name.isascii() else name.encode("utf-8", "backslashreplace").decode()


@dataclass
class Walk:
    """What was seen on the way through a project: the names in each folder, which files are symbolic links, and which
    folders could not be read, and why.
    """

    root: Path
    names: dict[str, list[str]] = field(default_factory=dict)
    links: set[str] = field(default_factory=set)
    unreadable_folders: dict[str, str] = field(default_factory=dict)

    def yaml_files(self, folder: str = "") -> Iterator[str]:
        """The YAML files below a folder, relative to the root. Links to folders are not followed, and a folder with a
        project file of its own is another project.
        """
        try:
            with os.scandir(self.root / folder) as entries:
                found = sorted(
                    (entry.name, entry.is_dir(follow_symlinks=False), entry.is_symlink()) for entry in entries
                )
        except OSError as error:
            self.unreadable_folders[folder or "."] = error.strerror or ""
            return
        self.names[printable_name(folder) or "."] = [printable_name(name) for name, _, _ in found if name not in OWN]
        above = f"{folder}/" if folder else ""
        folders = []
        if folder and any(name == PROJECT_FILE for name, _, _ in found) and is_project(self.root / folder):
            return
        for name, is_folder, is_link in found:
            path = above + name
            if name.startswith("."):
                continue
            if is_folder:
                folders += [] if name in _SKIPPED else [path]
            elif name.endswith(_SUFFIXES):
                self.links |= {path} if is_link else set()
                yield path
        for path in folders:
            yield from self.yaml_files(path)


def check_git_ignore(root: Path, paths: Collection[str]) -> set[str]:
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


def exclude(paths: Iterable[str], left_out: Collection[str]) -> list[str]:
    return [path for path in paths if path not in left_out]
