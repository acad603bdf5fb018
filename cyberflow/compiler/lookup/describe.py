"""What an entity is in words: its type, where it comes from, who takes it."""

from __future__ import annotations

from typing import Any

from cyberflow.compiler.graph import ChainNode, Graph, TaskNode, WorkflowNode
from cyberflow.compiler.interface import Field
from cyberflow.compiler.lookup.entities import Entity
from cyberflow.compiler.lookup.texts import Node
from cyberflow.compiler.queries.value_types import value_type
from cyberflow.compiler.scanned_text import Value
from cyberflow.compiler.type_notation import TypeReader
from cyberflow.schema.describe import describe
from cyberflow.schema.paths import FoundType, lookup


def find_declaration(graph: Graph, name: str) -> Node | None:
    """The workflow, chain or task of a name."""
    return graph.workflows.get(name) or graph.chains.get(name) or graph.tasks.get(name)


def type_schema(graph: Graph, entity: Entity) -> Any:
    """The type of an entity as JSON Schema; None for what has none, or an unknown one."""
    schema = _root_schema(graph, entity)
    if schema is None or not entity.keys:
        return schema
    found = lookup(schema, entity.keys)
    return found.schema if isinstance(found, FoundType) else None


def type_text(graph: Graph, entity: Entity) -> str | None:
    """The type of an entity in the short notation: of a workflow or chain, what it takes and gives."""
    node = find_declaration(graph, entity.name) if entity.kind in ("workflow", "chain", "task") else None
    if node is not None:
        gives = "" if isinstance(node, TaskNode) else f" -> {_members(graph, node)}"
        return f"{{{', '.join(_parameters(node))}}}{gives}"
    schema = type_schema(graph, entity)
    return None if schema is None else describe(schema)


def _root_schema(graph: Graph, entity: Entity) -> Any:
    project = graph.project
    if entity.kind == "type" and entity.name in project.types:
        definition = project.types[entity.name]
        return TypeReader(project.types, project.files).read_type(definition.body, definition.place)
    owner = find_declaration(graph, entity.owner)
    if entity.kind == "step" and isinstance(owner, ChainNode):
        producer = owner.producer(entity.name)
        return producer.outputs_schema if producer else None
    if owner is None or entity.kind not in ("input", "secret", "output"):
        return None
    if entity.kind == "output" and isinstance(owner, ChainNode):
        value = owner.outputs.get(entity.name)
        return _value_schema(owner, value) if value is not None else None
    declared = field_of(owner, entity)
    return declared.schema if declared else None


def field_of(node: Node, entity: Entity) -> Field | None:
    """The declared field that an entity is."""
    if entity.kind == "output":
        return node.outputs.fields.get(entity.name) if isinstance(node, WorkflowNode) else None
    return node.fields_of("secret" if entity.kind == "secret" else "input").fields.get(entity.name)


def _value_schema(chain: ChainNode, value: Value) -> Any:
    found = value_type(chain, None, "outputs", value)
    return found.schema if found else None


def _parameters(node: Node) -> list[str]:
    fields = [(one, "") for one in node.inputs.fields.values()] + [(one, "$") for one in node.secrets.fields.values()]
    return [f"{sign}{one.name}{'' if one.required else '?'}: {describe(one.schema)}" for one, sign in fields]


def _members(graph: Graph, node: Node) -> str:
    if isinstance(node, WorkflowNode):
        return describe(node.callee.outputs_schema)
    names = list(node.outputs) if isinstance(node, ChainNode) else []
    shown = [f"{name}: {type_text(graph, Entity('output', name, node.name)) or 'any'}" for name in names]
    return f"{{{', '.join(shown)}}}"
