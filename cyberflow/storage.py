"""Files that appear whole or not at all, under names that lead nowhere else."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from uuid import uuid4

from cyberflow.errors import CyberflowError

if TYPE_CHECKING:
    from collections.abc import Iterator


LONGEST = 150
DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))})
"""Names that Windows keeps for itself, whatever their ending."""


def safe_name(name: str) -> str:
    """The base name of what the platform calls a file, fit for every system: no folders, no device, no hidden file."""
    last = re.split(r"[/\\\\]", name)[-1]
    kept = re.sub(r'[\x00-\x1f\x7f<>:"|?*\u202a-\u202e\u2066-\u2069]', "_", last).strip(" .")
    stem, dot, suffix = kept.rpartition(".")
    if not dot or len(suffix) > LONGEST // 3:
        stem, dot, suffix = kept, "", ""
    if stem.partition(".")[0].strip().lower() in DEVICES:
        stem = f"_{stem}"
    room = LONGEST - len(f"{dot}{suffix}".encode())
    return f"{stem.encode()[:room].decode(errors='ignore')}{dot}{suffix}".strip(" .") or "file"


def unique_path(folder: Path, name: str) -> Path:
    """Where a file of this name can stand in a folder that may hold one already: `a.csv`, `a-2.csv`, …"""
    wanted = folder / safe_name(name)
    place, number = wanted, 1
    while place.exists() or place.is_symlink():
        number += 1
        place = wanted.with_name(f"{wanted.stem}-{number}{wanted.suffix}")
    return place


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


@contextmanager
def open_atomic(to: Path, *, private: bool = True) -> Iterator[BinaryIO]:
    """Open a file beside `to` for writing; it takes the place of `to` at the end, or is removed when that fails.

    Raises CyberflowError when the disk refuses. Whatever else is raised inside passes through.
    """
    part = to.with_name(f".{uuid4().hex}.part")
    try:
        with open(part, "xb", opener=_open_private if private else None) as file:
            yield file
        part.replace(to)
    except OSError as error:
        raise CyberflowError(f"{to} cannot be written: {(error.strerror or str(error)).lower()}") from error
    finally:
        part.unlink(missing_ok=True)


def write_text(path: Path, text: str, *, private: bool = True) -> None:
    """Write a file that was asked for, with its folder; for its owner alone when `private`. It appears whole; a device
    or a pipe is written to as it is. Raises CyberflowError when the disk refuses.
    """
    try:
        if path.exists() and not path.is_file():
            path.write_text(text, encoding="utf-8", newline="\n")
            return
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CyberflowError(f"{path} cannot be written: {(error.strerror or str(error)).lower()}") from error
    with open_atomic(path.resolve(), private=private) as file:
        file.write(text.encode())


def private_folder(folder: Path) -> Path:
    """Make a folder that only its owner reads and that git leaves alone. Raises CyberflowError when it cannot be."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        ignore = folder / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")
    except OSError as error:
        raise CyberflowError(f"{folder} cannot be written: {error.strerror}") from error
    return folder
