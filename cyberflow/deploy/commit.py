"""The git commit of a folder. A repository may come from anywhere, so nothing that its configuration names is run: no
hook, no file watcher, no filter, no transport.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Container, Iterator
from pathlib import Path

_INERT = ("core.fsmonitor=false", f"core.hooksPath={os.devnull}", "protocol.allow=never", "core.pager=cat")
_FILTERS = r"^filter\..*\.(clean|smudge|process|required)$"
_SECONDS = 10


def current_commit(root: Path, read: Container[str] | None = None) -> str | None:
    """The full id of the commit that is checked out, with `+` when the work tree below `root` differs; None outside
    git, or where git does not answer. Of files that git does not know only those in `read` count, relative to `root`,
    and modules: a saved plan changes nothing.
    """
    try:
        head = _git(root, _INERT, "rev-parse", "--verify", "HEAD^{commit}")
        if head is None:
            return None
        listed = _git(root, _INERT, "config", "--name-only", "-z", "--get-regexp", _FILTERS) or ""
        inert = (*_INERT, *_without_filters(listed))
        above = _git(root, inert, "rev-parse", "--show-prefix")
        status = ("status", "--porcelain", "-z", "--no-renames", "--untracked-files=all", "--ignore-submodules=all")
        changed = _git(root, inert, *status, "--", ".")
    except (OSError, subprocess.TimeoutExpired):
        return None
    differs = changed is None or above is None or any(_counts(entry, above, read) for entry in changed.split("\0"))
    return head + ("+" if differs else "")


def _counts(entry: str, above: str, read: Container[str] | None) -> bool:
    """Whether an entry of `git status` is a difference; `above` leads from the top of the work tree to the root."""
    state, path = entry[:2], entry[3:].removeprefix(above)
    return state.strip() != "" and (state != "??" or read is None or path in read or path.endswith(".py"))


def _without_filters(names: str) -> Iterator[str]:
    """Settings that empty every filter a file of the work tree could be sent through."""
    for name in filter(None, names.split("\0")):
        yield f"{name}=" if not name.endswith(".required") else f"{name}=false"


def _git(root: Path, settings: tuple[str, ...], *words: str) -> str | None:
    """The output of a git command; None when it fails."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    clean |= {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1", "LC_ALL": "C"}
    options = [part for setting in settings for part in ("-c", setting)]
    answer = subprocess.run(  # noqa: S603
        ["git", "-C", str(root), *options, *words],  # noqa: S607
        capture_output=True,
        check=False,
        timeout=_SECONDS,
        env=clean,
        stdin=subprocess.DEVNULL,
    )
    return answer.stdout.decode(errors="replace").rstrip("\n") if answer.returncode == 0 else None
