"""A file of names and values, JSON or YAML: the inputs of a run, or the outcomes that a simulation gives."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cyberflow.errors import UsageError
from cyberflow.schema.read_value import SAME_KEY_TWICE, UnreadableValue, read_json

EXAMPLE = 'it holds names and values: `{"date": "2026-03-01"}`'
YAML = frozenset({".yaml", ".yml"})


def load_inputs(path: Path) -> dict[str, Any]:
    """Read a file of names and values: `.json` as JSON, `.yaml` as YAML, every other as what it is. Raises UsageError,
    which quotes nothing of the file.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"the file {path} cannot be read: {(error.strerror or 'no access').lower()}") from error
    except UnicodeDecodeError:
        raise UsageError(f"the file {path} is not UTF-8", help="save the file as UTF-8") from None
    try:
        document = _read(text, path)
    except UnreadableValue as error:
        raise UsageError(f"the file {path} {error}", help=EXAMPLE) from None
    if not isinstance(document, dict):
        raise UsageError(f"the file {path} does not hold an object", help=EXAMPLE)
    return document


def _read(text: str, path: Path) -> Any:
    suffix = path.suffix.casefold()
    if suffix not in YAML:
        try:
            return read_json(text)
        except UnreadableValue:
            if suffix == ".json":
                raise
    return _read_yaml(text, path)


def _read_yaml(text: str, path: Path) -> Any:
    from cyberflow.language.yaml.document import parse_yaml

    document = parse_yaml(text, f"{path.stem}.yaml")
    if document.problems:
        first = document.problems[0]
        line = document.span(first.place).line
        if first.rule == "duplicate-key":
            raise UnreadableValue(f"{SAME_KEY_TWICE}, in line {line}")
        raise UnreadableValue(f"is not YAML as cyberflow reads it, in line {line} ({first.rule})")
    return read_json(json.dumps(document.data))
