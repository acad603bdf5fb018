"""JSON Schema to Python annotations and dataclasses, for stubs. What an annotation alone would lose goes along in
`WithJsonSchema`, so that a chain which takes the types of the stubs fits the workflows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from keyword import iskeyword
from typing import Any

_WORDS = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}
_DEFS = "#/$defs/"
_LITERALS = (str, int, bool, type(None))
_ABOUT = frozenset({"description", "examples", "default", "$comment", "title"})
_ALIAS = """

{name} = {annotation}
"""
_CLASS = """

@dataclass(frozen=True, kw_only=True)
class {name}:
{fields}
"""
_DICT = """

{name} = TypedDict("{name}", {{{fields}}})
"""


def class_name(words: str) -> str:
    """Give `patient-lookup` as `PatientLookup`; what begins with a digit gets an underscore."""
    name = "".join(part[:1].upper() + part[1:] for part in re.split(r"\W|_", words) if part)
    return name if name and not name[0].isdigit() else f"_{name}"


def is_name(word: str) -> bool:
    return word.isidentifier() and not iskeyword(word)


@dataclass
class StubClasses:
    """The classes that were needed so far, in the order in which they must stand."""

    texts: list[str] = field(default_factory=list)
    _by_schema: dict[str, str] = field(default_factory=dict)
    _aliases: dict[str, str] = field(default_factory=dict)
    _taken: set[str] = field(default_factory=set)

    def add_type(self, name: str, schema: Mapping[str, Any]) -> None:
        """Make a class of a named type, or an alias where it has no fields."""
        target = _follow_ref(schema, schema.get("$defs", {}))
        if target.get("properties"):
            self._add_class(class_name(name), target, schema.get("$defs", {}))
        elif "Annotated" in (annotation := self.annotation(target, name)):
            self._taken.add(class_name(name))
            self._aliases[json.dumps(target, sort_keys=True)] = class_name(name)
            self.texts.append(_ALIAS.format(name=class_name(name), annotation=annotation).rstrip("\n"))

    def annotation(self, schema: Any, name: str, definitions: Mapping[str, Any] | None = None) -> str:
        """Give the annotation of a type; `name` is for the class that it may need."""
        if not isinstance(schema, dict):
            return "Any"
        definitions = {**(definitions or {}), **schema.get("$defs", {})}
        if str(schema.get("$ref", "")).startswith(_DEFS):
            name = schema["$ref"].removeprefix(_DEFS)
            return self.annotation(_follow_ref(schema, definitions), name, definitions)
        if (alias := self._aliases.get(json.dumps(schema, sort_keys=True))) is not None:
            return alias
        base, said = self._base(schema, name, definitions)
        if not set(schema) - _ABOUT - {"$defs", *said}:
            return base
        exact = {key: value for key, value in schema.items() if key not in _ABOUT}
        return f"Annotated[{base}, WithJsonSchema({_python_literal(exact)})]"

    def _base(
        self, schema: Mapping[str, Any], name: str, definitions: Mapping[str, Any]
    ) -> tuple[str, Collection[str]]:
        """The annotation, and the keywords that it says."""
        if "const" in schema or "enum" in schema:
            return _literal_type([schema["const"]] if "const" in schema else schema["enum"]), ("const", "enum", "type")
        arms = schema.get("anyOf") or schema.get("oneOf")
        if not arms and isinstance(schema.get("type"), list):
            arms = [{**schema, "type": one} for one in schema["type"]]
        if arms:
            made = dict.fromkeys(self.annotation(one, name, definitions) for one in arms)
            joined = "Any" if "Any" in made else " | ".join(sorted(made, key=lambda one: one == "None"))
            return joined, ("anyOf",) if "anyOf" in schema else ("type",)
        if schema.get("type") == "array":
            item = self.annotation(schema.get("items", True), f"{name}-item", definitions)
            return f"list[{item}]", ("type", "items")
        if schema.get("type") == "object" or "properties" in schema:
            if not schema.get("properties"):
                return "dict[str, Any]", ("type",)
            return self._add_class(class_name(name), schema, definitions), ("type", "properties", "required")
        return _WORDS.get(str(schema.get("type")), "Any"), ("type",)

    def _add_class(self, name: str, schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
        key = _schema_key(schema)
        if key in self._by_schema:
            return self._by_schema[key]
        while name in self._taken:
            name += "_"
        self._taken.add(name)
        self._by_schema[key] = name
        needed = schema.get("required", ())
        fields = {
            word: (self.annotation(one, f"{name}-{word}", definitions), word in needed)
            for word, one in schema["properties"].items()
        }
        self.texts.append(
            _render_dataclass(name, fields) if all(map(is_name, fields)) else _render_typed_dict(name, fields)
        )
        return name


def _schema_key(schema: Mapping[str, Any]) -> str:
    return json.dumps({word: value for word, value in schema.items() if word not in (*_ABOUT, "$defs")}, sort_keys=True)


def _python_literal(value: Any) -> str:
    """Write JSON as Python."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{json.dumps(key)}: {_python_literal(item)}' for key, item in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_python_literal, value))}]"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def make_optional(annotation: str) -> str:
    """Let an annotation be None."""
    return annotation if annotation in ("Any", "None") or annotation.endswith(" | None") else f"{annotation} | None"


def _render_dataclass(name: str, fields: Mapping[str, tuple[str, bool]]) -> str:
    lines = [
        f"    {word}: {annotation}" if needed else f"    {word}: {make_optional(annotation)} = None"
        for word, (annotation, needed) in fields.items()
    ]
    return _CLASS.format(name=name, fields="\n".join(lines)).rstrip("\n")


def _render_typed_dict(name: str, fields: Mapping[str, tuple[str, bool]]) -> str:
    parts = [
        f"{json.dumps(word)}: {annotation if needed else f'NotRequired[{annotation}]'}"
        for word, (annotation, needed) in fields.items()
    ]
    return _DICT.format(name=name, fields=", ".join(parts)).rstrip("\n")


def _follow_ref(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = str(schema.get("$ref", ""))
    return definitions.get(reference.removeprefix(_DEFS), {}) if reference.startswith(_DEFS) else schema


def _literal_type(values: list[Any]) -> str:
    if not values or not all(isinstance(value, _LITERALS) for value in values):
        return "Any"
    return f"Literal[{', '.join(json.dumps(value) if isinstance(value, str) else repr(value) for value in values)}]"
