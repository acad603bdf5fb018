"""The receipt of an apply: who, when, from which commit, which plan, what became of it. No field holds a secret."""

from __future__ import annotations

import getpass
import json
import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from cyberflow import __version__
from cyberflow.cli.plan import Compiled
from cyberflow.deploy import Outcome, Plan
from cyberflow.targets import Service, state_folder


def write_receipt(compiled: Compiled, service: Service, made: Plan, done: list[Outcome], code: int) -> str:
    """Keep the receipt in `.cyberflow/receipts/` and give its text."""
    now = datetime.now(UTC)
    receipt = {
        "version": 1,
        "cyberflow": __version__,
        "project": compiled.bundle.project,
        "target": service.name,
        "url": None if service.local else service.target.url,
        "at": now.isoformat(timespec="seconds"),
        "by": _who(),
        "commit": _commit(compiled.sourced.root),
        "bundle": compiled.bundle.digest,
        "plan": made.digest,
        "exit_code": code,
        "changes": [
            {"action": one.action, "kind": one.kind, "name": one.name, "id": one.id, "status": one.status}
            for one in done
        ],
    }
    text = json.dumps(receipt, ensure_ascii=False, indent=2) + "\n"
    folder = state_folder(compiled.sourced.root) / "receipts"
    folder.mkdir(mode=0o700, exist_ok=True)
    (folder / f"{now:%Y%m%dT%H%M%S%f}.json").write_text(text, encoding="utf-8")
    return text


def _who() -> str:
    for name in ("GITHUB_ACTOR", "GITLAB_USER_LOGIN"):
        if os.environ.get(name):
            return os.environ[name]
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"


def _commit(root: Path) -> str | None:
    """The commit that is checked out, with `+` when the work tree differs; None outside git."""
    try:
        head = _git(root, "rev-parse", "HEAD")
        return None if head is None else head + ("+" if _git(root, "status", "--porcelain", "--", ".") else "")
    except (OSError, subprocess.TimeoutExpired):
        return None


def _git(root: Path, *words: str) -> str | None:
    answer = subprocess.run(["git", "-C", str(root), *words], capture_output=True, check=False, timeout=10, text=True)  # noqa: S603, S607
    return answer.stdout.strip() if answer.returncode == 0 else None
