"""JSON Schemas of `cyberflow.yaml` and of declaration files, for editors: keys and shapes from the model, words from
`schema_words`. They accept whatever the reader accepts; what needs the whole project is left to `check`.
"""

from __future__ import annotations

from typing import Literal

from pydantic.json_schema import GenerateJsonSchema, models_json_schema
from pydantic_core import core_schema

from cyberflow.language import model
from cyberflow.language.notation_schema import Schema, definitions, free, named, ref
from cyberflow.language.schema_words import FIELDS, MODELS

Kind = Literal["project", "declarations"]
KINDS: tuple[Kind, ...] = ("project", "declarations")
DIALECT = "http://json-schema.org/draft-07/schema#"
_PROJECT_ONLY = frozenset({"ProjectFile", "Target", "Cyberun", "SecretSource"})
"""Templates are not evaluated here."""
_OPEN: dict[str, Schema] = {
    "Declarations.workflows": named(ref("Workflow")),
    "Declarations.chains": named(ref("Chain")),
    "Declarations.tasks": named(ref("Task")),
    "Declarations.types": named(ref("Type")),
    "Workflow.inputs": ref("Types"),
    "Workflow.secrets": ref("Secrets"),
    "Workflow.outputs": ref("Types"),
    "Chain.inputs": ref("Types"),
    "Chain.secrets": ref("Secrets"),
    "Chain.outputs": ref("Values"),
    "Step.inputs": ref("Values"),
    "Step.secrets": ref("SecretTokens"),
    "Task.inputs": ref("Types"),
    "Task.secrets": ref("Secrets"),
    "Task.parameters": ref("Values"),
}
"""What the model leaves to other rooms to read."""
_EITHER: dict[str, tuple[str, ...]] = {"SecretSource": ("env", "file", "keyring"), "File": ("path", "name")}
"""Exactly one of these keys."""


def schema(kind: Kind | None = None) -> Schema:
    """The schema of one kind of file; with none, of either: a file that has `project` is the project's."""
    made = _definitions()
    top: Schema = {
        "project": {"title": "cyberflow.yaml", **ref("ProjectFile")},
        "declarations": {"title": "cyberflow declarations", **ref("Declarations")},
        None: {
            "title": "cyberflow",
            "if": {"required": ["project"]},
            "then": ref("ProjectFile"),
            "else": ref("Declarations"),
        },
    }[kind]
    if kind is not None:
        top = {"title": top["title"], **made.pop(top["$ref"].rpartition("/")[2])}
    return {"$schema": DIALECT, **top, "definitions": _reached(top, made)}


def _definitions() -> Schema:
    models = (model.Declarations, model.ProjectFile, model.Workflow, model.Chain, model.Task)
    _, generated = models_json_schema(
        [(one, "validation") for one in models],
        ref_template="#/definitions/{model}",
        schema_generator=_Generator,
    )
    return {**definitions(), **{name: _model(name, body) for name, body in generated["$defs"].items()}}


class _Generator(GenerateJsonSchema):
    """Names and durations are checked by functions of ours; here they are patterns."""

    def function_after_schema(self, schema: core_schema.AfterValidatorFunctionSchema) -> Schema:
        patterns = {model.check_name: model.NAME, model.check_project_name: model.PROJECT_NAME}
        made = super().function_after_schema(schema)
        return made


def _model(name: str, generated: Schema) -> Schema:
    """One mapping of the model, with its words."""
    properties: Schema = {}
    for key, body in generated["properties"].items():
        words = FIELDS[name].get(key) or FIELDS["Declarations"][key]
        kind = _OPEN.get(f"{name}.{key}") or _OPEN.get(f"Declarations.{key}") or _plain(body)
        if name not in _PROJECT_ONLY:
            kind = _templated(kind)
        properties[key] = {
            "description": words.text,
            **kind,
            **({"examples": list(words.examples)} if words.examples else {}),
        }
    made = free(properties, description=MODELS[name])
    if "required" in generated:
        made["required"] = generated["required"]
    if name in _EITHER:
        made["oneOf"] = [{"required": [key]} for key in _EITHER[name]]
    return made
