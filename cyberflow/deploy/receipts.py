"""The receipt of an apply: who, when, from which commit, which plan, who approved it, what became of it. No field holds
a secret. It is begun before the first write, so that one that was killed leaves what it was about to do; and it names
the sha256 of the receipt before it on that target, so that none can be changed or taken out unseen.
"""

from __future__ import annotations

import getpass
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cyberflow.deploy.plan.model import Outcome, Plan
from cyberflow.storage import make_folder, parse_json, write_text
from cyberflow.version import __version__

VERSION = 2
FOLDER = "receipts"
USERS = ("GITHUB_ACTOR", "GITLAB_USER_LOGIN")
APPROVERS = ("GITHUB_TRIGGERING_ACTOR", *USERS, "BUILD_REQUESTEDFOR", "BUILD_USER_ID", "CIRCLE_USERNAME")
"""Where a CI says who had the job run: GitHub, GitLab, Azure, Jenkins, CircleCI."""


@dataclass(frozen=True)
class Approval:
    """Who approved an apply, and where that was read: an option or a variable of the CI."""

    by: str | None = None
    source: str | None = None

    @classmethod
    def find(cls, named: str | None, environment: Mapping[str, str]) -> Approval:
        """The one that is named, else the one that the CI says."""
        if named and named.strip():
            return cls(named.strip(), "--approved-by")
        return next((cls(environment[name], name) for name in APPROVERS if environment.get(name)), cls())


@dataclass(frozen=True)
class StoredReceipt:
    """A receipt as it lies in a folder. `opened` is the sha256 it had before it was closed: an apply that began
    meanwhile names that one. Receipts of version 1 have no number, no chain, no approver and no hashes.
    """

    name: str
    sha256: str
    project: str
    target: str
    data: Mapping[str, Any] = field(repr=False)

    @property
    def version(self) -> int:
        return int(self.data["version"])

    @property
    def number(self) -> int | None:
        found = self.data.get("number")
        return found if isinstance(found, int) else None

    @property
    def changes(self) -> list[Mapping[str, Any]]:
        found = self.data.get("changes")
        return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []

    def text(self, key: str) -> str | None:
        """A field that is a text, None where it is not."""
        found = self.data.get(key)
        return found if isinstance(found, str) else None


@dataclass(frozen=True)
class ReceiptLine:
    """Where the receipts of one target of a project lie."""

    folder: Path
    project: str
    target: str

    def newest_first(self) -> Iterator[StoredReceipt]:
        """The receipts that can be read."""
        for path in sorted(self.folder.glob("*.json"), reverse=True):
            found = load_receipt(path)
            if found is not None and (found.project, found.target) == (self.project, self.target):
                yield found


def load_receipt(path: Path) -> StoredReceipt | None:
    """Read a receipt of this version or of the one before; None for a file that is not one."""
    try:
        content = path.read_bytes()
        data = parse_json(content.decode())
    except (OSError, ValueError, RecursionError):
        return None
    known = isinstance(data, dict) and data.get("version") in (1, VERSION)
    if not known or not all(isinstance(data.get(key), str) for key in ("project", "target", "at", "plan")):
        return None
    return StoredReceipt(path.name, hashlib.sha256(content).hexdigest(), data["project"], data["target"], data)


class Receipt:
    """The receipt of one apply: a file of its own in `folder` and, when it is over, also at `copy`."""

    def __init__(self, made: Plan, facts: Mapping[str, Any], folder: Path, copy: Path | None = None) -> None:
        """`facts` are those of the apply that the plan does not hold: commit, url, approval."""
        self._plan = made
        self._copy = copy
        self._line = ReceiptLine(folder, made.bundle.project, made.bundle.target)
        now = datetime.now(UTC)
        self._file = folder / f"{now:%Y%m%dT%H%M%S%f}.json"
        self._opened: str | None = None
        self._head: dict[str, Any] = {
            "version": VERSION,
            "cyberflow": __version__,
            "project": made.bundle.project,
            "target": made.bundle.target,
            "at": now.isoformat(timespec="seconds"),
            "by": _user_name(),
            **facts,
            "bundle": made.bundle.digest,
            "plan": made.digest,
        }

    def open(self) -> None:
        """Leave what is about to be done; the exit code is null until it is over. Raises before anything is sent."""
        intents = [Outcome.of(change, "unfinished") for change in self._plan.changes if change.pending]
        text = self._text(intents, None)
        self._save(text)
        self._opened = hashlib.sha256(text.encode()).hexdigest()

    def close(self, done: Sequence[Outcome], code: int) -> None:
        """Say what became of it."""
        self._save(self._text(done, code))

    def _save(self, text: str) -> None:
        make_folder(self._file.parent)
        for file in (self._file, *([self._copy] if self._copy else [])):
            write_text(file, text)

    def _text(self, outcomes: Sequence[Outcome], code: int | None) -> str:
        if "previous" not in self._head:
            self._head |= _link(self._line)
        changes = [one.to_json() for one in outcomes]
        end = {"opened": self._opened, "exit_code": code, "changes": changes}
        return json.dumps({**self._head, **end}, ensure_ascii=False, indent=2) + "\n"


def _link(line: ReceiptLine) -> dict[str, Any]:
    """What a receipt says of the one before it on its target."""
    before = next(line.newest_first(), None)
    if before is None:
        return {"number": 1, "previous": None, "previous_receipt": None}
    number = before.number or sum(1 for _ in line.newest_first())
    return {"number": number + 1, "previous": before.sha256, "previous_receipt": before.name}


def _user_name() -> str:
    for name in USERS:
        if os.environ.get(name):
            return os.environ[name]
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"
