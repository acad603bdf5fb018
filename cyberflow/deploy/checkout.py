"""Commits written out into folders of their own. The user's work tree, index, configuration and hooks are not touched:
objects are read, each held against its own id, so that a commit vouches for every byte that comes out of it.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

from cyberflow.deploy.git import INERT, git_command, git_environment, run_git
from cyberflow.errors import CyberflowError

_ID = re.compile(r"[0-9a-f]{7,64}")
_FOLDER, _LINK, _MODULE = b"40000", b"120000", b"160000"
_HEAD = re.compile(r"(?P<id>[0-9a-f]{40,64}) (?P<kind>[a-z]+) (?P<size>[0-9]+)\n")
_SHA1 = 40
_UNFIT = {"", ".", "..", ".git"}


class CommitUnreadable(CyberflowError):
    """A commit that cannot be written out: it is not in this repository or, `damaged`, not as it was."""

    def __init__(self, message: str, *, damaged: bool = False) -> None:
        super().__init__(message)
        self.damaged = damaged


@dataclass(frozen=True)
class CommitFacts:
    """What a commit says of itself. `signed` says that there is a signature, not whose."""

    id: str
    author: str
    at: int
    subject: str
    signed: bool


@dataclass(frozen=True)
class GitObject:
    id: str
    kind: str
    content: bytes


class GitObjects:
    """The objects of a repository, each read once it is asked for; a process of git waits for the questions."""

    def __init__(self, root: Path) -> None:
        command = git_command(root, INERT, "cat-file", "--batch")
        pipe, away = subprocess.PIPE, subprocess.DEVNULL
        try:
            self._process = subprocess.Popen(  # noqa: S603
                command, stdin=pipe, stdout=pipe, stderr=away, env=git_environment()
            )
        except OSError as error:
            raise CommitUnreadable("git cannot be called") from error

    def close(self) -> None:
        assert self._process.stdin is not None  # noqa: S101 - a pipe, as asked for
        assert self._process.stdout is not None  # noqa: S101 - as above
        with suppress(OSError):  # git may be gone: there is no repository, or it was stopped
            self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()

    def read(self, name: str) -> GitObject | None:
        """Find an object by an id, whole or cut; None when there is none. Raises CommitUnreadable for one that is not
        what its id says.
        """
        answer: IO[bytes] | None = self._process.stdout
        assert self._process.stdin is not None  # noqa: S101 - a pipe, as asked for
        assert answer is not None  # noqa: S101 - as above
        try:
            self._process.stdin.write(f"{name}\n".encode())
            self._process.stdin.flush()
        except OSError:
            return None
        head = _HEAD.fullmatch(answer.readline().decode())
        if head is None:
            return None
        id, kind, size = head["id"], head["kind"], int(head["size"])
        content = answer.read(size)
        answer.read(1)
        digest = hashlib.sha1 if len(id) == _SHA1 else hashlib.sha256
        if digest(f"{kind} {size}\0".encode() + content).hexdigest() != id:
            raise CommitUnreadable(f"the object {id[:12]} of the repository is not what its id says", damaged=True)
        return GitObject(id, kind, content)


@contextmanager
def open_objects(root: Path) -> Iterator[GitObjects]:
    """The objects of the repository that holds `root`. Raises CommitUnreadable where there is no git."""
    objects = GitObjects(root)
    try:
        yield objects
    finally:
        objects.close()


@contextmanager
def checkout(root: Path, commit: str) -> Iterator[tuple[Path, CommitFacts]]:
    """Write the project at `root` out as it is in a commit, into a folder that is gone afterwards; gives its root
    there. Raises CommitUnreadable.
    """
    above = run_git(root, INERT, "rev-parse", "--show-prefix")
    if above is None:
        raise CommitUnreadable("this folder is not in a git repository")
    with TemporaryDirectory(prefix="cyberflow-") as folder, open_objects(root) as objects:
        top = Path(folder)
        (top / ".git").mkdir()  # the level at which ignore files begin
        facts, tree = _read_commit(objects, commit)
        try:
            for part in filter(None, above.split("/")):
                tree = _step_down(objects, tree, part, top)
                top = top / part
                top.mkdir()
            _write_tree(objects, tree, top)
        except OSError as error:
            raise CommitUnreadable(f"that commit cannot be written out here: {error.strerror}") from error
        yield top, facts


def read_commit(root: Path, commit: str) -> CommitFacts:
    """What a commit says of itself. Raises CommitUnreadable."""
    with open_objects(root) as objects:
        return _read_commit(objects, commit)[0]


def branches_with(root: Path, commit: str) -> list[str]:
    """The branches of a repository, remote ones included, that lead to a commit."""
    words = ("for-each-ref", "--format=%(refname:short)", "--contains", commit, "refs/heads", "refs/remotes")
    listed = run_git(root, INERT, *words) if _ID.fullmatch(commit) else None
    return [name for name in (listed or "").splitlines() if not name.endswith("/HEAD")]


def _read_commit(objects: GitObjects, commit: str) -> tuple[CommitFacts, str]:
    found = objects.read(commit) if _ID.fullmatch(commit) else None
    if found is None or found.kind != "commit":
        raise CommitUnreadable(f"the commit {commit[:12]} is not in this repository")
    head, _, message = found.content.decode(errors="replace").partition("\n\n")
    fields = dict(line.split(" ", 1) for line in reversed(head.splitlines()) if " " in line and line[0] != " ")
    name, _, rest = fields.get("author", "").partition(" <")
    moment = rest.rpartition("> ")[2].split(" ")[0]
    subject = message.strip().splitlines()[0] if message.strip() else ""
    at = int(moment) if moment.isdigit() else 0
    return CommitFacts(found.id, name, at, subject, "gpgsig" in fields or "gpgsig-sha256" in fields), fields["tree"]


def _entries(objects: GitObjects, tree: str) -> Iterator[tuple[bytes, str, str]]:
    """Mode, name and id of what is in a folder."""
    found = objects.read(tree)
    if found is None:
        raise CommitUnreadable(f"the repository lacks the folder {tree[:12]} of that commit")
    content, width = found.content, len(found.id) // 2
    while content:
        head, _, content = content.partition(b"\0")
        mode, _, name = head.partition(b" ")
        yield mode, name.decode(errors="surrogateescape"), content[:width].hex()
        content = content[width:]


def _step_down(objects: GitObjects, tree: str, part: str, to: Path) -> str:
    """The folder `part` of a folder, and into `to` the ignore file that holds for it."""
    inside = {name: (mode, id) for mode, name, id in _entries(objects, tree)}
    if ".gitignore" in inside and inside[".gitignore"][0] not in (_FOLDER, _LINK):
        _write_file(objects, inside[".gitignore"][1], to / ".gitignore")
    if part not in inside or inside[part][0] != _FOLDER:
        raise CommitUnreadable(f"that commit has no folder `{part}`, where the project is now")
    return inside[part][1]


def _write_tree(objects: GitObjects, tree: str, to: Path) -> None:
    for mode, name, id in _entries(objects, tree):
        if name in _UNFIT or "/" in name or os.sep in name:
            raise CommitUnreadable("that commit holds a name that is not one of a file", damaged=True)
        path = to / name
        if mode == _FOLDER:
            path.mkdir()
            _write_tree(objects, id, path)
        elif mode == _LINK:
            found = objects.read(id)
            path.symlink_to(found.content.decode(errors="surrogateescape") if found else "")
        elif mode != _MODULE:
            _write_file(objects, id, path)


def _write_file(objects: GitObjects, id: str, path: Path) -> None:
    found = objects.read(id)
    if found is None:
        raise CommitUnreadable(f"the repository lacks the file {path.name} of that commit")
    with path.open("xb") as file:  # never through a link of the same name
        file.write(found.content)
