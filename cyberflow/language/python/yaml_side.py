"""What the Python side must know of workflows that the YAML declares: the names of their outputs and secrets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cyberflow.diagnostics import Diagnostic
from cyberflow.language.files import Files
from cyberflow.language.python.trace import Interface
from cyberflow.language.syntax import YamlDocument, parse
from cyberflow.source import Place


def interfaces(files: Files, documents: Iterable[YamlDocument]) -> dict[str, Interface]:
    """The workflows of the YAML by name. What cannot be read is found elsewhere, and nothing is said of it here."""
    return {name: Interface(outputs, secrets) for one in documents for name, outputs, secrets in _read(files, one)}


def _read(files: Files, document: YamlDocument) -> Iterator[tuple[str, tuple[str, ...] | None, frozenset[str]]]:
    for name, body in _mapping(_mapping(document.data).get("workflows")).items():
        secrets = _mapping(body).get("secrets") or ()
        outputs = _mapping(body).get("outputs") or {}
        if set(_mapping(outputs)) == {"schema"}:
            outputs = _from_file(files, outputs["schema"], document.path)
        names = _names(outputs) if isinstance(outputs, dict) else None
        yield name, names, frozenset(_names(secrets))


def _from_file(files: Files, schema: Any, path: str) -> Any:
    name = _mapping(schema).get("file")
    found = files.find(name, Place(path)) if isinstance(name, str) else None
    text = files.read_text(found, Place(path)) if isinstance(found, str) else None
    if text is None or isinstance(text, Diagnostic):
        return None
    return _mapping(parse(text, str(found)).data).get("properties")


def _names(named: Any) -> tuple[str, ...]:
    return (
        tuple(name.removesuffix("?") for name in named if isinstance(name, str))
        if isinstance(named, list | dict)
        else ()
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
