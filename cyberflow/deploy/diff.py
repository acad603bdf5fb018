"""A changed field as lines of a unified diff. What the lines look like on a screen is the door's choice."""

from __future__ import annotations

import difflib
import json
from typing import Any

from cyberflow.compiler.bundle import canonical_json
from cyberflow.deploy.change import FieldChange
from cyberflow.remote import html_lines

_PROMPTS = frozenset({"main_prompt", "post_run_check_failure_cleanup_prompt"})
_SCHEMAS = frozenset({"input_schema", "output_schema"})


def field_diff(field: FieldChange, context: int = 2) -> list[str]:
    """Give the diff without file names: lines that begin with a blank, `-`, `+` or `@@`. Prompts are cut at their
    blocks, schemas and lists are shown as JSON.
    """
    before, after = _lines(field.path, field.before), _lines(field.path, field.after)
    return list(difflib.unified_diff(before, after, n=context, lineterm=""))[2:]


def _lines(path: str, value: Any) -> list[str]:
    if value is None:
        return []
    if path in _PROMPTS:
        return html_lines(value)
    if path in _SCHEMAS:
        return _pretty(value).split("\n")
    return value.split("\n") if isinstance(value, str) else canonical_json(value).split("\n")


def _pretty(schema: str) -> str:
    try:
        return canonical_json(json.loads(schema))
    except (ValueError, RecursionError):
        return schema
