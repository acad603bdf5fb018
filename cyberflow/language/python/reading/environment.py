"""What the import of a project's modules rests on besides their own text, as one hash: every file of the project, which
a module may read while it is loaded, and the packages that are installed.
"""

from __future__ import annotations

import hashlib
import os
import sys
import sysconfig
from collections.abc import Container
from pathlib import Path

_MOST = 20_000
_SKIPPED = ("dist", "__pycache__")
_SITES = ("site-packages", "dist-packages")


def environment_hash(root: Path) -> str | None:
    """The hash; None for a project with so many files that to look at all of them costs more than to import anew."""
    seen = hashlib.sha256(repr(sys.path).encode())
    left = _MOST
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and name not in ("dist", "__pycache__")
        )
        left -= len(names)
        if left < 0:
            return None
        for name in sorted(names):
            try:
                facts = os.lstat(f"{folder}/{name}")
            except FileNotFoundError:
                continue  # gone since the folder was listed, as the files beside a ledger go
            except OSError:
                return None
            seen.update(repr((folder, name, facts.st_mtime_ns, facts.st_size, facts.st_ino)).encode("utf-8", "replace"))
    for path in sys.path:
        if path.endswith(_SITES) and os.path.isdir(path):  # noqa: PTH112 - as above
            seen.update(repr(sorted(os.listdir(path))).encode("utf-8", "replace"))  # noqa: PTH208 - names tell versions
    return seen.hexdigest()


def comes_from_elsewhere(root: Path, before: Container[str]) -> bool:
    """Whether a module was loaded, and not before, that is neither the project's nor Python's nor an installed
    package: what changes in it is seen by nobody.
    """
    known = (str(root), sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"), str(_PACKAGE))
    loaded = [module for name, module in list(sys.modules.items()) if name not in before]
    files = (getattr(module, "__file__", None) for module in loaded)
    return any(
        isinstance(file, str) and not file.startswith(known) and not any(site in file for site in _SITES)
        for file in files
    )


_PACKAGE = Path(__file__).parents[3]
