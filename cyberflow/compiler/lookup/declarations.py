"""What declarations mention: every name in a workflow, a chain, a task or the project file, and the entity it means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cyberflow.compiler.graph import ChainNode, Graph, PipelineNode, TaskNode, WorkflowNode
from cyberflow.compiler.interface import FieldSet, NameKind
from cyberflow.compiler.lookup.callers import caller_mentions
from cyberflow.compiler.lookup.entities import Entity, EntityKind, Mention, key_mention, value_mention
from cyberflow.compiler.lookup.texts import Node, file_mentions, image_mentions, token_mentions
from cyberflow.compiler.lookup.types import type_mentions
from cyberflow.language.files import Files
from cyberflow.language.project.load import Definition, Project
from cyberflow.source import Place

_KINDS: dict[type, EntityKind] = {
    WorkflowNode: "workflow",
    ChainNode: "chain",
    TaskNode: "task",
    PipelineNode: "pipeline",
}
_NAMES: tuple[NameKind, ...] = ("input", "secret")
_FIELDS: tuple[EntityKind, ...] = (*_NAMES, "output")


def nodes(graph: Graph) -> Iterator[Node]:
    """Every declaration of a graph."""
    yield from graph.workflows.values()
    yield from graph.chains.values()
    yield from graph.tasks.values()
    yield from graph.pipelines.values()


def mentions_of(node: Node, graph: Graph) -> Iterator[Mention]:
    """Every name that is written in a declaration, its prompts and types included."""
    files = graph.project.files
    yield key_mention(entity_of(node), node.definition.place, defines=True)
    for kind in _FIELDS:
        yield from _field_mentions(node, kind, files)
    if isinstance(node, WorkflowNode):
        yield from _workflow_mentions(node, files)
    elif isinstance(node, TaskNode):
        yield from _task_mentions(node, files)
    else:
        yield from caller_mentions(node, files)
        if isinstance(node, ChainNode):
            yield from _chain_mentions(node, files)


def entity_of(node: Node) -> Entity:
    """The entity that a declaration is."""
    return Entity(_KINDS[type(node)], node.name)


def type_definitions(project: Project) -> Iterator[Mention]:
    """Every named type, and the types that it names."""
    for name, definition in project.types.items():
        yield key_mention(Entity("type", name), definition.place, defines=True)
        yield from type_mentions(definition.body, definition.place, project.files)


def target_mentions(project: Project) -> Iterator[Mention]:
    """The targets of the project file, and which is the default one."""
    place = Place("cyberflow.yaml")
    for name in project.settings.targets:
        yield key_mention(Entity("target", name), place.at("targets", name), defines=True)
    if "default_target" in project.settings.model_fields_set:
        yield value_mention(Entity("target", project.settings.default_target), place.at("default_target"))


def _field_mentions(node: Node, kind: EntityKind, files: Files) -> Iterator[Mention]:
    """The fields that a declaration names, with the types that they are declared as."""
    key = f"{kind}s"
    declared = getattr(node, key, None)
    if isinstance(declared, FieldSet):
        for name, field in declared.fields.items():
            yield key_mention(Entity(kind, name, node.name), field.place, defines=True)
        yield from type_mentions(getattr(node.body, key), node.at(key), files)
    elif isinstance(declared, Mapping):  # the outputs of a chain, which are values
        for name, value in declared.items():
            yield key_mention(Entity(kind, name, node.name), value.place, defines=True)


def _workflow_mentions(node: WorkflowNode, files: Files) -> Iterator[Mention]:
    body = node.body
    yield from token_mentions(node, node.texts)
    for text in node.texts:
        if text.format is not None:
            yield from image_mentions(text, files)
            name = getattr(_prompt_at(body, text.place, node.definition), "file", None)
            yield from _named_file(files, name, text.place.at("file"))
    yield from _machine_names(node, body.from_machine, node.at("from_machine"))
    yield from _file_mentions(node.definition, files)
    for index, tag in enumerate(body.tags or ()):
        yield value_mention(Entity("tag", tag), node.at("tags", index))
    if body.models is not None:
        yield from _model_mentions(body.models.main, node.at("models", "main"))
        yield from _model_mentions(body.models.cache_detection, node.at("models", "cache_detection"))
        for index, model in enumerate(body.models.fallbacks):
            yield from _model_mentions(model, node.at("models", "fallbacks", index))
    for index, check in enumerate(body.checks or ()):
        yield from _model_mentions(check.model, node.at("checks", index, "model"))
        for key in ("loop_input", "expected_match_count_ref"):
            yield from _loose_name(node, getattr(check, key), node.at("checks", index, key))


def _prompt_at(body: Any, place: Place, definition: Definition[Any]) -> Any:
    """The prompt as it was declared at a place of a workflow."""
    for step in place.route[len(definition.place.route) :]:
        body = body[step] if isinstance(step, int) else getattr(body, step)
    return body


def _loose_name(node: WorkflowNode, written: str | None, place: Place) -> Iterator[Mention]:
    """An input that a check names, with or without braces."""
    name = (written or "").strip("{}<>")
    if written and name in node.inputs:
        start = written.index(name)
        yield Mention(Entity("input", name, node.name), place.within(start, start + len(name)), name)


def _model_mentions(name: str | None, place: Place) -> Iterator[Mention]:
    if name is not None:
        yield value_mention(Entity("model", name), place)


def _machine_names(owner: WorkflowNode | ChainNode, written: list[str], place: Place) -> Iterator[Mention]:
    """The inputs and secrets of a declaration that its machine supplies."""
    for index, one in enumerate(written):
        name = one.removeprefix("$")
        kind: NameKind = "secret" if one.startswith("$") else "input"
        if name in owner.fields_of(kind):
            at = place.at(index).within(len(one) - len(name), len(one))
            yield Mention(Entity(kind, name, owner.name), at, name)


def _file_mentions(definition: Definition[Any], files: Files) -> Iterator[Mention]:
    for index, file in enumerate(definition.body.files):
        yield from _named_file(files, file.path, definition.at("files", index, "path"))


def _named_file(files: Files, name: str | None, place: Place) -> Iterator[Mention]:
    if name is not None:
        yield from file_mentions(files, name, place.within(0, len(name)), place)


def _chain_mentions(chain: ChainNode, files: Files) -> Iterator[Mention]:
    """What a chain has and a pipeline has not: a session, a machine, files."""
    for alias, name in chain.body.session.items():
        yield key_mention(Entity("step", alias, chain.name), chain.at("session", alias), defines=True)
        yield value_mention(Entity("workflow", name), chain.at("session", alias))
    for owner in {one.name: one for one in (chain, *(step.workflow for step in chain.steps)) if one}.values():
        yield from _machine_names(owner, chain.body.from_machine, chain.at("from_machine"))
    for index, pool in enumerate(chain.body.pools):
        yield value_mention(Entity("pool", pool), chain.at("pools", index))
    if chain.body.machine is not None:
        yield value_mention(Entity("machine", chain.body.machine), chain.at("machine"))
    yield from _file_mentions(chain.definition, files)


def _task_mentions(task: TaskNode, files: Files) -> Iterator[Mention]:
    yield from token_mentions(task, task.texts)
    for key, name in task.body.files.items():
        yield from _named_file(files, name, task.at("files", key))
