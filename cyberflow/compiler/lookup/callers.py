"""What chains and pipelines mention: their steps, what these run, and what is handed from one to the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from cyberflow.compiler.graph import AnyCaller, CallNode, ChainNode, PipelineNode, PipelineStepNode
from cyberflow.compiler.interface import Callee, NameKind
from cyberflow.compiler.lookup.entities import Entity, EntityKind, Mention, key_mention, path_mentions, value_mention
from cyberflow.compiler.lookup.texts import file_mentions, text_mentions, token_entity
from cyberflow.compiler.pipeline.file_refs import FileRef
from cyberflow.compiler.refs import Ref
from cyberflow.compiler.scanned_text import RefUse, ScannedText
from cyberflow.language.files import Files
from cyberflow.language.prompt.tokens import Token
from cyberflow.source import Place

_KINDS: dict[str, EntityKind] = {
    "workflow": "workflow",
    "chain": "chain",
    "task": "task",
    "pipeline": "pipeline",
    "call": "function",
}
_NAMES: tuple[NameKind, ...] = ("input", "secret")


def owner_of(caller: AnyCaller, callee: Callee) -> str:
    """Whose inputs and outputs those of a callee are; a wait has no name but its step's."""
    return item_owner(caller, callee.name) if callee.kind == "wait" else callee.name


def item_owner(caller: AnyCaller, step: str) -> str:
    """The owner of what one step of a pipeline declares itself."""
    return f"{caller.name}/{step}"


def caller_mentions(caller: AnyCaller, files: Files) -> Iterator[Mention]:
    """Every name in the steps and outputs of a chain or pipeline."""
    for step, where, text in _texts(caller):
        yield from text_mentions(text, partial(_entity, caller, step, where))
    for _, _, value in caller.values:
        for use in value.refs:
            yield from _ref_mentions(caller, use)
    for one in caller.steps:
        yield replace(value_mention(Entity("step", one.id, caller.name), one.at("id")), defines=True)
        yield from _step_mentions(caller, one)
        if isinstance(caller, PipelineNode) and isinstance(one, PipelineStepNode):
            yield from _pipeline_step_mentions(caller, one, files)


def wide_caller_mentions(caller: AnyCaller) -> Iterator[Mention]:
    """Placeholders and refs of a caller with all their signs."""
    for step, where, text in _texts(caller):
        for token in text.scan.tokens:
            written = text.scan.text[token.start : token.end]
            yield Mention(_entity(caller, step, where, token), text.place_of(token.start, token.end), written)
    for use in (use for _, _, value in caller.values for use in value.refs):
        if isinstance(use.ref, Ref) and (producer := caller.producer(use.ref.alias)) is not None:
            yield Mention(Entity("output", use.ref.output, owner_of(caller, producer)), use.place, str(use.written))


def _texts(caller: AnyCaller) -> Iterator[tuple[CallNode | None, str, ScannedText]]:
    return ((step, where, text) for step, where, value in caller.values for text in value.texts)


def _entity(caller: AnyCaller, step: CallNode | None, where: str, token: Token) -> Entity:
    """What a token of a value names: an input of the caller, or the item of its step."""
    name = token.path.root
    if token.kind == "input" and name not in caller.inputs and name in caller.inputs_at(step, where) and step:
        return Entity("item", name, item_owner(caller, step.id))
    return token_entity(caller, token)


def _ref_mentions(caller: AnyCaller, use: RefUse) -> Iterator[Mention]:
    """The step that a ref reads, its output, and the members below it; of a ref to a file the step."""
    if isinstance(use.ref, str) or not isinstance(use.written, str):
        return
    alias = use.ref.step if isinstance(use.ref, FileRef) else use.ref.alias
    yield from path_mentions(Entity("step", alias, caller.name), (), use.written, 0, use.place.within)
    producer = caller.producer(alias)
    if producer is not None and isinstance(use.ref, Ref):
        output = Entity("output", use.ref.output, owner_of(caller, producer))
        yield from path_mentions(output, use.ref.keys[1:], use.written, 2, use.place.within)


def _step_mentions(caller: AnyCaller, step: CallNode) -> Iterator[Mention]:
    """What a step runs, and the inputs and secrets that it sets."""
    if step.runs is not None:
        name, place = step.runs
        called = step.callee.kind if step.callee else "workflow" if isinstance(caller, ChainNode) else "chain"
        yield value_mention(Entity(_KINDS.get(called, "workflow"), name), place)
        for kind in _NAMES:
            for key, value in step.values_of(kind).items():
                yield key_mention(Entity(kind, key, name), value.place)


def _pipeline_step_mentions(pipeline: PipelineNode, step: PipelineStepNode, files: Files) -> Iterator[Mention]:
    """The item of a step, the steps that it waits for, the answer that it asks for, and its files."""
    for index, name in enumerate(step.step.after):
        yield value_mention(Entity("step", name, pipeline.name), step.at("after", index))
    if step.item is not None:
        owner = item_owner(pipeline, step.id)
        yield key_mention(Entity("item", step.item.name, owner), step.item.place, defines=True)
    if step.callee is not None and step.callee.kind == "wait":
        for name, field in step.callee.outputs.fields.items():
            yield key_mention(Entity("output", name, owner_of(pipeline, step.callee)), field.place, defines=True)
    for value in step.files.values():
        if isinstance(value.data, str):
            yield from _file(files, value.data, value.place)


def _file(files: Files, name: str, place: Place) -> Iterator[Mention]:
    yield from file_mentions(files, name, place.within(0, len(name)), place)
