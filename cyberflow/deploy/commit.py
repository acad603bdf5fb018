"""The git commit of a folder, and whether its work tree differs."""

from __future__ import annotations

from collections.abc import Container, Iterator
from pathlib import Path

from cyberflow.deploy.git import INERT, run_git

_FILTERS = r"^filter\..*\.(clean|smudge|process|required)$"


def current_commit(root: Path, read: Container[str] | None = None) -> str | None:
    """The full id of the commit that is checked out, with `+` when the work tree below `root` differs; None outside
    git, or where git does not answer. Of files that git does not know only those in `read` count, relative to `root`,
    and modules: a saved plan changes nothing.
    """
    head = run_git(root, INERT, "rev-parse", "--verify", "HEAD^{commit}")
    if head is None:
        return None
    listed = run_git(root, INERT, "config", "--name-only", "-z", "--get-regexp", _FILTERS) or ""
    inert = (*INERT, *_without_filters(listed))
    above = run_git(root, inert, "rev-parse", "--show-prefix")
    status = ("status", "--porcelain", "-z", "--no-renames", "--untracked-files=all", "--ignore-submodules=all")
    changed = run_git(root, inert, *status, "--", ".")
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
