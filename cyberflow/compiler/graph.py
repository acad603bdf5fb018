"""The graph of a project: every declaration with its types, prompts, steps, refs and tokens, each with its place. Rules
ask the graph; they read no text of their own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Generic, Literal, TypeVar

from cyberflow.compiler.interface import FieldSet
from cyberflow.compiler.refs import Ref, read_ref
from cyberflow.compiler.scanned_text import ScannedText
from cyberflow.language.model import Chain, Step, Task, Workflow
from cyberflow.language.project.load import Definition, Project
from cyberflow.language.prompt.tokens import Token
from cyberflow.schema.normal_form import ObjectSchema
from cyberflow.source import Place

PYTHON_SUFFIX = ".py"
NameKind = Literal["input", "secret"]
D = TypeVar("D")


@dataclass(frozen=True)
class DeclarationNode(Generic[D]):
    """What workflows, chains and tasks have in common: what was declared, and the inputs and secrets it takes."""

    definition: Definition[D]
    inputs: FieldSet
    secrets: FieldSet

    @property
    def name(self) -> str:
        return self.definition.name

    @property
    def body(self) -> D:
        return self.definition.body

    def at(self, *keys: str | int) -> Place:
        return self.definition.at(*keys)

    def fields_of(self, kind: NameKind) -> FieldSet:
        return self.inputs if kind == "input" else self.secrets


@dataclass(frozen=True)
class WorkflowNode(DeclarationNode[Workflow]):
    """A workflow with its types, and every text of it in which tokens count."""

    outputs: FieldSet
    texts: tuple[ScannedText, ...]

    @property
    def complete(self) -> bool:
        """Whether every text could be read, so that what none of them uses is unused."""
        return not self.definition.broken & {"prompt", "inputs", "secrets"} and any(
            text.kind == "prompt" for text in self.texts
        )

    @cached_property
    def outputs_schema(self) -> ObjectSchema:
        return self.outputs.schema()


@dataclass(frozen=True)
class RefUse:
    """A ref object in a value. `ref` is words where it does not parse."""

    place: Place
    written: Any
    ref: Ref | str
    keys: tuple[str | int, ...] = ()


@dataclass(frozen=True)
class TokenUse:
    """A token of a chain string; `whole` when the string is nothing else. `keys` lead to it inside its value."""

    token: Token
    place: Place
    whole: bool
    keys: tuple[str | int, ...] = ()


@dataclass(frozen=True)
class Value:
    """A JSON value as written, with the refs and tokens inside it."""

    data: Any
    place: Place
    refs: tuple[RefUse, ...] = ()
    tokens: tuple[TokenUse, ...] = ()
    texts: tuple[ScannedText, ...] = ()

    @property
    def sole_token(self) -> TokenUse | None:
        """The token that is the whole value, if it is one."""
        return self.tokens[0] if len(self.tokens) == 1 and self.tokens[0].whole and not self.tokens[0].keys else None


@dataclass(frozen=True)
class StepNode:
    """One step; `workflow` is None when nothing of that name is declared."""

    index: int
    step: Step
    place: Place
    workflow: WorkflowNode | None
    inputs: Mapping[str, Value]
    secrets: Mapping[str, Value]

    @property
    def id(self) -> str:
        return self.step.id

    def at(self, *keys: str | int) -> Place:
        return self.place.at(*keys)

    def values_of(self, kind: NameKind) -> Mapping[str, Value]:
        return self.inputs if kind == "input" else self.secrets


@dataclass(frozen=True)
class ChainNode(DeclarationNode[Chain]):
    """A chain with its steps, the aliases of the session it joins, and its outputs."""

    steps: tuple[StepNode, ...]
    session: Mapping[str, WorkflowNode | None]
    outputs: Mapping[str, Value]
    files: tuple[Value, ...]

    @property
    def in_python(self) -> bool:
        return self.definition.place.path.endswith(PYTHON_SUFFIX)

    @property
    def inherits(self) -> bool:
        """Whether a step gets the chain's inputs and secrets of the names its workflow declares; a call does not."""
        return not self.in_python

    def producer(self, alias: str) -> WorkflowNode | None:
        """The workflow whose outputs an alias names, if it is known."""
        step = self.step(alias)
        return step.workflow if step else self.session.get(alias)

    def step(self, alias: str) -> StepNode | None:
        return self._by_id.get(alias)

    @cached_property
    def _by_id(self) -> Mapping[str, StepNode]:
        return {step.id: step for step in reversed(self.steps)}

    @cached_property
    def cycles(self) -> list[list[str]]:
        """The rings of refs, each once, from its earliest step back to it."""
        edges: dict[str, dict[str, None]] = {step.id: {} for step in self.steps}
        forward = False
        for step, where, value in self.values:
            for use in value.refs if step is not None and where == "inputs" else ():
                if step is not None and isinstance(use.ref, Ref):
                    edges[step.id][use.ref.alias] = None
                    forward |= (target := self.step(use.ref.alias)) is not None and target.index >= step.index
        return find_cycles(edges) if forward else []

    @cached_property
    def values(self) -> tuple[tuple[StepNode | None, str, Value], ...]:
        """Every value of the chain with the step it belongs to: inputs and secrets of steps, files, outputs."""
        found: list[tuple[StepNode | None, str, Value]] = []
        for step in self.steps:
            found += [(step, "inputs", value) for value in step.inputs.values()]
            found += [(step, "secrets", value) for value in step.secrets.values()]
        found += [(None, "files", value) for value in self.files]
        found += [(None, "outputs", value) for value in self.outputs.values()]
        return tuple(found)

    @cached_property
    def texts(self) -> tuple[ScannedText, ...]:
        return tuple(text for _, _, value in self.values for text in value.texts)


@dataclass(frozen=True)
class TaskNode(DeclarationNode[Task]):
    """A Cyberun task with its parameters. `files` are the project's, by parameter, as they go along in the bundle."""

    parameters: Mapping[str, Value]
    files: Mapping[str, str]

    @property
    def complete(self) -> bool:
        return not self.definition.broken

    @cached_property
    def texts(self) -> tuple[ScannedText, ...]:
        return tuple(text for value in self.parameters.values() for text in value.texts)


@dataclass(frozen=True)
class Graph:
    """A project, analysed for one target."""

    project: Project
    workflows: Mapping[str, WorkflowNode] = field(default_factory=dict)
    chains: Mapping[str, ChainNode] = field(default_factory=dict)
    tasks: Mapping[str, TaskNode] = field(default_factory=dict)


def ref_at(value: dict[str, Any], place: Place, keys: tuple[str | int, ...]) -> RefUse:
    """Read a ref object found at `place`."""
    return RefUse(place.at("$ref") if len(value) == 1 else place, value["$ref"], read_ref(value), keys)


def find_cycles(edges: Mapping[str, Collection[str]]) -> list[list[str]]:
    """For each node that is in a ring, the shortest one through it, beginning and ending with it; none twice."""
    import networkx

    graph: networkx.DiGraph[str] = networkx.DiGraph([(left, right) for left, ends in edges.items() for right in ends])
    around: dict[str, set[str]] = {}
    for component in networkx.strongly_connected_components(graph):
        around |= dict.fromkeys(component, component)
    found: dict[frozenset[str], list[str]] = {}
    for node in edges:
        if node in around and (ring := _shortest_cycle(edges, node, around[node])):
            found.setdefault(frozenset(ring), ring)
    return list(found.values())


def _shortest_cycle(edges: Mapping[str, Collection[str]], start: str, within: Collection[str]) -> list[str] | None:
    before: dict[str, str] = {}
    waiting = deque([start])
    while waiting:
        node = waiting.popleft()
        for after in edges[node]:
            if after == start:
                ring = [start]
                while node != start:
                    ring.append(node)
                    node = before[node]
                return [start, *reversed(ring)]
            if after in within and after not in before:
                before[after] = node
                waiting.append(after)
    return None
