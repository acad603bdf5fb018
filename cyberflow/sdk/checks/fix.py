"""Mends a project on the disk: every file whole, and none that somebody else has changed meanwhile."""

from __future__ import annotations

from pathlib import Path

from cyberflow.compiler.fixes.mend import Mending
from cyberflow.errors import ConflictError
from cyberflow.storage import write_bytes


def write_mending(root: Path, mending: Mending) -> None:
    """Write the files that were mended. Raises ConflictError, before the first, for one that changed on the disk."""
    for path, (before, _) in sorted(mending.contents.items()):
        if (root / path).read_bytes() != before:
            raise ConflictError(f"{path} changed while it was mended", help="nothing was written: try once more")
    for path, (_, after) in sorted(mending.contents.items()):
        write_bytes(root / path, after, private=False)
