"""Which files hold declarations: the ones `sources` names, or by default every YAML file of the project that looks
like one of ours, without tests, build output, dot-folders and what git ignores.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from cyberflow.diagnostics import Diagnostic
from cyberflow.errors import UsageError
from cyberflow.language.files import Files
from cyberflow.language.syntax import YamlDocument, parse
from cyberflow.source import Place

PROJECT_FILE = "cyberflow.yaml"
SECTIONS = ("workflows", "chains", "types", "tasks")
_SUFFIXES = (".yaml", ".yml")
_SKIPPED = frozenset({"tests", "dist", "node_modules", "__pycache__"})
_STARTS = re.compile(rf"^({'|'.join(SECTIONS)})\s*:", re.MULTILINE)
_NEAR = 2


def find_root(start: Path) -> Path:
    """Walk up from `start` to the folder of cyberflow.yaml. Raises UsageError when there is none."""
    start = start.resolve()
    for folder in (start, *start.parents):
        if (folder / PROJECT_FILE).is_file():
            return folder
    help = "run inside a project, name one with --project, or begin one with a file `cyberflow.yaml`: `project: NAME`"
    raise UsageError(f"there is no {PROJECT_FILE} in {start} or above it", help=help)


def declared(files: Files, sources: list[str], place: Place) -> Iterator[YamlDocument | Diagnostic]:
    """The files that `sources` names; a folder stands for the declaration files below it."""
    for index, name in enumerate(sources):
        at = place.at(index)
        folder = files.root / name.strip("/")
        if folder.is_dir() and folder.resolve().is_relative_to(files.root.resolve()):
            yield from _ours(files, _walk(files.root, folder))
            continue
        path = files.find(name, at)
        if isinstance(path, Diagnostic):
            yield path
            continue
        document = _read(files, path, at)
        yield document
        if isinstance(document, YamlDocument) and not document.problems and not _holds_section(document.data):
            help = f"begin it with one of {', '.join(f'`{section}:`' for section in SECTIONS)}"
            yield Diagnostic("missing-key", f"`{name}` declares nothing", at, help=help)


def discovered(files: Files) -> Iterator[YamlDocument | Diagnostic]:
    """The declaration files of a project that names no `sources`."""
    yield from _ours(files, _not_ignored(files.root, _walk(files.root, files.root)))


def _ours(files: Files, paths: Iterable[str]) -> Iterator[YamlDocument | Diagnostic]:
    for path in sorted(paths):
        if path == PROJECT_FILE:
            continue
        document = _read(files, path, Place(path))
        if isinstance(document, Diagnostic):
            continue
        if _looks_ours(document):
            yield document
        else:
            files.documents.pop(path, None)


def _read(files: Files, path: str, place: Place) -> YamlDocument | Diagnostic:
    text = files.read_text(path, place)
    if isinstance(text, Diagnostic):
        return text
    document = parse(text, path)
    files.documents[path] = document
    return document


read_document = _read


def _walk(root: Path, folder: Path) -> Iterator[str]:
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in _SKIPPED and not name.startswith("."))
        for name in sorted(names):
            if name.endswith(_SUFFIXES) and not name.startswith("."):
                yield (Path(here) / name).relative_to(root).as_posix()


def _not_ignored(root: Path, paths: Iterable[str]) -> Iterator[str]:
    found = list(paths)
    if not any((folder / ".git").exists() for folder in (root, *root.parents)):
        yield from found
        return
    try:
        command = ["git", "-C", str(root), "check-ignore", "-z", "--stdin"]
        answer = subprocess.run(command, input="\0".join(found).encode(), capture_output=True, check=False, timeout=30)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        yield from found
        return
    ignored = set(answer.stdout.decode(errors="replace").split("\0"))
    yield from (path for path in found if path not in ignored)


def _looks_ours(document: YamlDocument) -> bool:
    if document.data is None:
        return bool(document.problems) and bool(_STARTS.search(document.text))
    if not isinstance(document.data, dict):
        return False
    keys = set(document.data)
    if keys & {"workflows", "chains", "types"}:
        return True
    strangers = [key for key in keys if key not in SECTIONS and not key.startswith("x-")]
    if not strangers:
        return "tasks" in keys
    return len(strangers) == 1 and any(_distance(strangers[0], section) <= _NEAR for section in SECTIONS)


def _holds_section(data: Any) -> bool:
    return isinstance(data, dict) and any(
        key in SECTIONS or any(_distance(key, section) <= _NEAR for section in SECTIONS) for key in data
    )


def _distance(left: str, right: str) -> int:
    """Edits between two words, counted no further than needed."""
    if abs(len(left) - len(right)) > _NEAR:
        return _NEAR + 1
    row = list(range(len(right) + 1))
    for index, character in enumerate(left, 1):
        before, row[0] = row[0], index
        for column, other in enumerate(right, 1):
            before, row[column] = (
                row[column],
                min(row[column] + 1, row[column - 1] + 1, before + (character != other)),
            )
    return row[-1]
