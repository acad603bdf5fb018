"""Facts on disk, as plain data that can run nothing: sealed by a hash, made by one version of the program, and a miss
when anything about them is not as it was written.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

from cyberflow.compiler.facts.file_facts import FileFacts, ProjectFacts
from cyberflow.compiler.suppressions import Suppression
from cyberflow.diagnostics import Diagnostic, Label
from cyberflow.edits import Edit, Fix
from cyberflow.errors import CyberflowError
from cyberflow.language.disk import FileMemory
from cyberflow.language.document import DocumentOutline
from cyberflow.language.project.load import RawProject
from cyberflow.language.yaml.document import YamlDocument
from cyberflow.source import Place
from cyberflow.storage import parse_json, private_folder, write_text

FILE = ".cyberflow/facts.json"
_KINDS: dict[str, type[Any]] = {
    kind.__name__: kind for kind in (Diagnostic, Label, Place, Suppression, Fix, FileFacts, *get_args(Edit))
}
"""All that a file of facts can be made into."""
_FIELDS = {kind: [one.name for one in fields(kind)] for kind in _KINDS.values()}
_SET = "frozenset"


def load_facts(root: Path, program: str, memory: FileMemory) -> ProjectFacts:
    """The facts that the last `check` kept, none when they cannot be trusted. What is kept of the text of each file
    goes to `memory`, for when it is read.
    """
    try:
        seal, _, text = (root / FILE).read_text(encoding="utf-8").partition("\n")
        if hashlib.sha256(text.encode()).hexdigest() != seal:
            return ProjectFacts()
        data = parse_json(text)
        if data["program"] != program:
            return ProjectFacts()
        files = {path: _decode_facts(one) for path, one in data["files"].items()}
        for path, (content, sections, secrets) in data["outlines"].items():
            memory.outlines[path] = content, DocumentOutline(sections, secrets)
        return ProjectFacts(str(data["settings"]), files)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return ProjectFacts()


def store_facts(raw: RawProject, facts: ProjectFacts, program: str) -> None:
    """Keep the facts of a project, if the disk lets us. A file with a literal secret is read anew each time: nothing
    that was written beside it may stand anywhere else.
    """
    files = {path: _encode(one) for path, one in facts.files.items() if not _holds_secret(raw, one)}
    outlines = {
        path: (file.sha256, *file.parsed.outline)
        for path, file in raw.files.disk.read.items()
        if isinstance(file.parsed, YamlDocument) and not file.parsed.faults and file.parsed.outline is not None
    }
    data = {"program": program, "settings": facts.settings, "files": files, "outlines": outlines}
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    path = raw.root / FILE
    with suppress(CyberflowError, OSError, UnicodeEncodeError):
        private_folder(path.parent)
        write_text(path, f"{hashlib.sha256(text.encode()).hexdigest()}\n{text}")


def _holds_secret(raw: RawProject, facts: FileFacts) -> bool:
    paths = {one.place.path for one in facts.findings}
    paths |= {label.place.path for one in facts.findings for label in one.labels}
    return any(raw.secrets.texts(path) for path in paths)


def _encode(value: Any) -> Any:
    """Plain JSON in which each list begins with what it is."""
    if isinstance(value, str | int | bool | None):
        return value
    if isinstance(value, tuple):
        return ["", *map(_encode, value)]
    if isinstance(value, frozenset):
        return [_SET, *sorted(value)]
    if isinstance(value, dict):
        return value
    return [type(value).__name__, *(_encode(getattr(value, name)) for name in _FIELDS[type(value)])]


def _decode_facts(value: Any) -> FileFacts:
    facts = _decode(value)
    if not isinstance(facts, FileFacts) or not isinstance(facts.names, frozenset) or not isinstance(facts.uses, dict):
        raise TypeError("not facts")
    held: tuple[tuple[Any, type[Any]], ...] = ((facts.findings, Diagnostic), (facts.comments, Suppression))
    if not all(isinstance(one, kind) for several, kind in held for one in several):
        raise TypeError("not facts")
    return facts


def _decode(value: Any) -> Any:
    """What `_encode` was given. Raises KeyError and TypeError for anything else."""
    if not isinstance(value, list):
        return value
    kind, *held = value
    if kind == "":
        return tuple(map(_decode, held))
    if kind == _SET:
        return frozenset(held)
    return _KINDS[kind](*map(_decode, held))
