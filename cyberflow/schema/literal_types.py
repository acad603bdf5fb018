"""The type of a literal some of whose parts are known by their type alone: a ref or a token deep inside an input."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any, Final

from cyberflow.late import dataclass
from cyberflow.schema.definitions import include
from cyberflow.schema.paths import FoundType
from cyberflow.schema.values import EMPTY, Schema, ValuePath

TEXT: Final[Schema] = {"type": "string", "format": "text-with-tokens"}
"""A string whose content is not known, such as `Visit of <date>`: only its being a string can contradict a consumer."""


def literal_schema(value: Any, parts: Mapping[ValuePath, FoundType]) -> Schema:
    """Build the producer's schema of a literal. At the paths of `parts` stands what they say, an optional one left out
    when it is absent; everything else is constant, and `__EMPTY__` is not there.
    """
    builder = _LiteralSchemaBuilder(parts)
    made = builder.build(value, ())
    return {**made, "$defs": builder.definitions} if builder.definitions and isinstance(made, dict) else made


@dataclass(eq=False)
class _LiteralSchemaBuilder:
    parts: Mapping[ValuePath, FoundType]
    definitions: dict[str, Any] = field(default_factory=dict)

    def build(self, value: Any, path: ValuePath) -> Schema:
        found = self.parts.get(path)
        if found is not None:
            kept: Schema = include(found.schema, found.schema, self.definitions)
            return kept
        if isinstance(value, dict):
            return self._object(value, path)
        if isinstance(value, list):
            return self._array(value, path)
        return {"const": value}

    def _object(self, value: dict[str, Any], path: ValuePath) -> Schema:
        kept = [name for name in value if not self._is_empty(value[name], (*path, name))]
        return {
            "type": "object",
            "properties": {name: self.build(value[name], (*path, name)) for name in kept},
            "required": [name for name in kept if not self._is_optional((*path, name))],
            "additionalProperties": False,
        }

    def _array(self, value: list[Any], path: ValuePath) -> Schema:
        kept = [index for index, entry in enumerate(value) if not self._is_empty(entry, (*path, index))]
        entries = [self.build(value[index], (*path, index)) for index in kept]
        left_out = sum(self._is_optional((*path, index)) for index in kept)
        bounds = {"type": "array", "minItems": len(kept) - left_out, "maxItems": len(kept)}
        if not entries:
            return bounds
        if left_out:
            return {**bounds, "items": {"anyOf": entries}}
        return {**bounds, "prefixItems": entries, "items": False}

    def _is_empty(self, value: Any, path: ValuePath) -> bool:
        return path not in self.parts and isinstance(value, str) and value == EMPTY

    def _is_optional(self, path: ValuePath) -> bool:
        return path in self.parts and self.parts[path].optional
