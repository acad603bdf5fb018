"""JSON Schemas of what the model leaves open: types as written, values with tokens and refs, names, expressions.
Written by hand, in the dialect draft 7, which editors know best.
"""

from __future__ import annotations

from typing import Any

from cyberflow.language.model import NAME as NAME_PATTERN
from cyberflow.schema import keywords
from cyberflow.schema.keywords import MARKERS, TYPES, WORDS

Schema = dict[str, Any]
NAME = NAME_PATTERN.pattern
_NAME_HELP = "a name is letters, digits, `_` and `-`, and begins with a letter or `_`"
_KEY = r"""(\.[A-Za-z_][A-Za-z0-9_-]*|\[([0-9]+|'[^'<>{}\n]+'|"[^"<>{}\n]+")\])"""


def ref(name: str) -> Schema:
    return {"$ref": f"#/definitions/{name}"}


def object_schema(properties: Schema, **more: Any) -> Schema:
    """A closed mapping; keys that begin with `x-` are free."""
    return {
        "type": "object",
        "properties": properties,
        "patternProperties": {"^x-": True},
        "additionalProperties": False,
        **more,
    }


def name_map_schema(schema: Schema, *, optional: bool = False) -> Schema:
    """A mapping whose keys are names."""
    keys = {"pattern": f"^{NAME}{'[?]?' if optional else ''}$", "patternErrorMessage": _NAME_HELP}
    return {"type": "object", "propertyNames": keys, "additionalProperties": schema}


def _snippet(label: str, body: Any) -> Schema:
    """What an editor offers to write, with holes; the keyword is one of the YAML language server."""
    return {"label": label, "body": body}


def _type() -> Schema:
    return {
        "description": "A type: a word, a list of one (`string[]`), a name from `types`, nested notation, JSON Schema.",
        "defaultSnippets": [_snippet("JSON Schema", {"type": "${1:string}"})],
        "anyOf": [
            {"enum": [*WORDS, *(f"{word}[]" for word in [*WORDS][:5])]},
            {"type": "string", "pattern": rf"^{NAME}(\[\])*$"},
            ref("Expression"),
            ref("MarkedSchema"),
            ref("Nested"),
            ref("SchemaBox"),
        ],
    }


def _keywords() -> Schema:
    forms = _keyword_forms()
    return {name: forms[keyword.form] for name, keyword in keywords.KEYWORDS.items()}


def _keyword_forms() -> dict[keywords.KeywordForm, Schema | bool]:
    schema, text, word = ref("Subschema"), {"type": "string"}, {"enum": list(TYPES)}
    names = {"type": "array", "items": text}
    return {
        keywords.SCHEMA: schema,
        keywords.SCHEMAS: {"type": "array", "items": schema, "minItems": 1},
        keywords.SCHEMA_MAP: {"type": "object", "additionalProperties": schema},
        keywords.TEXT: text,
        keywords.PATTERN: text,
        keywords.FLAG: {"type": "boolean"},
        keywords.COUNT: {"type": "integer", "minimum": 0},
        keywords.NUMBER: {"type": "number"},
        keywords.STEP: {"type": "number", "exclusiveMinimum": 0},
        keywords.NAMES: names,
        keywords.NAMES_MAP: {"type": "object", "additionalProperties": names},
        keywords.TYPE: {"anyOf": [word, {"type": "array", "items": word, "minItems": 1}]},
        keywords.VALUES: {"type": "array"},
        keywords.CHOICES: {"type": "array"},
        keywords.VALUE: True,
        keywords.FREE: True,
    }


def _allow_expressions(properties: Schema) -> Schema:
    """A keyword's value may be an expression too."""
    return {key: kind if kind is True else {"anyOf": [kind, ref("Expression")]} for key, kind in properties.items()}


def definitions() -> Schema:
    """Every definition that a key of the model can lead to, by name."""
    return {**_type_definitions(), **_value_definitions()}


def _type_definitions() -> Schema:
    nested = {**name_map_schema(ref("Type"), optional=True), "minProperties": 1}
    return {
        "Expression": {
            "$comment": "A template, `${{ vars.clinic }}`. One that stands alone keeps the type of its value.",
            "type": "string",
            "pattern": r"\$\{\{",
        },
        "Type": _type(),
        "JsonSchema": object_schema(_allow_expressions(_keywords()), description="JSON Schema 2020-12."),
        "MarkedSchema": object_schema(
            _allow_expressions(_keywords()), anyOf=[{"required": [marker]} for marker in MARKERS]
        ),
        "Nested": {**nested, "propertyNames": {**nested["propertyNames"], "not": {"enum": list(MARKERS)}}},
        **_schema_definitions(),
        "Types": {"anyOf": [name_map_schema(ref("Type"), optional=True), ref("SchemaFile")]},
        "Secrets": {
            "anyOf": [
                {"type": "array", "items": {"type": "string", "pattern": rf"^{NAME}[?]?$"}},
                name_map_schema(ref("Type"), optional=True),
            ]
        },
    }


def _schema_definitions() -> Schema:
    file = {
        "type": "object",
        "properties": {"file": {"type": "string"}},
        "required": ["file"],
        "additionalProperties": False,
    }
    return {
        "Subschema": {"anyOf": [ref("JsonSchema"), {"type": "boolean"}, ref("TypeName"), ref("SchemaBox")]},
        "TypeName": {
            "description": "A name from `types`, or a list of one.",
            "type": "string",
            "pattern": rf"^{NAME}(\[\])*$|\$\{{\{{",
            "not": {"pattern": rf"^({'|'.join((*WORDS, 'null'))})(\[\])*$"},
        },
        "SchemaBox": {
            "description": "JSON Schema of any kind, as a mapping below the one key `schema`, or a boolean.",
            "type": "object",
            "properties": {"schema": {"type": ["object", "boolean"]}},
            "required": ["schema"],
            "additionalProperties": False,
        },
        "SchemaFile": {
            "description": "A JSON Schema kept in a file of its own: `{schema: {file: out.json}}`.",
            "type": "object",
            "properties": {"schema": file},
            "required": ["schema"],
            "additionalProperties": False,
        },
    }


def _value_definitions() -> Schema:
    path = {
        "type": "string",
        "pattern": rf"""^{NAME}(\.outputs|\[['"]outputs['"]\]){_KEY}+$|\$\{{\{{""",
        "patternErrorMessage": "a ref is `STEP.outputs.NAME`",
        "examples": ["lookup.outputs.mrn"],
    }
    handed_on = {
        "description": "A secret of the chain: `<$name>`. Never a literal.",
        "type": "string",
        "pattern": r"^<\$[A-Za-z_].*>$|\$\{\{",
        "patternErrorMessage": "hand a secret of the chain on, `<$name>`; never a literal",
        "examples": ["<$epic_password>"],
    }
    literals = [
        {"type": ["string", "number", "boolean", "null"]},
        ref("Ref"),
        {"type": "array", "items": ref("Value")},
        {"type": "object", "additionalProperties": ref("Value"), "not": {"required": ["$ref"]}},
    ]
    return {
        "Ref": {
            "description": "What an earlier step found: `{$ref: STEP.outputs.NAME}`.",
            "type": "object",
            "properties": {"$ref": path},
            "required": ["$ref"],
            "additionalProperties": False,
        },
        "Value": {
            "description": "A literal, a text with `<name>` for inputs, or a ref, also inside lists and mappings.",
            "defaultSnippets": [_snippet("ref to an earlier step", {"\\$ref": "${1:step}.outputs.${2:name}"})],
            "anyOf": literals,
        },
        "Values": name_map_schema(ref("Value")),
        "SecretTokens": name_map_schema(handed_on),
    }
