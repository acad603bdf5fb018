"""Cuts a sub-schema out of its document so that it stands alone: what it refers to comes along in `$defs`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cyberflow.schema.keywords import ONE_SCHEMA, SCHEMA_LIST, SCHEMA_MAP, resolve_pointer
from cyberflow.schema.subtype.disjuncts import has_refs
from cyberflow.schema.values import Schema


@dataclass(eq=False)
class DefsCollector:
    """Collects the `$defs` of a schema that is put together from several documents."""

    defs: dict[str, Any] = field(default_factory=dict)
    _names: dict[tuple[int, str], str] = field(default_factory=dict)
    _roots: list[Schema] = field(default_factory=list)

    def include(self, schema: Schema, root: Schema) -> Schema:
        """Copy a sub-schema of `root`, its references pointing into these definitions."""
        if isinstance(schema, bool):
            return schema
        own = {key: value for key, value in schema.items() if key not in ("$defs", "definitions", "$schema", "$id")}
        if not has_refs(own):
            return own
        return {key: self._value(key, value, root) for key, value in own.items()}

    def _value(self, keyword: str, value: Any, root: Schema) -> Any:
        if keyword == "$ref":
            return self._reference(value, root)
        if keyword in ONE_SCHEMA:
            return self.include(value, root)
        if keyword in SCHEMA_LIST:
            return [self.include(sub, root) for sub in value]
        if keyword in SCHEMA_MAP:
            return {name: self.include(sub, root) for name, sub in value.items()}
        return value

    def _reference(self, ref: str, root: Schema) -> str:
        target = resolve_pointer(root, ref)
        if target is None:
            return ref
        key = (id(root), ref)
        if key not in self._names:
            self._roots.append(root)
            stem = ref.rpartition("/")[2].replace("~1", "-").replace("~0", "-").replace("%", "-") or "root"
            taken = set(self._names.values())
            self._names[key] = next(
                name for number in range(1, len(taken) + 2) if (name := _number_name(stem, number)) not in taken
            )
            self.defs[self._names[key]] = self.include(target, root)
        return f"#/$defs/{self._names[key]}"

    def attach(self, schema: Schema) -> Schema:
        """Attach the collected definitions."""
        if isinstance(schema, bool) or not self.defs:
            return schema
        return {**schema, "$defs": self.defs}


def _number_name(stem: str, number: int) -> str:
    stem = "root" if stem == "#" else stem
    return stem if number == 1 else f"{stem}-{number}"


def extract(schema: Schema, root: Schema) -> Schema:
    """Cut `schema` out of `root`."""
    definitions = DefsCollector()
    return definitions.attach(definitions.include(schema, root))
