"""What the import of a project's modules rests on besides their own text, as one hash: every file of the project, which
a module may read while it is loaded, and the packages that are installed.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
import sysconfig
from collections.abc import Container
from pathlib import Path

from cyberflow.storage import ledgers_elsewhere

_MOST = 20_000
_SKIPPED = ("dist", "__pycache__")
_SITES = ("site-packages", "dist-packages")


def environment_hash(root: Path) -> str | None:
    """The hash; None for a project with so many files that to look at all of them costs more than to import anew."""
    seen = hashlib.sha256(repr(sys.path).encode())
    ours = _written_by_us(root)
    left = _MOST
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and name not in ("dist", "__pycache__")
        )
        left -= len(names)
        if left < 0:
            return None
        for name in sorted(names):
            path = os.path.join(folder, name)  # noqa: PTH118 - of many thousand files
            if ours is not None and ours.fullmatch(path):
                continue
            try:
                facts = os.lstat(path)
            except FileNotFoundError:
                continue  # gone since the folder was listed, as the files beside a ledger go
            except OSError:
                return None
            seen.update(repr((folder, name, facts.st_mtime_ns, facts.st_size, facts.st_ino)).encode("utf-8", "replace"))
    for path in sys.path:
        if path.endswith(_SITES) and os.path.isdir(path):  # noqa: PTH112 - as above
            seen.update(repr(sorted(os.listdir(path))).encode("utf-8", "replace"))  # noqa: PTH208 - names tell versions
    return seen.hexdigest()


def _written_by_us(root: Path) -> re.Pattern[str] | None:
    """The paths of ledgers that stand among a project's own files, and of what is written beside them: results, files
    of steps, rows that came by a pipe. They change with every run, and no module is made of them.
    """
    whole, found = root.resolve(), []
    for path in ledgers_elsewhere(root / ".cyberflow"):
        if path.is_relative_to(whole):
            ledger = root / path.relative_to(whole)
            stem, name = re.escape(str(ledger.with_suffix(""))), re.escape(str(ledger))
            found += [rf"{stem}(\.jsonl|\.rows[.-].*)", rf"{name}(-lock|-wal|-shm|-journal|\.files[/\\].*)?"]
    return re.compile("|".join(found), re.DOTALL) if found else None


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
