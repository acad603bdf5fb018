"""The receipt of an apply: who, when, from which commit, which plan, what became of it. No field holds a secret.
It is begun before the first write, so that one that was killed leaves what it was about to do.
"""

from __future__ import annotations

import getpass
import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cyberflow.deploy.plan.model import Outcome, Plan
from cyberflow.storage import make_folder, write_text
from cyberflow.version import __version__

VERSION = 1


class Receipt:
    """The receipt of one apply: a file of its own in `folder` and, when it is over, also at `copy`."""

    def __init__(self, made: Plan, commit: str | None, url: str | None, folder: Path, copy: Path | None = None) -> None:
        """`commit` is the one that was applied; `url` is None for the local target."""
        self._plan = made
        self._copy = copy
        now = datetime.now(UTC)
        self._head: dict[str, Any] = {
            "version": VERSION,
            "cyberflow": __version__,
            "project": made.bundle.project,
            "target": made.bundle.target,
            "url": url,
            "at": now.isoformat(timespec="seconds"),
            "by": _user_name(),
            "commit": commit,
            "bundle": made.bundle.digest,
            "plan": made.digest,
        }
        self._file = folder / f"{now:%Y%m%dT%H%M%S%f}.json"

    def open(self) -> None:
        """Leave what is about to be done; the exit code is null until it is over. Raises before anything is sent."""
        intents = [Outcome.of(change, "unfinished") for change in self._plan.changes if change.pending]
        self._save(self._text(intents, None))

    def close(self, done: Sequence[Outcome], code: int) -> None:
        """Say what became of it."""
        self._save(self._text(done, code))

    def _save(self, text: str) -> None:
        make_folder(self._file.parent)
        for file in (self._file, *([self._copy] if self._copy else [])):
            write_text(file, text)

    def _text(self, outcomes: Sequence[Outcome], code: int | None) -> str:
        changes = [one.to_json() for one in outcomes]
        return json.dumps({**self._head, "exit_code": code, "changes": changes}, ensure_ascii=False, indent=2) + "\n"


def _user_name() -> str:
    for name in ("GITHUB_ACTOR", "GITLAB_USER_LOGIN"):
        if os.environ.get(name):
            return os.environ[name]
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"
