"""The editor's schemas without a judgement: they complete and describe keys, and accept everything, for an editor whose
findings and names come from `cyberflow lsp`. Choices of the language's own words are offered as examples.
"""

from __future__ import annotations

from typing import Any

from cyberflow.language.editor.notation_schema import Schema

_KEPT = frozenset({"$schema", "$ref", "$comment", "description", "defaultSnippets", "default"})
_NAMED = frozenset({"Type", "JsonSchema", "MarkedSchema", "Subschema"})
"""Where types stand: the words for them are among the names that the server completes."""


def loosen(schema: Any, name: str = "") -> Any:
    """A schema that offers what it did and accepts everything."""
    if not isinstance(schema, dict):
        return True
    made: Schema = {key: value for key, value in schema.items() if key in _KEPT}
    choices = schema.get("enum", [schema["const"]] if "const" in schema else None)
    if schema.get("type") == "boolean":
        choices = [True, False]
    if choices is not None and name not in _NAMED:
        made["examples"] = list(choices)
    for key in ("properties", "definitions"):
        if key in schema:
            made[key] = {one: loosen(body, one) for one, body in schema[key].items()}
    for key in ("items", "additionalProperties", "if", "then", "else"):
        if isinstance(schema.get(key), dict):
            made[key] = schema[key] if key == "if" else loosen(schema[key], name)
    for key in ("anyOf", "oneOf", "allOf"):
        arms = [loosen(arm, name) for arm in schema.get(key, ())]
        if arms := [arm for arm in arms if arm not in ({}, True)]:
            made.setdefault("anyOf", []).extend(arms)
    return made
