"""Fixes of keys that nobody knows and of values that are of another kind than their key takes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from cyberflow.diagnostics import fix_name, is_only_near
from cyberflow.edits import Fix, Removal, Replacement, Rewrite
from cyberflow.language.model import NAME
from cyberflow.source import Place

_SWITCHES = {"yes": True, "on": True, "no": False, "off": False}


def fix_key(at: Place, meant: str, known: list[str], beside: Any) -> Fix | None:
    """The fix that writes the key that was meant, where it does not stand already."""
    written = str(at.route[-1])
    if not isinstance(beside, dict) or meant in beside:
        return None
    edits: list[Replacement | Rewrite] = [Replacement(at.at_key(), written, meant)]
    if written == "prompt_file":
        edits.append(Rewrite(at, json.dumps({"file": beside[written]})))
    return Fix(f"write `{meant}`", tuple(edits), safe=is_only_near(written, meant, known))


def fix_type(at: Place, detail: Mapping[str, Any], value: Any, choices: list[str]) -> Fix | None:
    """The fix of a value that its key does not take, where one can be told from it."""
    kind, written = detail["type"], str(value)
    if kind == "literal_error" and isinstance(value, str):
        return fix_name(at, value, choices)
    if kind == "string_type" and isinstance(value, int | float) and not isinstance(value, bool):
        return _rewrite(at, written, "put quotes around it")
    if kind == "bool_type" and isinstance(value, str) and value.lower() in _SWITCHES:
        meant = _SWITCHES[value.lower()]
        return _rewrite(at, meant, f"write `{json.dumps(meant)}`")
    if kind == "list_type" and isinstance(value, str):
        return _rewrite(at, [value], "write a list")
    in_step = "steps" in at.route
    if kind == "dict_type" and isinstance(value, list) and not in_step and at.route[-1] in ("inputs", "outputs"):
        names = [one for one in value if isinstance(one, str) and NAME.fullmatch(one.removesuffix("?"))]
        return _rewrite(at, dict.fromkeys(names, "string"), "write names and types") if names == value else None
    if value is None and kind != "missing" and at.route and isinstance(at.route[-1], str):
        return Fix(f"take `{at.route[-1]}` away", (Removal(at),))
    return None


def _rewrite(at: Place, value: Any, message: str) -> Fix:
    return Fix(message, (Rewrite(at, json.dumps(value)),))
