"""JSON Schemas of `cyberflow.yaml`, of declaration files and of test files, for editors: keys and shapes from the
model, words from the descriptions. They accept whatever the reader accepts; what needs the whole project is left to
`check`.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Literal, get_args

from pydantic.json_schema import models_json_schema

from cyberflow.language import model
from cyberflow.language.editor.descriptions import FIELDS, MODELS
from cyberflow.language.editor.descriptions_of_tests import TEST_FIELDS, TEST_KINDS, TEST_MODELS, mock_schema
from cyberflow.language.editor.notation_schema import Schema, definitions, name_map_schema, object_schema, ref
from cyberflow.language.flow_tests.model import FlowTest, FlowTests
from cyberflow.language.pipelines import Pipeline
from cyberflow.language.pydantic_models import pydantic_model

Kind = Literal["project", "declarations", "tests"]
KINDS: tuple[Kind, ...] = ("project", "declarations", "tests")
DIALECT = "http://json-schema.org/draft-07/schema#"
_PLAIN = frozenset({"ProjectFile", "Target", "Cyberun", "SecretSource"}) | TEST_KINDS
"""Templates are not evaluated here."""
_FILE_REF: Schema = {
    "type": "object",
    "properties": {"$ref": {"type": "string"}},
    "required": ["$ref"],
    "additionalProperties": False,
}
_WORDS = {**FIELDS, **TEST_FIELDS}
_OPEN: dict[str, Schema] = {
    "Declarations.workflows": name_map_schema(ref("Workflow")),
    "Declarations.chains": name_map_schema(ref("Chain")),
    "Declarations.tasks": name_map_schema(ref("Task")),
    "Declarations.pipelines": name_map_schema(ref("Pipeline")),
    "Declarations.types": name_map_schema(ref("Type")),
    "Workflow.inputs": ref("Types"),
    "Workflow.secrets": ref("Secrets"),
    "Workflow.outputs": ref("Types"),
    "Chain.inputs": ref("Types"),
    "Chain.secrets": ref("Secrets"),
    "Chain.outputs": ref("Values"),
    "Chain.steps": {"type": "array", "items": ref("Step"), "minItems": 1},
    "Step.inputs": ref("Values"),
    "Step.secrets": ref("SecretTokens"),
    "Task.inputs": ref("Types"),
    "Task.secrets": ref("Secrets"),
    "Task.parameters": ref("Values"),
    "Pipeline.inputs": ref("Types"),
    "Pipeline.secrets": ref("Secrets"),
    "Pipeline.outputs": ref("Values"),
    "Pipeline.steps": {"type": "array", "items": ref("PipelineStep"), "minItems": 1},
    "PipelineStep.inputs": ref("Values"),
    "PipelineStep.secrets": ref("SecretTokens"),
    "PipelineStep.files": name_map_schema({"anyOf": [{"type": "string"}, _FILE_REF]}),
    "PipelineStep.each": {**name_map_schema(ref("Value")), "minProperties": 1, "maxProperties": 1},
    **{f"PipelineStep.{key}": ref("Value") for key in ("key", "when", "unless")},
    "Wait.until": ref("Value"),
    "Wait.outputs": ref("Types"),
    "FlowTests.tests": name_map_schema(ref("FlowTest")),
    "FlowTest.simulate": {"type": "object", "additionalProperties": ref("Mock")},
    "FlowCase.simulate": {"type": "object", "additionalProperties": ref("Mock")},
    "ProjectFile.rules": object_schema({}, additionalProperties={"enum": list(get_args(model.Level))}),
}
"""What the model leaves to other rooms to read."""
_EITHER: dict[str, tuple[str, ...]] = {"SecretSource": ("env", "file", "keyring", "exec"), "File": ("path", "name")}
_EITHER |= {"PipelineStep": ("run", "call", "wait"), "Wait": ("until", "signal")}
"""Exactly one of these keys."""


def editor_schema(kind: Kind | None = None) -> Schema:
    """The schema of one kind of file; with none, of either: a file that has `project` is the project's."""
    made = {**_definitions()}
    top: Schema = {
        "project": ref("ProjectFile"),
        "declarations": ref("Declarations"),
        "tests": ref("FlowTests"),
        None: {"if": {"required": ["project"]}, "then": ref("ProjectFile"), "else": _without_project()},
    }[kind]
    if kind is not None:
        top = made.pop(top["$ref"].rpartition("/")[2])
    return {"$schema": DIALECT, **top, "definitions": _collect_reachable(top, made)}


def _without_project() -> Schema:
    """A file that has `tests` is one of tests, every other one of declarations."""
    return {"if": {"required": ["tests"]}, "then": ref("FlowTests"), "else": ref("Declarations")}


@cache
def _definitions() -> Schema:
    ours = (model.Declarations, model.ProjectFile, model.Workflow, model.Chain, model.Task, Pipeline)
    models = (*ours, FlowTests, FlowTest)
    _, generated = models_json_schema(
        [(pydantic_model(one), "validation") for one in models],
        ref_template="#/definitions/{model}",
    )
    models_made = {name: _model(name, body) for name, body in generated["$defs"].items()}
    return {**definitions(), "Mock": mock_schema(), **models_made}


def _model(name: str, generated: Schema) -> Schema:
    """One mapping of the model, with its words."""
    properties: Schema = {}
    for key, body in generated["properties"].items():
        words = _WORDS[name].get(key) or FIELDS["Declarations"][key]
        kind = _OPEN.get(f"{name}.{key}") or _OPEN.get(f"Declarations.{key}") or _simplify(body)
        if name not in _PLAIN:
            kind = _allow_expressions(kind)
        properties[key] = {
            "description": words.text,
            **kind,
            **({"examples": list(words.examples)} if words.examples else {}),
        }
    made = object_schema(properties, description={**MODELS, **TEST_MODELS}[name])
    if "required" in generated:
        made["required"] = generated["required"]
    if name in _EITHER:
        made["oneOf"] = [{"required": [key]} for key in _EITHER[name]]
    return made


def _simplify(body: Any) -> Any:
    """What pydantic made of a field, without `null` for what is left out, and without titles."""
    if isinstance(body, list):
        return [_simplify(item) for item in body]
    if not isinstance(body, dict):
        return body
    arms = body.get("anyOf") or body.get("oneOf")
    if arms:
        arms = [_simplify(arm) for arm in arms if arm != {"type": "null"}]
        return arms[0] if len(arms) == 1 else {"anyOf": arms}
    if "patternProperties" in body:
        ((_, item),) = body["patternProperties"].items()
        return name_map_schema(_simplify(item))
    return {
        key: _simplify(item) for key, item in body.items() if key != "title" and not (key == "default" and item is None)
    }


def _allow_expressions(kind: Schema) -> Schema:
    """Any value may be an expression, lists and mappings included."""
    below = {
        key: _allow_expressions(kind[key])
        for key in ("items", "additionalProperties")
        if isinstance(kind.get(key), dict)
    }
    arms = [_allow_expressions(arm) if "items" in arm else arm for arm in kind.get("anyOf", [])]
    if {"type": "string"} in (arms or [kind]):
        return kind
    if arms:
        return {"anyOf": [*arms, ref("Expression")]}
    return {"anyOf": [{**kind, **below}, ref("Expression")]}


def _collect_reachable(top: Schema, made: Schema) -> Schema:
    """The definitions that `top` leads to, in the order of their names."""
    reached: set[str] = set()
    open_: list[Any] = [top]
    while open_:
        node = open_.pop()
        if isinstance(node, list):
            open_.extend(node)
        elif isinstance(node, dict):
            name = str(node.get("$ref", "")).rpartition("/")[2]
            if name in made and name not in reached:
                reached.add(name)
                open_.append(made[name])
            open_.extend(node.values())
    return {name: made[name] for name in sorted(reached)}
