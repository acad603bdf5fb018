"""The finding about a value of another kind than its key takes: what it must be, what it is, and what was meant."""

from __future__ import annotations

import re
from typing import Any

from pydantic_core import ErrorDetails

from cyberflow.diagnostics import Diagnostic, nearest
from cyberflow.language.project.decode_fixes import fix_type
from cyberflow.language.project.naming import describe_kind
from cyberflow.source import Place

_EXPECTED = {
    "string_type": "text",
    "bool_type": "`true` or `false`",
    "int_type": "a whole number",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}


def wrong_type(name: str, detail: ErrorDetails, at: Place, value: Any) -> Diagnostic:
    """Say of a key what pydantic says of its value; `name` is what the key is called in a text."""
    message, note = _type_text(name, detail)
    place = at if value is not None else at.at_key()
    help = _type_help(str(at.route[-1:] and at.route[-1]), detail, value)
    fix = fix_type(at, detail, value, _list_choices(detail))
    return Diagnostic("wrong-type", message, place, note=note, help=help, fix=fix)


def _type_text(name: str, detail: ErrorDetails) -> tuple[str, str]:
    kind, value = detail["type"], detail["input"]
    if kind == "literal_error":
        known = _list_choices(detail)
        if nearest(str(value), known):
            return f"{name} cannot be `{value}`", ""
        return f"{name} must be {'one of ' if len(known) > 1 else ''}{', '.join(f'`{one}`' for one in known)}", ""
    if kind == "wrong-type" and isinstance(value, dict):
        return f"{name} {detail['msg']}", ""
    if kind == "too_short":
        return f"{name} is empty", ""
    if kind in ("string_too_long", "too_long"):
        unit = "characters" if kind == "string_too_long" else "entries"
        length = detail.get("ctx", {}).get("actual_length")
        note = f"{length} {unit}, at most {detail.get('ctx', {}).get('max_length')}"
        return f"{name} is too long", note.removeprefix("None ")
    if kind in ("string_too_short", "too_short"):
        return f"{name} is empty", ""
    if kind in _EXPECTED:
        return f"{name} must be {_EXPECTED[kind]}", f"this is {describe_kind(value)}"
    return f"{name} {detail['msg']}", f"this is {describe_kind(value)}"


def _list_choices(detail: ErrorDetails) -> list[str]:
    return re.findall(r"'([^']*)'", str(detail.get("ctx", {}).get("expected", "")))


def _type_help(name: str, detail: ErrorDetails, value: Any) -> str | None:
    if value is None:
        return "write a value, or take the key away"
    if detail["type"] == "string_type" and isinstance(value, bool | int | float):
        return "put quotes around it"
    if detail["type"] == "bool_type" and value in ("yes", "no", "on", "off"):
        return f"in YAML 1.2 `{value}` is text: write `true` or `false`"
    if detail["type"] == "literal_error":
        meant = nearest(str(value), _list_choices(detail))
        return f"did you mean `{meant}`?" if meant else None
    if detail["type"] == "list_type" and isinstance(value, str):
        return f"write a list: `{name}: [{value}]`"
    if detail["type"] == "list_type" and isinstance(value, dict):
        return f"write a list: begin each entry with {'`- id: NAME`' if name == 'steps' else '`- `'}"
    if detail["type"] == "dict_type" and isinstance(value, list):
        in_step = "steps" in detail["loc"]
        given = {"inputs": "VALUE" if in_step else "string", "outputs": "string", "secrets": "string"}.get(name, "…")
        given = "<$SECRET>" if name == "secrets" and in_step else given
        return f"write names and what each one is, without dashes: `{name}: {{NAME: {given}}}`"
    return None
