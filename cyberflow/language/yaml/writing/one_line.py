"""A value as YAML writes it on one line, or as JSON does."""

from __future__ import annotations

import json
import re
from typing import Any

from cyberflow.language.yaml.scalars import resolve_scalar
from cyberflow.late import expression

_PLAIN = expression(r"[\w<$./\\(^][^\n#:,\[\]{}&*!|>%@`\"']*(?:[:>][^\s,\[\]{}#:\"']+|>)*", re.ASCII)
"""Texts that need no quotes in any place; some that need none are quoted all the same."""


def write_value(value: Any, *, quote: str = "", is_json: bool = False) -> str:
    """A value on one line; a text that may do without quotes gets those of `quote`."""
    if is_json:
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{write_text(key)}: {write_value(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(write_value(item) for item in value) + "]"
    return write_text(value, quote) if isinstance(value, str) else json.dumps(value)


def write_text(text: str, quote: str = "") -> str:
    """A text on one line, plain where it can be."""
    if not quote and _PLAIN.fullmatch(text) and text == text.strip() and isinstance(resolve_scalar(text), str):
        return text
    if quote == '"' or not text.isprintable() or ("'" in text and '"' not in text):
        return json.dumps(text, ensure_ascii=False)
    return "'" + text.replace("'", "''") + "'"
