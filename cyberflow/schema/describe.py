"""Types and values in the short notation of messages: `{mrn: string, note?: string, medications: string[]}`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

from cyberflow.late import dataclass
from cyberflow.schema.keywords import accepts_anything, keyword_kinds
from cyberflow.schema.references import resolve_pointer
from cyberflow.schema.values import ABSENT, Schema

WIDTH: Final = 60
DETAIL: Final = 4
MORE: Final = "…"


def describe(schema: Schema, *, root: Schema | None = None) -> str:
    """Name a type in at most about 60 characters; `root` is where its references lead, itself when not given."""
    for detail in range(DETAIL, 0, -1):
        text = _TypeFormatter(schema if root is None else root, WIDTH * 4).format(schema, detail, ())
        if len(text) <= WIDTH:
            return text
    text = _TypeFormatter(schema if root is None else root, WIDTH).format(schema, 1, ())
    return text if len(text) <= WIDTH + 10 else text[:WIDTH] + MORE


def format_literal(value: Any) -> str:
    """Write a value as JSON, cut to a line; `absent` for no value."""
    if value is ABSENT:
        return "absent"
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        return MORE
    if len(text) <= WIDTH:
        return text
    return text[: WIDTH - 1] + MORE + (text[-1] if text[-1] in '"}]' else "")


@dataclass(frozen=True, slots=True)
class _TypeFormatter:
    root: Schema
    width: int

    def format(self, schema: Any, detail: int, inside: tuple[str, ...]) -> str:
        if schema is False:
            return "nothing"
        if not isinstance(schema, dict) or accepts_anything(schema) or len(inside) > DETAIL:
            return "any"
        if "const" in schema:
            return format_literal(schema["const"])
        if isinstance(schema.get("enum"), list):
            return self._join([format_literal(value) for value in schema["enum"]], " | ") or "nothing"
        parts = [*self._composite_parts(schema, detail, inside), *self._own_parts(schema, detail, inside)]
        return self._join([f"({part})" if " | " in part and len(parts) > 1 else part for part in parts], " & ") or "any"

    def _composite_parts(self, schema: dict[str, Any], detail: int, inside: tuple[str, ...]) -> list[str]:
        parts: list[str] = []
        ref = schema.get("$ref")
        if isinstance(ref, str):
            target = None if ref in inside else resolve_pointer(self.root, ref)
            name = ref.rpartition("/")[2].lstrip("#") or "any"
            parts.append(name if target is None else self.format(target, detail, (*inside, ref)))
        parts += [self.format(sub, detail, inside) for sub in _schemas(schema.get("allOf"))]
        unions = [[self.format(sub, detail, inside) for sub in _schemas(schema.get(key))] for key in ("anyOf", "oneOf")]
        parts += [self._join(options, " | ") for options in unions if options]
        return [part for part in parts if part != "any"]

    def _own_parts(self, schema: dict[str, Any], detail: int, inside: tuple[str, ...]) -> list[str]:
        spoken = keyword_kinds(schema) if "type" not in schema else frozenset()
        implied: list[str] = [name for name in ("object", "array", "string") if name in spoken]
        implied += ["number"] if "integer" in spoken else []
        names = schema.get("type", [] if {"anyOf", "oneOf", "allOf", "$ref"} & schema.keys() else implied)
        names = [name for name in (names if isinstance(names, list) else [names]) if isinstance(name, str)]
        if not names:
            return []
        return [self._join([self._format_kind(name, schema, detail, inside) for name in names], " | ")]

    def _format_kind(self, name: str, schema: dict[str, Any], detail: int, inside: tuple[str, ...]) -> str:
        if detail and name == "object":
            return self._format_object(schema, detail, inside)
        if detail and name == "array":
            return self._format_array(schema, detail, inside)
        return name

    def _format_object(self, schema: dict[str, Any], detail: int, inside: tuple[str, ...]) -> str:
        listed, rest = schema.get("properties"), schema.get("additionalProperties")
        if not isinstance(listed, dict):
            return f"{{*: {self.format(rest, detail - 1, inside)}}}" if isinstance(rest, dict) and rest else "object"
        required = schema.get("required")
        needed = required if isinstance(required, list) else ()
        members = (
            f"{name}{'' if name in needed else '?'}: {self.format(sub, detail - 1, inside)}"
            for name, sub in listed.items()
        )
        return f"{{{self._join(members, ', ')}}}"

    def _format_array(self, schema: dict[str, Any], detail: int, inside: tuple[str, ...]) -> str:
        prefix, items = _schemas(schema.get("prefixItems")), schema.get("items", True)
        if prefix:
            entries = [self.format(sub, detail - 1, inside) for sub in prefix]
            return f"[{self._join([*entries, *([] if items is False else [MORE])], ', ')}]"
        entry = self.format(items, detail, inside) if detail > 1 else self.format(items, 0, inside)
        if entry == "any":
            return "array"
        return f"({entry})[]" if " | " in entry or " & " in entry else f"{entry}[]"

    def _join(self, parts: Iterable[str], mark: str) -> str:
        """Join what fits into the width, then `…`; twice the same is said once."""
        kept: list[str] = []
        for part in parts:
            if part in kept and mark != ", ":
                continue
            if kept and sum(map(len, kept)) + len(part) + len(mark) * len(kept) > self.width - 6:
                return mark.join([*kept, MORE])
            kept.append(part)
        return mark.join(kept)


def _schemas(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else ()
