"""Answers of `check` that still hold: kept in `.cyberflow/` with the hash of every input that was read, the names in
every folder that was looked into, and the program that gave them. Imports nothing heavy, so that a hit costs little.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cyberflow.cli.styles import from_segments, to_segments
from cyberflow.errors import CyberflowError
from cyberflow.language.discovery import folder_entries
from cyberflow.language.disk import Disk, FileMemory
from cyberflow.language.ignore_files import are_current
from cyberflow.storage import parse_json, private_folder, write_text
from cyberflow.version import __version__

if TYPE_CHECKING:
    from cyberflow.language.project.load import RawProject

FOLDER = ".cyberflow"
FILE = "check.json"
_PACKAGE = Path(__file__).parent.parent


@dataclass(frozen=True)
class CheckReport:
    """What was printed, how many errors and warnings it spoke of, and what is said beside it."""

    text: str
    errors: int
    warnings: int
    hint: str = ""


@dataclass(frozen=True)
class CheckCache:
    """The kept answers of one project."""

    root: Path
    memory: FileMemory = field(default_factory=FileMemory)
    """The files that were read to find out."""

    def find(self, form: str) -> CheckReport | None:
        """Give the answer in a form, if nothing that it was made of has changed."""
        try:
            data = _read_intact(self.root / FOLDER / FILE)
            if form not in data["answers"] or not self._is_current(data["inputs"]):
                return None
            kept = data["answers"][form]
            return CheckReport(
                from_segments(kept["segments"]), int(kept["errors"]), int(kept["warnings"]), kept["hint"]
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def store(self, form: str, answer: CheckReport, sourced: RawProject) -> None:
        """Keep an answer; a folder that cannot be written keeps nothing. One of Python modules holds while no file of
        the project and no package has changed; what rests on a file that could not be read is not kept.
        """
        files = sourced.files
        if not files.cacheable:
            return
        inputs: dict[str, Any] = {
            "program": self.program_version,
            "files": files.file_hashes(),
            "folders": files.folder_listings(),
            "ignore_files": files.ignore_facts(),
        }
        if sourced.settings.python:
            from cyberflow.language.python.reading.environment import environment_hash

            inputs["python"] = environment_hash(self.root)
            if inputs["python"] is None:
                return
        path = self.root / FOLDER / FILE
        try:
            data = _read_intact(path)
            answers = data["answers"] if data["inputs"] == inputs else {}
        except (OSError, ValueError, KeyError, TypeError):
            answers = {}
        counts = {"errors": answer.errors, "warnings": answer.warnings, "hint": answer.hint}
        answers[form] = {"segments": to_segments(answer.text), **counts}
        _write(path, json.dumps({"inputs": inputs, "answers": answers}, ensure_ascii=False))

    def _is_current(self, inputs: Any) -> bool:
        if inputs["program"] != self.program_version:
            return False
        if "python" in inputs:
            from cyberflow.language.python.reading.environment import environment_hash

            if environment_hash(self.root) != inputs["python"]:
                return False
        disk = Disk(self.root, {}, self.memory)
        same = [_sha256(disk, path) == digest for path, digest in inputs["files"].items()]
        if any(folder_entries(self.root / folder) != names for folder, names in inputs["folders"].items()):
            return False
        return all(same) and are_current(inputs["ignore_files"])

    @cached_property
    def program_version(self) -> str:
        """The version, the interpreter, and when the package was last changed."""
        newest = max(entry.stat().st_mtime_ns for entry in _python_files(_PACKAGE))
        return f"{__version__} {sys.version} {newest}"


def _python_files(folder: Path) -> list[os.DirEntry[str]]:
    found: list[os.DirEntry[str]] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                found += _python_files(Path(entry.path))
            elif entry.name.endswith(".py"):
                found.append(entry)
    return found


def _sha256(disk: Disk, path: str) -> str | None:
    try:
        return disk.file(path).sha256
    except OSError:
        return None


def _read_intact(path: Path) -> Any:
    """What `_write` kept. Raises ValueError for a file that is not, to the byte, what it wrote."""
    seal, _, text = path.read_text(encoding="utf-8").partition("\n")
    if hashlib.sha256(text.encode()).hexdigest() != seal:
        raise ValueError("damaged")
    return parse_json(text)


def _write(path: Path, text: str) -> None:
    """Keep it, below its own hash, if the disk lets us: an answer that is not kept is found anew."""
    with suppress(CyberflowError, OSError):
        private_folder(path.parent)
        write_text(path, f"{hashlib.sha256(text.encode()).hexdigest()}\n{text}")
