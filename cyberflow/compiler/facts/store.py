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
from cyberflow.compiler.facts.mentions import find_mentions
from cyberflow.compiler.suppressions import Suppression
from cyberflow.diagnostics import Diagnostic, Label
from cyberflow.edits import Edit, Fix
from cyberflow.errors import CyberflowError
from cyberflow.language.disk import FileMemory
from cyberflow.language.document import DocumentOutline
from cyberflow.language.project.load import RawProject
from cyberflow.language.yaml.document import YamlDocument
from cyberflow.source import Place
from cyberflow.storage import private_folder, write_text

FILE = ".cyberflow/facts.json"
_KINDS: dict[str, type[Any]] = {
    kind.__name__: kind for kind in (Diagnostic, Label, Place, Suppression, Fix, *get_args(Edit))
}
"""All that a file of facts can be made into."""
_FIELDS = {kind: [one.name for one in fields(kind)] for kind in _KINDS.values()}
_SET = "frozenset"
_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def load_facts(root: Path, program: str, memory: FileMemory) -> ProjectFacts:
    """The facts that the last `check` kept, none when they cannot be trusted. What is kept of the text of each file,
    and how its facts are written, goes to `memory`.
    """
    try:
        seal, _, text = (root / FILE).read_bytes().partition(b"\n")
        if hashlib.sha256(text).hexdigest().encode() != seal:
            return ProjectFacts()
        head, *lines = text.decode().split("\n")
        if (head_data := json.loads(head))["program"] != program:
            return ProjectFacts()
        files, written, outlines, mentions = {}, {}, {}, {}
        for line, (path, held, outline, mentioned) in zip(lines, json.loads(f"[{','.join(lines)}]"), strict=True):
            files[path] = facts = _decode_facts(held)
            written[path] = (facts, [outline, mentioned], line)
            if mentioned is not None:
                mentions[path] = frozenset(mentioned)
            if outline is not None:
                outlines[path] = facts.content, DocumentOutline(*outline)
        memory.written, memory.outlines, memory.mentions = written, outlines, mentions
        return ProjectFacts(str(head_data["settings"]), files)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return ProjectFacts()


def store_facts(raw: RawProject, facts: ProjectFacts, program: str) -> None:
    """Keep the facts of a project, a file in a line, if the disk lets us. A file with a literal secret is read anew
    each time: nothing that was written beside it may stand anywhere else.
    """
    lines = [_dump({"program": program, "settings": facts.settings})]
    written = raw.files.disk.memory.written
    kept = {path: one for path, one in facts.files.items() if not (one.findings and _holds_secret(raw, one))}
    mentions = find_mentions(raw, kept, {path: before[0] for path, before in written.items()})
    for path, one in kept.items():
        beside = [_outline_of(raw, path), mentions.get(path)]
        before = written.get(path)
        if before is not None and before[0] is one and before[1] == beside:
            lines.append(before[2])
        else:
            lines.append(_dump([path, _encode_facts(one), *beside]))
    text = "\n".join(lines)
    to = raw.root / FILE
    with suppress(CyberflowError, OSError, UnicodeEncodeError):
        private_folder(to.parent)
        write_text(to, f"{hashlib.sha256(text.encode()).hexdigest()}\n{text}")


def _dump(data: Any) -> str:
    return _JSON.encode(data)


def _outline_of(raw: RawProject, path: str) -> list[Any] | None:
    file = raw.files.disk.read.get(path)
    document = file.parsed if file is not None else None
    if not isinstance(document, YamlDocument) or document.faults or document.outline is None:
        return None
    return [*document.outline]


def _holds_secret(raw: RawProject, facts: FileFacts) -> bool:
    paths = {one.place.path for one in facts.findings}
    paths |= {label.place.path for one in facts.findings for label in one.labels}
    return any(raw.secrets.texts(path) for path in paths)


def _encode_facts(one: FileFacts) -> list[Any]:
    names, said = [_SET, *sorted(one.names)], map(_encode, (one.findings, one.comments, one.spellings))
    return [FileFacts.__name__, one.content, names, {**one.uses}, _encode(one.texts), one.doubtful, one.hides, *said]


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
    kind, content, (_, *names), uses, texts, doubtful, hides, findings, comments, spellings = value
    if kind != FileFacts.__name__ or not isinstance(uses, dict):
        raise TypeError("not facts")
    if texts == findings == comments == [""]:  # as nearly all have
        return FileFacts(content, frozenset(names), uses, (), doubtful, hides)
    used, found, said, otherwise = map(_decode, (texts, findings, comments, spellings))
    held: tuple[tuple[Any, type[Any]], ...] = ((found, Diagnostic), (said, Suppression))
    if not all(isinstance(one, kind) for several, kind in held for one in several):
        raise TypeError("not facts")
    return FileFacts(content, frozenset(names), uses, used, doubtful, hides, found, said, otherwise)


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
