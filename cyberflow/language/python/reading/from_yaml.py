"""What the Python side must know of workflows that the YAML declares: the names of their outputs and secrets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cyberflow.diagnostics import Diagnostic
from cyberflow.language.files import Files
from cyberflow.language.python.tracing.interfaces import WorkflowInterface
from cyberflow.language.yaml.document import YamlDocument, parse_yaml
from cyberflow.source import Place


def interfaces_from_yaml(files: Files, documents: Iterable[YamlDocument]) -> dict[str, WorkflowInterface]:
    """What the YAML declares for a step to run, by name. Of what cannot be read nothing is said here."""
    return {name: _read_interface(files, one, body) for one in documents for name, body in _workflows(one)}


def _workflows(document: YamlDocument) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for section in ("pipelines", "tasks", "chains", "workflows"):
        for name, body in _as_mapping(_as_mapping(document.data).get(section)).items():
            yield name, _as_mapping(body)


def _read_interface(files: Files, document: YamlDocument, body: Mapping[str, Any]) -> WorkflowInterface:
    outputs, inputs = (_field_names(files, document, body.get(key) or {}) for key in ("outputs", "inputs"))
    return WorkflowInterface(outputs, frozenset(_names(body.get("secrets"))), frozenset(inputs or ()))


def _field_names(files: Files, document: YamlDocument, notation: Any) -> tuple[str, ...] | None:
    if set(_as_mapping(notation)) == {"schema"}:
        notation = _from_file(files, notation["schema"], document.path)
    return _names(notation) if isinstance(notation, dict) else None


def _from_file(files: Files, schema: Any, path: str) -> Any:
    name = _as_mapping(schema).get("file")
    found = files.find(name, Place(path)) if isinstance(name, str) else None
    text = files.read_text(found, Place(path)) if isinstance(found, str) else None
    if text is None or isinstance(text, Diagnostic):
        return None
    return _as_mapping(parse_yaml(text, str(found)).data).get("properties")


def _names(named: Any) -> tuple[str, ...]:
    return (
        tuple(name.removesuffix("?") for name in named if isinstance(name, str))
        if isinstance(named, list | dict)
        else ()
    )


def _as_mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
