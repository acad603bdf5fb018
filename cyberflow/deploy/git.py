"""Calling git. A repository may come from anywhere, so nothing that its configuration names is run: no hook, no file
watcher, no filter, no transport; and no object stands in for another.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

INERT = ("core.fsmonitor=false", f"core.hooksPath={os.devnull}", "protocol.allow=never", "core.pager=cat")
_QUIET = {"OPTIONAL_LOCKS": "0", "TERMINAL_PROMPT": "0", "NO_LAZY_FETCH": "1", "NO_REPLACE_OBJECTS": "1"}
_SECONDS = 30


def run_git(root: Path, settings: Sequence[str], *words: str) -> str | None:
    """The output of a git command; None when it fails, gives no answer in time, or there is no git."""
    try:
        answer = subprocess.run(  # noqa: S603
            git_command(root, settings, *words),
            capture_output=True,
            check=False,
            timeout=_SECONDS,
            env=git_environment(),
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.decode(errors="replace").rstrip("\n") if answer.returncode == 0 else None


def git_command(root: Path, settings: Sequence[str], *words: str) -> list[str]:
    options = [part for setting in settings for part in ("-c", setting)]
    return ["git", "-C", str(root), *options, *words]


def git_environment() -> dict[str, str]:
    """The environment without what would send git elsewhere."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return {**clean, **{f"GIT_{name}": value for name, value in _QUIET.items()}, "LC_ALL": "C"}
