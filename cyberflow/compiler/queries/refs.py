"""Refs of chains and pipelines: those that parse, those that read a later step, those that close a ring."""

from __future__ import annotations

from collections.abc import Iterator

from cyberflow.compiler.graph import AnyCaller, CallNode, Graph, PipelineStepNode
from cyberflow.compiler.pipeline.file_refs import FileRef
from cyberflow.compiler.queries.answers import keep_answer
from cyberflow.compiler.refs import Keys, Ref
from cyberflow.late import dataclass
from cyberflow.source import Place

READERS = ("inputs", "outputs", "each", "when", "unless", "until")
"""The keys under which a value may read the outputs of a step."""


@dataclass(frozen=True)
class ValidRef:
    """A ref that parses and stands where one may; `step` is None in the outputs of the whole."""

    ref: Ref
    place: Place
    written: str
    step: CallNode | None
    keys: Keys = ()


@dataclass(frozen=True)
class StepUse:
    """A step names another that must be over before it: in a ref, or under `after`."""

    step: CallNode
    alias: str
    place: Place
    written: str


@keep_answer
def valid_refs(caller: AnyCaller) -> list[ValidRef]:
    return [
        ValidRef(use.ref, use.place, str(use.written), step, use.keys)
        for step, where, value in caller.values
        if value.refs and where in READERS
        for use in value.refs
        if isinstance(use.ref, Ref)
    ]


@keep_answer
def all_valid_refs(graph: Graph) -> list[tuple[AnyCaller, ValidRef]]:
    return [(caller, use) for caller in graph.callers for use in valid_refs(caller)]


@keep_answer
def step_uses(caller: AnyCaller) -> list[StepUse]:
    """Every naming of another step by a step."""
    return [*_step_uses(caller)]


def _step_uses(caller: AnyCaller) -> Iterator[StepUse]:
    for use in valid_refs(caller):
        if use.step is not None:
            yield StepUse(use.step, use.ref.alias, use.place, use.written)
    for step in caller.steps:
        if isinstance(step, PipelineStepNode):
            for value in step.files.values():
                for file in value.refs:
                    if isinstance(file.ref, FileRef):
                        yield StepUse(step, file.ref.step, file.place, str(file.written))
            yield from (StepUse(step, id, step.at("after", index), id) for index, id in enumerate(step.step.after))


def forward_uses(caller: AnyCaller) -> Iterator[tuple[StepUse, CallNode]]:
    """Namings of the step itself or of a later one, with that step."""
    for use in step_uses(caller):
        target = caller.step(use.alias)
        if target is not None and target.index >= use.step.index:
            yield use, target


def closes_cycle(caller: AnyCaller, step: CallNode | None, ref: Ref) -> bool:
    """Whether a ref closes a ring: it need not name the step that it does."""
    target = caller.step(ref.alias)
    if step is None or target is None or target.index < step.index:
        return False
    return any(step.id in ring and target.id in ring for ring in caller.cycles)
