"""Checks the parameters of a Cyberun task: names, kinds and files. Types are compared as JSON Schemas, which
`parameter_schema` gives; by whom depends on whether the values are known yet.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from cyberflow.client.cyberun.wire import ParameterRecord
from cyberflow.diagnostics import did_you_mean
from cyberflow.remote.canonical import whole_to_int
from cyberflow.schema.values import Schema

FILE = "file"


@dataclass(frozen=True)
class ParameterFault:
    """`key` is the parameter that is spoken of. `rule` is the finding that says the same of a chain's step."""

    key: str
    rule: Literal["unknown-input", "missing-input", "type-mismatch"]
    text: str
    help: str | None = None


def parameter_schema(parameter: ParameterRecord) -> Schema:
    """The values that a parameter takes; anything where its type is one that we do not know."""
    match parameter.type:
        case "string" | "boolean":
            return {"type": parameter.type}
        case "number":
            bounds = {"minimum": parameter.min, "maximum": parameter.max}
            given = {key: whole_to_int(float(value)) for key, value in bounds.items() if value is not None}
            return {"type": "number", **given}
        case "select" if parameter.options:
            return {"enum": [one.get("value") if isinstance(one, dict) else one for one in parameter.options]}
    return {}


def parameter_faults(
    declared: Sequence[ParameterRecord], values: Collection[str], files: Mapping[str, str | None]
) -> Iterator[ParameterFault]:
    """What is wrong whatever the values are. `files` are file names by parameter, None where it is not known yet."""
    known = {one.key: one for one in declared}
    for key in (*values, *files):
        if key not in known:
            help = did_you_mean(key, known) or "it takes none"
            yield ParameterFault(key, "unknown-input", f"the workflow has no parameter `{key}`", help)
        elif key in files:
            yield from _file_faults(known[key], files[key])
        elif known[key].type == FILE:
            text = f"the parameter `{key}` takes a file"
            yield ParameterFault(key, "type-mismatch", text, f"name it under `files`: `files: {{{key}: PATH}}`")
    for one in declared:
        if one.required and one.key not in values and one.key not in files:
            where = "files" if one.type == FILE else "parameters"
            text = f"the workflow requires the parameter `{one.key}`{_label_suffix(one)}"
            yield ParameterFault(one.key, "missing-input", text, f"set it under `{where}`")


def _file_faults(parameter: ParameterRecord, filename: str | None) -> Iterator[ParameterFault]:
    if parameter.type not in (FILE, None):
        text = f"the parameter `{parameter.key}` takes a `{parameter.type}`, not a file"
        yield ParameterFault(parameter.key, "type-mismatch", text, "set it under `parameters`")
    elif filename is not None and parameter.accept and not _accepts(filename, parameter.accept):
        text = f"the parameter `{parameter.key}` does not take a file `{PurePosixPath(filename).name}`"
        yield ParameterFault(parameter.key, "type-mismatch", text, f"it takes {', '.join(parameter.accept)}")


def _accepts(filename: str, accept: Sequence[str]) -> bool:
    """By ending or media type, as a browser reads `accept`; what is neither is not held against a file."""
    suffix = PurePosixPath(filename).suffix.lower()
    kind = mimetypes.guess_type(filename)[0] or ""
    for entry in (one.strip().lower() for one in accept):
        if entry in ("*", "*/*", kind, suffix, suffix.removeprefix(".")):
            return True
        if entry.endswith("/*") and (not kind or kind.startswith(entry[:-1])):
            return True
    return False


def _label_suffix(parameter: ParameterRecord) -> str:
    return f" ({parameter.label or parameter.description})" if parameter.label or parameter.description else ""
