"""A project's folder as bytes: what an editor holds open lies over the disk, and what was read is kept while the disk
says that it is the same file.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import field
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import TYPE_CHECKING, Any, BinaryIO

from cyberflow.language.disk_facts import Stamp, describe_entry, settled_stamp, stamp_of
from cyberflow.late import dataclass

if TYPE_CHECKING:
    from cyberflow.language.document import DocumentOutline

_NO_WAIT = getattr(os, "O_NONBLOCK", 0)
_READING = os.O_RDONLY | _NO_WAIT | getattr(os, "O_BINARY", 0)
_LARGEST_HASHED = 10 * 1024 * 1024


@dataclass
class DiskFile:
    """The content of a file; `parsed` is what a reader made of it, `outline` what was kept of that. A file whose
    `stamp` is None is read again. One of which all is known that is asked is not read; `unread` is where it is.
    """

    _content: bytes | None
    stamp: Stamp | None = None
    parsed: Any = None
    outline: DocumentOutline | None = None
    _sha256: str = ""
    unread: str = ""

    @property
    def content(self) -> bytes:
        if self._content is None:
            with open(self.unread, "rb") as file:  # noqa: PTH123 - a thousand times a second
                self._content = file.read()
        return self._content

    @property
    def text(self) -> str:
        """The content as text: a BOM is dropped and CRLF reads as LF. Raises UnicodeDecodeError."""
        return self.content.decode("utf-8-sig").replace("\r\n", "\n")

    @property
    def sha256(self) -> str:
        """The hash of its content, or of what that was when its stamp was taken."""
        self._sha256 = self._sha256 or hashlib.sha256(self.content).hexdigest()
        return self._sha256


class FileMemory(dict[str, DiskFile]):
    """Files of a project by path, kept from one reading of it to the next. `modules` is what was made of its Python,
    behind what that was made from.
    """

    modules: tuple[Any, Any] | None = None

    def __init__(self, files: Mapping[str, DiskFile] | None = None) -> None:
        super().__init__(files or {})
        self.outlines: dict[str, tuple[str, DocumentOutline]] = {}
        """What the last reading kept of the text of each file, behind the hash of it."""
        self.known: dict[str, tuple[Stamp, str]] = {}
        """The stamps of files, and the hashes that go with them."""
        self.mentions: dict[str, frozenset[str]] = {}
        """Which of the names that a project gives stand in a file."""
        self.written: dict[str, tuple[Any, Any, str]] = {}
        """What was kept of each file, its outline, and how both are written."""


@dataclass
class Disk:
    """The files below `root`, each looked at once. `memory` outlives it. Raises OSError where the disk refuses."""

    root: Path
    overlays: Mapping[str, bytes]
    memory: FileMemory = field(default_factory=FileMemory)
    read: dict[str, DiskFile] = field(default_factory=dict)
    _entries: dict[str, dict[str, str] | None] = field(default_factory=dict)
    _versions: dict[str, str] = field(default_factory=dict)

    def file(self, path: str, *, text: bool = False) -> DiskFile:
        """The file at a path. Raises NotRegular for a text that is not a regular file, or too large for one."""
        if (found := self.read.get(path)) is not None:
            return found
        kept = self.memory.get(path)
        if path in self.overlays:
            content = self.overlays[path]
            found = kept if kept is not None and kept.content == content else DiskFile(content)
            found.stamp = None
        else:
            found = self._read(path, kept, text=text)
        if path in self.memory.outlines and found.parsed is None:
            digest, outline = self.memory.outlines.pop(path)
            found.outline = outline if digest == found.sha256 else None
        self.memory[path] = self.read[path] = found
        return found

    def _read(self, path: str, kept: DiskFile | None, *, text: bool) -> DiskFile:
        if kept is not None and kept.stamp is not None and stamp_of(os.stat(f"{self.root}/{path}")) == kept.stamp:  # noqa: PTH116 - a thousand times a second
            return kept
        if kept is None and (known := self._find_unread(path)) is not None:
            return known
        handle = os.open(f"{self.root}/{path}", _READING)
        try:
            facts = os.fstat(handle)
            if S_ISDIR(facts.st_mode):
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
            if text and (not S_ISREG(facts.st_mode) or facts.st_size > _LARGEST_HASHED):
                raise NotRegularError(too_large=S_ISREG(facts.st_mode))
            content = read_whole(handle, facts.st_size)
        finally:
            os.close(handle)
        found = kept if kept is not None and kept.content == content else DiskFile(content)
        found.stamp = settled_stamp(facts)
        return found

    def _find_unread(self, path: str) -> DiskFile | None:
        """The file, unread, if it is the one whose outline was kept."""
        stamp, digest = self.memory.known.get(path, (None, ""))
        kept = stamp is not None and path in self.memory.outlines and self.memory.outlines[path][0] == digest
        if not kept or stamp_of(os.stat(f"{self.root}/{path}")) != stamp:  # noqa: PTH116 - as above
            return None
        return DiskFile(None, stamp, _sha256=digest, unread=f"{self.root}/{path}")

    def open(self, path: str) -> BinaryIO:
        """Open a file for reading; one that is a pipe does not wait for a writer."""
        name = f"{self.root}/{path}"
        return open(name, "rb", buffering=0, opener=lambda name, flags: os.open(name, flags | _NO_WAIT))

    def size(self, path: str) -> int:
        return len(self.overlays[path]) if path in self.overlays else (self.root / path).stat().st_size

    def beginning(self, path: str, most: int) -> bytes:
        """As much of a file as is asked for; nothing of what is not a regular file."""
        if path in self.overlays or path in self.read:
            return self.file(path).content[:most]
        with self.open(path) as file:
            return file.read(most) if S_ISREG(os.fstat(file.fileno()).st_mode) else b""

    def entries(self, folder: str) -> dict[str, str] | None:
        """What is in a folder, by name; a symbolic link with where it leads. None when it cannot be read."""
        if folder not in self._entries:
            above = f"{folder}/" if folder else ""
            below = (path[len(above) :].partition("/") for path in self.overlays if path.startswith(above))
            held = {name: name + deeper for name, deeper, _ in below}
            try:
                with os.scandir(self.root / folder) as entries:
                    held |= {entry.name: describe_entry(entry) for entry in entries}
                self._entries[folder] = held
            except OSError:
                self._entries[folder] = held or None
        return self._entries[folder]

    def version(self, path: str) -> str:
        """What a path leads to: how it is reached, and the hash of what is there; empty when it is not a file."""
        if path not in self._versions:
            self._versions[path] = self._find_version(path)
        return self._versions[path]

    def _find_version(self, path: str) -> str:
        described = [*self._describe_parts(path)]
        if not described or "" in described:
            return ""
        try:
            if path not in self.overlays and path not in self.read and self.size(path) > _LARGEST_HASHED:
                return repr(stamp_of((self.root / path).stat()))
            return " ".join([*(one for one in described if " -> " in one), self.file(path, text=True).sha256])
        except (OSError, NotRegularError):
            return ""

    def _describe_parts(self, path: str) -> Iterator[str]:
        above = ""
        for part in path.split("/"):
            yield (self.entries(above) or {}).get(part, "")
            above = f"{above}/{part}" if above else part


def read_whole(handle: int, size: int) -> bytes:
    """All that an open file holds, which is expected to be as much as its size says."""
    content = os.read(handle, size + 1)
    if len(content) != size:
        while more := os.read(handle, _LARGEST_HASHED):
            content += more
    return content


class NotRegularError(Exception):
    """A file that is not read as text."""

    def __init__(self, *, too_large: bool) -> None:
        super().__init__()
        self.too_large = too_large
