"""Git's ignore files, read without git: `.gitignore` at every level and `.git/info/exclude`. The last pattern that
matches decides, a deeper file before one above it, and nothing below an ignored folder comes back.
"""

from __future__ import annotations

import hashlib
import os
import re
from codecs import BOM_UTF8
from collections.abc import Iterator
from dataclasses import field
from functools import lru_cache
from pathlib import Path

from cyberflow.language.disk_facts import ignore_file_fact, read_plain_file
from cyberflow.late import dataclass

IGNORE_FILE = ".gitignore"
_CLASSES = {
    "alpha": "a-zA-Z",
    "digit": "0-9",
    "alnum": "a-zA-Z0-9",
    "upper": "A-Z",
    "lower": "a-z",
    "blank": r" \t",
    "space": r"\s",
    "xdigit": "0-9a-fA-F",
    "word": r"\w",
    "punct": r"!-/:-@\[-`{-~",
    "cntrl": r"\x00-\x1f\x7f",
    "print": r"\x20-\x7e",
    "graph": r"\x21-\x7e",
}


@dataclass(frozen=True)
class IgnorePattern:
    """One line of an ignore file, which speaks of paths below `base`."""

    base: str
    expression: re.Pattern[str]
    ignores: bool
    folders_only: bool
    anchored: bool

    def matches(self, path: str, *, is_folder: bool) -> bool:
        """Whether it speaks of a path, which is relative to the work tree."""
        if (self.folders_only and not is_folder) or not path.startswith(self.base):
            return False
        below = path[len(self.base) :]
        return self.expression.fullmatch(below if self.anchored else below.rpartition("/")[2]) is not None


@lru_cache(256)
def parse_ignore_file(data: bytes, base: str = "") -> tuple[IgnorePattern, ...]:
    """The patterns of one file; `base` is its folder below the work tree, with a `/` at the end unless empty."""
    patterns = []
    for line in data.removeprefix(BOM_UTF8).decode("latin-1").split("\n"):
        written = _strip_blanks(line.removesuffix("\r"))
        ignores = not written.startswith("!")
        written = written if ignores else written[1:]
        folders_only = written.endswith("/")
        written = written.removesuffix("/")
        if not written or line.startswith("#"):
            continue
        anchored = "/" in written
        expression = _translate(written.removeprefix("/"))
        if expression is not None:
            patterns.append(IgnorePattern(base, expression, ignores, folders_only, anchored))
    return tuple(patterns)


def _strip_blanks(line: str) -> str:
    """A line without the blanks at its end; one behind a backslash stays."""
    stripped = line.rstrip(" ")
    backslashes = len(stripped) - len(stripped.rstrip("\\"))
    return stripped + " " if backslashes % 2 and stripped != line else stripped


def _translate(pattern: str) -> re.Pattern[str] | None:
    """A pattern as an expression over the path below its folder; None for one that can match nothing."""
    made: list[str] = []
    piece: str | None
    at = 0
    if pattern == "**":
        made, at = [".+"], 2
    elif pattern.startswith("**/"):
        made, at = ["(?:.*/)?"], 3
    while at < len(pattern):
        if pattern.startswith("/**/", at):
            piece, at = "/(?:.*/)?", at + 4
        elif pattern.startswith("/**", at) and at + 3 == len(pattern):
            piece, at = "/.+", len(pattern)
        else:
            piece, at = _translate_sign(pattern, at)
        if piece is None:
            return None
        made.append(piece)
    try:
        return re.compile("".join(made), re.DOTALL)
    except re.error:
        return None


def _translate_sign(pattern: str, at: int) -> tuple[str | None, int]:
    sign = pattern[at]
    if sign == "*":
        while at < len(pattern) and pattern[at] == "*":
            at += 1
        return "[^/]*", at
    if sign == "?":
        return "[^/]", at + 1
    if sign == "[":
        return _translate_set(pattern, at + 1)
    if sign == "\\":
        return (re.escape(pattern[at + 1]), at + 2) if at + 1 < len(pattern) else (None, at)
    return re.escape(sign), at + 1


def _translate_set(pattern: str, at: int) -> tuple[str | None, int]:
    """The characters between brackets; None when they are never closed."""
    negated = pattern[at : at + 1] in ("!", "^")
    at += negated
    if pattern.find("]", at) < 0:
        return None, at
    made: list[str] = []
    first = True
    while at < len(pattern) and (first or pattern[at] != "]"):
        first = False
        if (named := re.compile(r"\[:([a-z]+):\]").match(pattern, at)) is not None:
            if named[1] not in _CLASSES:
                return None, at
            made.append(_CLASSES[named[1]])
            at = named.end()
            continue
        low, at = _set_member(pattern, at)
        if pattern[at : at + 1] == "-" and pattern[at + 1 : at + 2] not in ("", "]"):
            high, at = _set_member(pattern, at + 1)
            made.append(f"{re.escape(low)}-{re.escape(high)}" if low <= high else re.escape(low))
        else:
            made.append(re.escape(low))
    if at >= len(pattern):
        return None, at
    if not made:
        return ("[^/]" if negated else "(?!)"), at + 1
    return f"(?!/)[{'^' * negated}{''.join(made)}]", at + 1


def _set_member(pattern: str, at: int) -> tuple[str, int]:
    at += pattern[at] == "\\" and at + 1 < len(pattern)
    return pattern[at], at + 1


@dataclass
class IgnoreFiles:
    """The ignore files that speak of a project. The work tree is the nearest folder from the project upwards that has
    a `.git`; without one it is the project's own folder.
    """

    root: Path
    contents: dict[str, str | None] = field(default_factory=dict)
    """The sha256 of each ignore file that was asked by its path, None for one that is not there."""
    _patterns: dict[str, tuple[IgnorePattern, ...]] = field(default_factory=dict)
    _outer: tuple[IgnorePattern, ...] = ()
    _prefix: str = ""

    def __post_init__(self) -> None:
        root = Path(os.path.abspath(self.root))  # noqa: PTH100 - Path.resolve follows links, and paths are as written
        tree = next((folder for folder in (root, *root.parents) if self._has_repository(folder)), root)
        self._prefix = "" if tree == root else root.relative_to(tree).as_posix() + "/"
        self._outer = self._read(_exclude_file(tree), "")
        parts = self._prefix.split("/")[:-1]
        for depth in range(len(parts)):
            base = "".join(f"{part}/" for part in parts[:depth])
            self._outer += self._read(tree / base / IGNORE_FILE, base)

    def _has_repository(self, folder: Path) -> bool:
        self.contents[str(folder / ".git")] = fact = ignore_file_fact(str(folder / ".git"))
        return fact is not None

    def _read(self, path: Path, base: str) -> tuple[IgnorePattern, ...]:
        data = read_plain_file(path)
        self.contents[str(path)] = None if data is None else hashlib.sha256(data).hexdigest()
        return () if data is None else parse_ignore_file(data, _as_bytes(base))

    def enter(self, folder: str) -> None:
        """Read the ignore file of a folder of the project, relative to it, before its entries are asked about."""
        above = f"{folder}/" if folder else ""
        self._patterns[folder] = self._read(self.root / above / IGNORE_FILE, self._prefix + above)

    def ignores(self, path: str, *, is_folder: bool) -> bool:
        """Whether git ignores a path of the project. What is above it is asked by who walks down to it."""
        whole = _as_bytes(self._prefix + path)
        for pattern in self._from_deepest(path):
            if pattern.matches(whole, is_folder=is_folder):
                return pattern.ignores
        return False

    def _from_deepest(self, path: str) -> Iterator[IgnorePattern]:
        folder = path
        while folder:
            folder = folder.rpartition("/")[0]
            yield from reversed(self._patterns.get(folder, ()))
        yield from reversed(self._outer)


def _as_bytes(path: str) -> str:
    """A path with a character for each of its bytes: to git, `?` is one byte."""
    return path if path.isascii() else os.fsencode(path).decode("latin-1")


def _exclude_file(tree: Path) -> Path:
    """`info/exclude` of a work tree; in a linked one `.git` is a file that names where the repository is."""
    repository = tree / ".git"
    data = read_plain_file(repository)
    if data is not None and data.startswith(b"gitdir:"):
        repository = tree / os.fsdecode(data[len("gitdir:") :]).strip()
        shared = read_plain_file(repository / "commondir")
        repository = repository / os.fsdecode(shared).strip() if shared else repository
    return repository / "info" / "exclude"
