"""What an entity is in words: its type, where it comes from, who takes it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cyberflow.compiler.graph import AnyCaller, ChainNode, Graph, PipelineNode, TaskNode, WorkflowNode
from cyberflow.compiler.interface import Callee, Field, FieldSet
from cyberflow.compiler.lookup.callers import item_owner, owner_of
from cyberflow.compiler.lookup.entities import Entity
from cyberflow.compiler.lookup.texts import Node
from cyberflow.compiler.queries.value_types import value_type
from cyberflow.compiler.type_notation import TypeReader
from cyberflow.schema.describe import describe
from cyberflow.schema.paths import FoundType, lookup

DECLARED = ("workflow", "chain", "task", "pipeline")


def find_declaration(graph: Graph, name: str) -> Node | None:
    """The workflow, chain, task or pipeline of a name."""
    found = graph.workflows.get(name) or graph.chains.get(name) or graph.tasks.get(name)
    return found or graph.pipelines.get(name)


def type_schema(graph: Graph, entity: Entity) -> Any:
    """The type of an entity as JSON Schema; None for what has none, or an unknown one."""
    schema = _root_schema(graph, entity)
    if schema is None or not entity.keys:
        return schema
    found = lookup(schema, entity.keys)
    return found.schema if isinstance(found, FoundType) else None


def type_text(graph: Graph, entity: Entity) -> str | None:
    """The type of an entity in the short notation: of a declaration or function, what it takes and gives."""
    node = find_declaration(graph, entity.name) if entity.kind in DECLARED else None
    if node is not None:
        gives = "" if isinstance(node, TaskNode) else f" -> {_members(graph, node)}"
        return f"{{{', '.join(_parameters(node.inputs, node.secrets))}}}{gives}"
    if entity.kind == "function":
        one = next((one for _, one in _callees(graph) if (one.kind, one.name) == ("call", entity.name)), None)
        return f"{{{', '.join(_parameters(one.inputs))}}} -> {describe(one.outputs_schema)}" if one else None
    schema = type_schema(graph, entity)
    return None if schema is None else describe(schema)


def _root_schema(graph: Graph, entity: Entity) -> Any:
    if entity.kind == "type" and entity.name in graph.project.types:
        definition = graph.project.types[entity.name]
        return TypeReader(graph.project.types, graph.project.files).read_type(definition.body, definition.place)
    owner = find_declaration(graph, entity.owner)
    if entity.kind == "step" and isinstance(owner, ChainNode | PipelineNode):
        producer = owner.producer(entity.name)
        return producer.outputs_schema if producer else None
    if entity.kind == "item":
        return next(_item_schemas(graph, entity), None)
    if entity.kind not in ("input", "secret", "output"):
        return None
    if entity.kind == "output" and isinstance(owner, ChainNode | PipelineNode) and entity.name in owner.outputs:
        found = value_type(owner, None, "outputs", owner.outputs[entity.name])
        return found.schema if found else None
    declared = find_field(graph, entity)
    return declared.schema if declared else None


def find_field(graph: Graph, entity: Entity) -> Field | None:
    """The declared field that an input, a secret or an output is: of a declaration, a function, a step that waits."""
    owner = find_declaration(graph, entity.owner)
    if owner is not None:
        return _field_of(owner.callee if isinstance(owner, WorkflowNode) else owner, entity)
    owned = (one for caller, one in _callees(graph) if owner_of(caller, one) == entity.owner)
    return next((found for one in owned if (found := _field_of(one, entity))), None)


def _field_of(owner: Any, entity: Entity) -> Field | None:
    if entity.kind == "output":
        return owner.outputs.fields.get(entity.name) if isinstance(owner, Callee) else None
    found: Field | None = owner.fields_of(entity.kind).fields.get(entity.name)
    return found


def _callees(graph: Graph) -> Iterator[tuple[AnyCaller, Callee]]:
    for caller in graph.callers:
        yield from ((caller, step.callee) for step in caller.steps if step.callee is not None)


def _item_schemas(graph: Graph, entity: Entity) -> Iterator[Any]:
    for pipeline in graph.pipelines.values():
        for step in pipeline.steps:
            if step.item is not None and item_owner(pipeline, step.id) == entity.owner:
                yield step.item.schema


def _parameters(inputs: FieldSet, secrets: FieldSet | None = None) -> list[str]:
    fields = [(one, "") for one in inputs.fields.values()]
    fields += [(one, "$") for one in (secrets.fields.values() if secrets else ())]
    return [f"{sign}{one.name}{'' if one.required else '?'}: {describe(one.schema)}" for one, sign in fields]


def _members(graph: Graph, node: Node) -> str:
    if isinstance(node, WorkflowNode):
        return describe(node.callee.outputs_schema)
    names = list(node.outputs) if isinstance(node, ChainNode | PipelineNode) else []
    shown = [f"{name}: {type_text(graph, Entity('output', name, node.name)) or 'any'}" for name in names]
    return f"{{{', '.join(shown)}}}"
