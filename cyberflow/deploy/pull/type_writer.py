"""Writes schemas as types of a declaration, each in the first form that reads back as the same schema: a word, a list,
JSON Schema as it is, or `{schema: …}` where the notation would read something else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cyberflow.language.model import NAME
from cyberflow.schema.normal_form import canonical_schema

WORDS = frozenset({"string", "number", "integer", "boolean", "object", "array"})
_LOCAL_REF = re.compile(r'"\$ref": "#/\$defs/')
ReadType = Callable[[Any], Any]
"""The schema that a type stands for, as it would stand in a declaration; None when it has a finding."""


@dataclass(frozen=True)
class TypeWriter:
    read: ReadType

    def write(self, schema: Any, definitions: Any = None) -> Any:
        """Write one type; `definitions` are the `$defs` of the schema that it stands in."""
        if isinstance(schema, dict) and definitions and _LOCAL_REF.search(json.dumps(schema)):
            schema = {**schema, "$defs": definitions}
        wanted = canonical_schema({} if schema is True else schema)
        for form in self._forms(schema):
            if canonical_schema(self.read(form)) == wanted:
                return form
        return {"schema": schema}

    def _forms(self, schema: Any) -> Iterator[Any]:
        if schema is True or schema == {}:
            yield "any"
        if isinstance(schema, dict):
            kind = schema.get("type")
            if isinstance(kind, str) and kind in WORDS and set(schema) == {"type"}:
                yield kind
            if kind == "array" and set(schema) == {"type", "items"}:
                items = self.write(schema["items"])
                yield from [f"{items}[]"] if isinstance(items, str) else []
            yield schema

    def write_fields(self, root: Mapping[str, Any]) -> dict[str, Any] | None:
        """Write an object schema as names to types; None where these would say something else."""
        properties, needed = root.get("properties", {}), root.get("required", [])
        with_default = {name for name, one in properties.items() if isinstance(one, dict) and "default" in one}
        if (
            root.get("type") != "object"
            or not set(root) <= {"type", "properties", "required", "$defs"}
            or not all(map(NAME.fullmatch, properties))
            or not set(needed) <= properties.keys() - with_default
        ):
            return None
        optional = properties.keys() - with_default - {*needed}
        return {
            f"{name}?" if name in optional else name: self.write(one, root.get("$defs"))
            for name, one in properties.items()
        }
