"""Walking a project's folder: its root and its YAML files, without those that git ignores. Light enough to be asked
before anything is compiled.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from dataclasses import field
from pathlib import Path

from cyberflow.errors import UsageError
from cyberflow.language.disk_facts import GENERATED_FOLDERS, describe_entry, printable_name
from cyberflow.language.ignore_files import IgnoreFiles
from cyberflow.late import dataclass

PROJECT_FILE = "cyberflow.yaml"
MISNAMED_PROJECT_FILE = "cyberflow.yml"
_SUFFIXES = (".yaml", ".yml")
_SKIPPED = frozenset({"tests", "dist", "node_modules", "__pycache__"})


def find_root(start: Path) -> Path:
    """Walk up from `start` to the folder of cyberflow.yaml. Raises UsageError when there is none."""
    start = start.resolve()
    for folder in (start, *start.parents):
        if (folder / PROJECT_FILE).is_file():
            return folder
        if (folder / MISNAMED_PROJECT_FILE).is_file():
            help = f"rename it to `{PROJECT_FILE}`"
            raise UsageError(f"the project file {folder / MISNAMED_PROJECT_FILE} is called .yml", help=help)
    help = "run inside a project, name one with --project, or begin one with `cyberflow init`"
    raise UsageError(f"there is no {PROJECT_FILE} in {start} or above it", help=help)


def is_project(folder: Path) -> bool:
    """Whether a folder holds a project file."""
    return os.path.isfile(folder / PROJECT_FILE)  # noqa: PTH113 - Path.is_file raises where a folder is closed


@dataclass(frozen=True)
class OverlayEntry:
    """A file, or a folder above one, that an editor holds open and the disk may not have."""

    name: str
    folder: bool = False

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:  # noqa: ARG002 - as os.DirEntry has it
        return self.folder

    def is_symlink(self) -> bool:
        return False


@dataclass
class Walk:
    """What was seen on the way through a project: what is in each folder, which files are symbolic links, which folders
    could not be read and why, what git ignores, and misnamed project files. `overlays` are files that are there whether
    or not the disk has them.
    """

    root: Path
    overlays: Collection[str] = ()
    entries: dict[str, list[str] | None] = field(default_factory=dict)
    links: set[str] = field(default_factory=set)
    unreadable_folders: dict[str, str] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)
    misnamed: list[str] = field(default_factory=list)
    ignore_files: IgnoreFiles | None = None

    def yaml_files(self, folder: str = "", *, ignored: bool = True) -> Iterator[str]:
        """The YAML files below a folder, relative to the root. Links to folders are not followed, and a folder with a
        project file of its own is another project. With `ignored=False` without what git ignores.
        """
        if not ignored and self.ignore_files is None:
            self.ignore_files = IgnoreFiles(self.root)
        entries = self._scan(folder)
        if folder and any(entry.name == PROJECT_FILE for entry in entries) and is_project(self.root / folder):
            return
        if not ignored and self.ignore_files is not None:
            self.ignore_files.enter(folder)
        folders = []
        for entry in entries:
            path, is_folder = (f"{folder}/" if folder else "") + entry.name, entry.is_dir(follow_symlinks=False)
            if not ignored and self.ignore_files is not None and self.ignore_files.ignores(path, is_folder=is_folder):
                self.ignored.append(path)
            elif is_folder:
                folders.append(path)
            elif entry.name == MISNAMED_PROJECT_FILE:
                self.misnamed.append(path)
            else:
                self.links |= {path} if entry.is_symlink() else set()
                yield path
        for path in folders:
            yield from self.yaml_files(path, ignored=ignored)

    def top_ignores(self) -> IgnoreFiles:
        """What git ignores, as far as the files above every folder say."""
        if self.ignore_files is None:
            self.ignore_files = IgnoreFiles(self.root)
            self.ignore_files.enter("")
        return self.ignore_files

    def any_files(self, most: int) -> Iterator[str]:
        """Files of the project of any kind, for help: without dot-folders, at most so many entries looked at."""
        for folder, folders, names in os.walk(self.root):
            folders[:] = [name for name in folders if not name.startswith(".") and name not in _SKIPPED]
            above = Path(folder).relative_to(self.root).as_posix()
            yield from (name if above == "." else f"{above}/{name}" for name in names)
            most -= len(names) + len(folders)
            if most < 0:
                return

    def overlay_entries(self, folder: str) -> dict[str, OverlayEntry]:
        """What an editor holds open in a folder, by name, folders that lead to such files included."""
        above = f"{folder}/" if folder else ""
        below = [path[len(above) :].partition("/") for path in self.overlays if path.startswith(above)]
        return {name: OverlayEntry(name, bool(deeper)) for name, deeper, _ in below}

    def _scan(self, folder: str) -> list[os.DirEntry[str] | OverlayEntry]:
        """The folders and YAML files in a folder that can matter; nothing when it cannot be read."""
        seen: dict[str, os.DirEntry[str] | OverlayEntry] = {**self.overlay_entries(folder)}
        try:
            with os.scandir(self.root / folder) as found:
                seen |= {entry.name: entry for entry in found}
        except OSError as error:
            if not seen:
                self.unreadable_folders[folder or "."] = error.strerror or ""
                return []
        entries = [seen[name] for name in sorted(seen)]
        described = sorted(_describe(entry) for entry in entries if entry.name not in GENERATED_FOLDERS)
        self.entries[printable_name(folder) or "."] = described
        return [entry for entry in entries if not entry.name.startswith(".") and _may_matter(entry)]


def _may_matter(entry: os.DirEntry[str] | OverlayEntry) -> bool:
    if entry.is_dir(follow_symlinks=False):
        return entry.name not in _SKIPPED
    return entry.name.endswith(_SUFFIXES)


def _describe(entry: os.DirEntry[str] | OverlayEntry) -> str:
    if isinstance(entry, os.DirEntry):
        return describe_entry(entry)
    return f"{entry.name}/" if entry.folder else entry.name
