"""Output data made from an `output_schema`: the same each time, readable, and valid against it wherever the schema
leaves patterns and exotic combinations alone.

What the author wrote comes first: `const`, `examples`, `default`, `enum`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from cyberflow.emulator.engine import sample_text, schemas

DEEPEST = 6


def example(schema: Any) -> Any:
    return _SampleBuilder(schema if isinstance(schema, Mapping) else {}).build(schema, "", 0)


class _SampleBuilder:
    def __init__(self, root: Mapping[str, Any]) -> None:
        self.root = root

    def build(self, schema: Any, name: str, depth: int) -> Any:
        if not isinstance(schema, Mapping):
            return sample_text.text_for_name(name)
        schema = self._flatten(schema)
        written = self._value_from_schema(schema)
        if written is not None:
            return written[0]
        for key in ("oneOf", "anyOf"):
            if schema.get(key):
                return self._alternative(schema, key, name, depth)
        return self._by_type(schema, name, depth)

    def _by_type(self, schema: Mapping[str, Any], name: str, depth: int) -> Any:
        match _type(schema):
            case "object":
                return self._object(schema, depth)
            case "array":
                return self._array(schema, name, depth)
            case "string":
                return sample_text.text_for_schema(schema, name)
            case "integer" | "number" as kind:
                return _number(schema, whole=kind == "integer")
            case "boolean":
                return True
            case "null":
                return None
            case _:
                return sample_text.text_for_name(name)

    def _object(self, schema: Mapping[str, Any], depth: int) -> dict[str, Any]:
        required = schema.get("required") or []
        properties = schema.get("properties") or {}
        wanted = [key for key in properties if depth < DEEPEST or key in required]
        wanted += [key for key in required if key not in properties]
        extra = schema.get("additionalProperties")
        made = {key: self.build(properties.get(key, extra or {}), key, depth + 1) for key in wanted}
        short = (schema.get("minProperties") or 0) - len(made)
        return made | {f"key{number}": self.build(extra or {}, f"key{number}", depth + 1) for number in range(short)}

    def _array(self, schema: Mapping[str, Any], name: str, depth: int) -> list[Any]:
        low, high = schema.get("minItems") or 0, schema.get("maxItems")
        length = max(low, 2 if depth < DEEPEST else 0)
        length = length if high is None else min(length, high)
        first = schema.get("prefixItems") or []
        rest = schema.get("items", {})
        if rest is False:
            length = min(length, len(first))
        length = max(length, min(len(first), length if high is None else high))
        singular = name.removesuffix("s")
        items = [
            self.build(first[index] if index < len(first) else rest, f"{singular} {index + 1}", depth + 1)
            for index in range(length)
        ]
        return _make_distinct(items, low) if schema.get("uniqueItems") else items

    def _alternative(self, schema: Mapping[str, Any], key: str, name: str, depth: int) -> Any:
        base = {word: value for word, value in schema.items() if word != key}
        made = [
            self.build(self._merge(base, self._flatten(option)), name, depth + 1)
            for option in schema[key]
            if isinstance(option, Mapping) and depth < 2 * DEEPEST
        ]
        # A value before an absence: `anyOf: [T, null]` says more with a T.
        made.sort(key=lambda value: value is None)
        return next((value for value in made if self._is_valid(schema, value)), made[0] if made else None)

    def _value_from_schema(self, schema: Mapping[str, Any]) -> tuple[Any] | None:
        """A value that the schema itself holds and allows, wrapped, since it may be null."""
        candidates: list[Any] = [schema["const"]] if "const" in schema else []
        candidates += schema.get("examples") or []
        candidates += [schema["default"]] if "default" in schema else []
        candidates += schema.get("enum") or []
        return next(((value,) for value in candidates if self._is_valid(schema, value)), None)

    def _is_valid(self, schema: Mapping[str, Any], value: Any) -> bool:
        definitions = {key: self.root[key] for key in ("$defs", "definitions") if key in self.root}
        try:
            return schemas.is_valid({**schema, **definitions}, value)
        except ValueError:
            return False

    def _flatten(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """The schema with its local `$ref` and its `allOf` folded in."""
        for _ in range(DEEPEST):
            if isinstance(schema.get("$ref"), str):
                target = self._resolve_ref(schema["$ref"])
                schema = self._merge(target, {key: value for key, value in schema.items() if key != "$ref"})
            elif schema.get("allOf"):
                parts = [part for part in schema["allOf"] if isinstance(part, Mapping)]
                whole: Mapping[str, Any] = {key: value for key, value in schema.items() if key != "allOf"}
                for part in parts:
                    whole = self._merge(whole, part)
                schema = whole
            else:
                break
        return schema

    def _resolve_ref(self, ref: str) -> Mapping[str, Any]:
        node: Any = self.root
        for part in ref.removeprefix("#").strip("/").split("/"):
            if part:
                key = part.replace("~1", "/").replace("~0", "~")
                node = node.get(key, {}) if isinstance(node, Mapping) else {}
        return node if isinstance(node, Mapping) else {}

    def _merge(self, one: Mapping[str, Any], two: Mapping[str, Any]) -> dict[str, Any]:
        merged = {**one, **two}
        if "properties" in one and "properties" in two:
            merged["properties"] = {**one["properties"], **two["properties"]}
        if "required" in one and "required" in two:
            merged["required"] = list(dict.fromkeys([*one["required"], *two["required"]]))
        for word, wider in (("minimum", max), ("maximum", min), ("minLength", max), ("maxLength", min)):
            if word in one and word in two:
                merged[word] = wider(one[word], two[word])
        return merged


def _type(schema: Mapping[str, Any]) -> str | None:
    given = schema.get("type")
    if isinstance(given, list):
        return next((word for word in given if word != "null"), "null")
    if isinstance(given, str):
        return given
    for words_, kind in (
        (("properties", "required", "additionalProperties"), "object"),
        (("items", "prefixItems", "minItems"), "array"),
        (("minLength", "maxLength", "format", "pattern"), "string"),
        (("minimum", "maximum", "multipleOf"), "number"),
    ):
        if any(word in schema for word in words_):
            return kind
    return None


def _number(schema: Mapping[str, Any], *, whole: bool) -> Any:
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    step = schema.get("multipleOf") or (1 if whole else None)
    if step is None:
        if low is not None and high is not None:
            return low + (high - low) / 2
        return 1.5 if low is None and high is None else (low + 1 if high is None else high - 1)
    value = math.ceil((low if low is not None else (1 if high is None else min(1, high))) / step) * step
    if "exclusiveMinimum" in schema and value <= schema["exclusiveMinimum"]:
        value += step
    if high is not None and value > high:
        value = math.floor(high / step) * step
    if "exclusiveMaximum" in schema and value >= schema["exclusiveMaximum"]:
        value -= step
    return int(value) if whole else value


def _make_distinct(items: list[Any], low: int) -> list[Any]:
    kept: list[Any] = []
    for index, item in enumerate(items):
        candidate = item + index if isinstance(item, int | float) and not isinstance(item, bool) else item
        if candidate not in kept:
            kept.append(candidate)
        elif isinstance(candidate, str):
            kept.append(f"{candidate} {index + 1}")
        elif len(kept) < low:
            kept.append(item)
    return kept
