"""What the disk says of files and folders, in forms that can be kept and compared. Imports next to nothing, so that
whoever finds nothing changed has started nothing.
"""

from __future__ import annotations

import os
import time
from hashlib import sha256
from stat import S_ISREG

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

GENERATED_FOLDERS = frozenset({".cyberflow", "dist"})
"""What cyberflow makes itself: its coming and going changes nothing of a project."""
_NO_WAIT = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_LARGEST_IGNORE_FILE = 1024 * 1024
_SETTLED_NS = 2_000_000_000
"""How old a change must be before the times of a file tell it from another change: the clock of a disk is coarse."""
Stamp = tuple[int, int, int, int, int]
"""The times, size, number and mode of a file."""


def stamp_of(facts: os.stat_result) -> Stamp:
    """What a file has of its own, beside its content."""
    return facts.st_mtime_ns, facts.st_ctime_ns, facts.st_size, facts.st_ino, facts.st_mode


def settled_stamp(facts: os.stat_result) -> Stamp | None:
    """The stamp of a file that was opened just now; None while another change could leave it as it is."""
    settled = time.time_ns() - max(facts.st_mtime_ns, facts.st_ctime_ns) > _SETTLED_NS
    return stamp_of(facts) if settled else None


def find_current_stamp(path: str, digest: str, kept: object) -> list[int] | None:
    """The stamp of a file whose content is still what it was, empty while nothing can be told from it; None for a file
    that is another one. A stamp that was kept spares the reading of it.
    """
    try:
        # Windows has no time of the last change that nobody can set
        if kept and os.name == "posix" and (stamp := [*stamp_of(os.stat(path))]) == kept:  # noqa: PTH116 - a thousand
            return stamp
        handle = os.open(path, os.O_RDONLY | _NO_WAIT)
        with os.fdopen(handle, "rb", buffering=0) as file:
            facts = os.fstat(handle)
            same = sha256(file.read()).hexdigest() == digest
    except OSError:
        return None
    return [*(settled_stamp(facts) or ())] if same else None


def folder_entries(folder: Path | str) -> list[str] | None:
    """What is in a folder, sorted, without what cyberflow makes: `/` ends the name of a folder, and a symbolic link is
    named with where it leads. None when it cannot be read.
    """
    try:
        with os.scandir(folder) as entries:
            return sorted([describe_entry(entry) for entry in entries if entry.name not in GENERATED_FOLDERS])
    except OSError:
        return None


def describe_entry(entry: os.DirEntry[str]) -> str:
    """The name of an entry as it can be kept; `/` ends that of a folder, a link is named with where it leads."""
    name = printable_name(entry.name)
    if entry.is_symlink():
        return f"{name} -> {printable_name(os.path.realpath(entry.path))}"
    return f"{name}/" if entry.is_dir(follow_symlinks=False) else name


def printable_name(name: str) -> str:
    """The name of a file as it can be shown and kept: bytes that are not UTF-8 are written out."""
    return name if name.isascii() else name.encode("utf-8", "backslashreplace").decode()


def are_current(ignore_files: Mapping[str, str | None]) -> bool:
    """Whether what was noted of ignore files before is still so."""
    return all(ignore_file_fact(path) == fact for path, fact in ignore_files.items())


def ignore_file_fact(path: str) -> str | None:
    """The hash of an ignore file; of a repository, whether it is there."""
    data = read_plain_file(path)
    if data is None:
        return "there" if os.path.basename(path) == ".git" and os.path.lexists(path) else None  # noqa: PTH119 - as above
    return sha256(data).hexdigest()


def read_plain_file(path: Path | str) -> bytes | None:
    """The content of a regular file; None for a link, as git has it, and for what cannot be read."""
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | _NO_WAIT)
    except (OSError, ValueError):
        return None
    try:
        return os.read(handle, _LARGEST_IGNORE_FILE) if S_ISREG(os.fstat(handle).st_mode) else None
    except OSError:
        return None
    finally:
        os.close(handle)
