"""A changed field as lines of a unified diff. What the lines look like on a screen is the door's choice."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from typing import Any

from cyberflow.compiler.bundle import canonical_json
from cyberflow.deploy.plan.model import FieldChange
from cyberflow.remote.canonical import PROMPT_FIELDS
from cyberflow.remote.html import html_lines
from cyberflow.remote.markdown import readable_lines

_SCHEMAS = frozenset({"input_schema", "output_schema"})


def field_diff(field: FieldChange, images: Mapping[str, str] | None = None) -> list[str]:
    """Give the diff without file names: lines that begin with a blank, `-`, `+` or `@@`. Prompts read as Markdown, with
    images by the names in `images` (addresses to names) or the last part of their address; all else is JSON.
    """
    before, after = (_lines(field.path, value, images or {}) for value in (field.before, field.after))
    if before == after and field.path in PROMPT_FIELDS:
        before, after = html_lines(field.before or ""), html_lines(field.after or "")
    return list(difflib.unified_diff(before, after, n=2, lineterm=""))[2:]


def _lines(path: str, value: Any, images: Mapping[str, str]) -> list[str]:
    if value is None:
        return []
    if path in PROMPT_FIELDS:
        return readable_lines(value, lambda address: images.get(address) or address.rsplit("/", 1)[-1])
    if path in _SCHEMAS:
        return _pretty(value).split("\n")
    return value.split("\n") if isinstance(value, str) else canonical_json(value).split("\n")


def _pretty(schema: str) -> str:
    try:
        return canonical_json(json.loads(schema))
    except (ValueError, RecursionError):
        return schema
