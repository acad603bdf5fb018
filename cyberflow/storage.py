"""Files that appear whole or not at all, folders that only their owner reads, and names that lead nowhere else."""

from __future__ import annotations

import errno
import json
import os
import re
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO
from unicodedata import normalize

from cyberflow.errors import CyberflowError
from cyberflow.late import dataclass, expression

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST = 150
LEDGERS = "ledgers"
ELSEWHERE = f"{LEDGERS}/elsewhere"
DEVICES = frozenset(
    {
        *("con", "prn", "aux", "nul", "conin$", "conout$", "clock$"),
        *(f"{port}{number}" for port in ("com", "lpt") for number in range(10)),
    }
)
"""Names that Windows keeps for itself, whatever their ending."""
_STREAMS = frozenset(map(Path, ("/dev/stdout", "/dev/stderr", "/dev/fd", "/proc/self/fd")))
_UNFIT = expression(r'[\x00-\x1f\x7f-\x9f<>:"|?*\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]')
IN_PLACE = frozenset({errno.EACCES, errno.EPERM, errno.EBUSY, errno.EXDEV, errno.EROFS})
"""Why no file can be put beside another one, which itself may still be written: a folder of someone else, a mount."""


def safe_name(name: str) -> str:
    """The base name of what the platform calls a file, fit for every system: no folders, no device, no hidden file."""
    last = re.split(r"[/\\]", name)[-1]
    fit = _UNFIT.sub("_", last).strip(" .")
    stem, dot, suffix = fit.rpartition(".")
    if not dot or len(suffix) > LONGEST // 3:
        stem, dot, suffix = fit, "", ""
    if is_device(stem):
        stem = f"_{stem}"
    room = LONGEST - len(f"{dot}{suffix}".encode())
    return f"{stem.encode()[:room].decode(errors='ignore')}{dot}{suffix}".strip(" .") or "file"


def is_device(name: str) -> bool:
    """Whether Windows takes a name for a device: by what stands before its first dot, `COM¹` as `COM1`."""
    return normalize("NFKC", name.partition(".")[0].strip()).lower() in DEVICES


def unique_path(folder: Path, name: str, taken: set[str] | None = None) -> Path:
    """Where a file of this name can stand: `a.csv`, `a-2.csv`, … Beside what the folder holds already; or, with the
    names of `taken`, beside these alone, in a folder that is made when it is not there.
    """
    wanted = Path(safe_name(name))
    unique, number = wanted, 1
    while unique.name.casefold() in taken if taken is not None else os.path.lexists(folder / unique):
        number += 1
        unique = wanted.with_name(f"{wanted.stem}-{number}{wanted.suffix}")
    if taken is not None:
        taken.add(unique.name.casefold())
        make_folder(folder)
    return folder / unique


@dataclass
class PartialFile:
    """A file under a name of its own until it is whole."""

    file: BinaryIO
    path: Path

    def move_to(self, to: Path) -> None:
        """Put it on the disk, and in the place of `to`."""
        self.file.flush()
        os.fsync(self.file.fileno())
        self.file.close()
        self.path.replace(to)
        sync_folder(to.parent)


@contextmanager
def open_partial(folder: Path, mode: int = 0o600) -> Iterator[PartialFile]:
    """Open a new file in a folder; it is removed at the end unless it was moved to its place. Raises OSError."""
    path = folder / f".{os.urandom(16).hex()}.part"
    opened = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
    try:
        with os.fdopen(opened, "w+b") as file:
            yield PartialFile(file, path)
    finally:
        path.unlink(missing_ok=True)


@contextmanager
def open_atomic(to: Path) -> Iterator[BinaryIO]:
    """Open a file beside `to` for writing; it takes the place of `to` at the end, or is removed when that fails.

    Raises CyberflowError when the disk refuses. Whatever else is raised inside passes through.
    """
    if _is_stream(to):
        with write_errors(to), to.open("ab") as stream:
            yield stream
        return
    with write_errors(to), open_partial(to.parent) as part:
        yield part.file
        part.move_to(to)


def write_text(path: Path, text: str, *, private: bool = True) -> None:
    """Write a text as `write_bytes` does."""
    write_bytes(path, text.encode(), private=private)


def write_bytes(path: Path, content: bytes, *, private: bool = True) -> None:
    """Write a file whole, with its folder, for its owner alone when `private`; else an existing one keeps its mode. A
    link is followed, a device or a pipe written to, and what nothing can be put beside is written in place.

    Raises CyberflowError when the disk refuses.
    """
    with write_errors(path):
        if _is_stream(path):
            with path.open("ab") as stream:
                stream.write(content)
            return
        to = path.resolve() if path.is_symlink() else path
        to.parent.mkdir(parents=True, exist_ok=True)
        before = None if private or not to.exists() else to.stat().st_mode & 0o7777
        try:
            with open_partial(to.parent, 0o600 if private else 0o666) as part:
                part.file.write(content)
                if before is not None:
                    part.path.chmod(before)
                part.move_to(to)
        except OSError as error:
            if error.errno not in IN_PLACE or not to.exists():
                raise
            to.write_bytes(content)


def _is_stream(path: Path) -> bool:
    """Whether what is written goes on to somebody: a device, a pipe, or the standard output, wherever that leads."""
    return path in _STREAMS or path.parent in _STREAMS or (path.exists() and not path.is_file() and not path.is_dir())


def make_folder(folder: Path) -> Path:
    """Make a folder with those above it, for its owner alone. Raises CyberflowError."""
    with write_errors(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def private_folder(folder: Path) -> Path:
    """Make a folder that only its owner reads and that git leaves alone. Raises CyberflowError when it cannot be."""
    make_folder(folder)
    ignore = folder / ".gitignore"
    if not ignore.exists():
        write_text(ignore, "*\n")
    return folder


def close_folder(folder: Path) -> bool:
    """Take a folder from everybody but its owner; whether others could read or write in it before."""
    if os.name != "posix" or not folder.stat().st_mode & 0o077:
        return False
    with write_errors(folder):
        folder.chmod(0o700)
    return True


def sync_folder(folder: Path) -> None:
    """Put a new name in a folder on the disk, where the system knows how."""
    with suppress(OSError):
        opened = os.open(folder, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


@contextmanager
def write_errors(path: Path) -> Iterator[None]:
    """Say of a disk that refuses which file could not be written."""
    try:
        yield
    except OSError as error:
        raise CyberflowError(f"{path} cannot be written: {error.strerror or error}") from error


def ledgers_elsewhere(state: Path) -> list[Path]:
    """The ledgers of a project that stand where a user put them, as its `.cyberflow` lists them, and are still there:
    their paths are the project's, or absolute.
    """
    try:
        listed = parse_json((state / ELSEWHERE).read_text(encoding="utf-8"))
        paths = [state.resolve().parent / str(one) for one in listed]
    except (OSError, TypeError, ValueError):
        return []
    return [path for path in paths if path.is_file()]


def parse_json(text: str) -> Any:
    """Read JSON of a file of ours. Raises ValueError, for what is nested too deep or holds half an emoji too."""
    try:
        value = json.loads(text)
        json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    return value
