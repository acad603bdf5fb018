"""Which files hold declarations: the ones `sources` names, or by default every YAML file of the project that looks
like one of ours, without tests, build output, dot-folders and what git ignores.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from cyberflow.diagnostics import Diagnostic
from cyberflow.language.files import Files, escape
from cyberflow.language.syntax import YamlDocument, parse
from cyberflow.language.walking import PROJECT_FILE, ignored, legible, without
from cyberflow.source import Place

SECTIONS = ("workflows", "chains", "types", "tasks")
_STARTS = re.compile(rf"^({'|'.join(SECTIONS)})\s*:", re.MULTILINE)
_NEAR = 2


def declared(files: Files, sources: list[str], place: Place) -> Iterator[YamlDocument | Diagnostic]:
    """The files that `sources` names; a folder stands for the declaration files below it."""
    for index, name in enumerate(sources):
        at = place.at(index)
        folder = files.root / name.strip("/")
        if _is_folder(folder) and not files.leads_out(name.strip("/")):
            yield from _ours(files, files.walk.yaml_files(folder.relative_to(files.root).as_posix().removeprefix(".")))
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


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # the name is too long, or a folder above it is closed
        return False


def discovered(files: Files) -> Iterator[YamlDocument | Diagnostic]:
    """The declaration files of a project that names no `sources`."""
    found = list(files.walk.yaml_files())
    files.candidates = [path for path in found if path == legible(path)]
    files.ignored = ignored(files.root, found)
    yield from _ours(files, without(found, files.ignored))


def _ours(files: Files, paths: Iterable[str]) -> Iterator[YamlDocument | Diagnostic]:
    for path in sorted(paths):
        if path == PROJECT_FILE:
            continue
        if path != legible(path):
            if _unread_ours(files, path):
                message, help = "the name of this file is not UTF-8", "rename the file"
                yield Diagnostic("file-not-found", message, Place(legible(path)), help=help)
            continue
        document = _read(files, path, Place(path))
        if isinstance(document, Diagnostic):
            if _unread_ours(files, path):
                yield document
        elif not _looks_ours(document):
            files.documents.pop(path, None)
        elif path in files.walk.links and files.leads_out(path):
            files.documents.pop(path, None)
            yield escape(path, Place(path), "a symbolic link leads out of the project")
        else:
            yield document


def _read(files: Files, path: str, place: Place) -> YamlDocument | Diagnostic:
    text = files.read_text(path, place)
    if isinstance(text, Diagnostic):
        return text
    document = parse(text, path)
    files.documents[path] = document
    return document


read_document = _read


def _unread_ours(files: Files, path: str) -> bool:
    """Whether a file that is no text in UTF-8 has a line that begins with a key of ours."""
    try:
        return bool(_STARTS.search(files.beginning(path).decode("latin-1")))
    except OSError:
        return False


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
