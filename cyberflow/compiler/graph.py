"""The graph of a project: every declaration with its types, prompts, steps, refs and tokens, each with its place. Rules
ask the graph; they read no text of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Generic, TypeAlias, TypeVar

from cyberflow.compiler.interface import Callee, Field, FieldSet, NameKind
from cyberflow.compiler.queries.cycles import find_cycles
from cyberflow.compiler.refs import Ref
from cyberflow.compiler.scanned_text import ScannedText, Value
from cyberflow.language.model import Chain, Step, Task, Workflow
from cyberflow.language.pipelines import Pipeline, PipelineStep
from cyberflow.language.project.load import Definition, Project
from cyberflow.language.python.reading.document import CalledFunction
from cyberflow.late import cached_property, dataclass
from cyberflow.schema.definitions import array_schema
from cyberflow.schema.paths import FoundType
from cyberflow.source import Place

PYTHON_SUFFIX = ".py"
CONDITIONS = ("when", "unless")
D = TypeVar("D")
S = TypeVar("S", bound="CallNode")


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
    def callee(self) -> Callee:
        files = tuple(file.name for file in self.body.files if file.name is not None)
        fields = self.inputs, self.secrets, self.outputs
        machine = tuple(self.body.from_machine)
        return Callee("workflow", self.name, self.definition.place, *fields, machine, files, self.texts)


@dataclass(frozen=True)
class CallNode:
    """One step of a chain or pipeline; `callee` is None when nothing of that name is declared."""

    index: int
    id: str
    place: Place
    callee: Callee | None
    inputs: Mapping[str, Value]
    secrets: Mapping[str, Value]

    def at(self, *keys: str | int) -> Place:
        return self.place.at(*keys)

    @property
    def runs(self) -> tuple[str, Place] | None:
        """The name of what it runs, and where it stands; a wait runs nothing."""
        return None

    def values_of(self, kind: NameKind) -> Mapping[str, Value]:
        return self.inputs if kind == "input" else self.secrets

    @property
    def values(self) -> Iterator[tuple[str, Value]]:
        """Every value of the step, and the key that it stands under."""
        yield from (("inputs", value) for value in self.inputs.values())
        yield from (("secrets", value) for value in self.secrets.values())

    @property
    def needs(self) -> dict[str, None]:
        """The steps that must be over before this one starts."""
        return {use.ref.alias: None for value in self.inputs.values() for use in value.refs if isinstance(use.ref, Ref)}


@dataclass(frozen=True)
class StepNode(CallNode):
    """One step of a chain."""

    step: Step
    workflow: WorkflowNode | None

    @property
    def runs(self) -> tuple[str, Place] | None:
        return self.step.workflow, self.at("workflow")


@dataclass(frozen=True)
class PipelineStepNode(CallNode):
    """One step of a pipeline. `others` are the values of its other keys: `each`, `key`, `when`, `unless`, `until` and
    `signal`. `item` is what a token of its `each` stands for.
    """

    step: PipelineStep
    files: Mapping[str, Value]
    others: Mapping[str, Value]
    item: Field | None

    @property
    def runs(self) -> tuple[str, Place] | None:
        written = {"run": self.step.run, "call": self.step.call}
        return next(((name, self.at(key)) for key, name in written.items() if name is not None), None)

    @property
    def values(self) -> Iterator[tuple[str, Value]]:
        yield from super().values
        yield from (("files", value) for value in self.files.values())
        yield from self.others.items()

    @property
    def needs(self) -> dict[str, None]:
        refs = (use.ref for _, value in self.values for use in value.refs if not isinstance(use.ref, str))
        return {ref.alias if isinstance(ref, Ref) else ref.step: None for ref in refs} | dict.fromkeys(self.step.after)

    @cached_property
    def condition(self) -> str | None:
        """The condition of the step as a whole, alike for those that stand under the same one."""
        given = (self.step.when, self.step.unless)
        return None if given == (None, None) or self.asks_items else repr(given)

    @cached_property
    def asks_items(self) -> bool:
        """Whether its condition looks at the item, so that single items are left out."""
        asked = (use.token.path.root for key in CONDITIONS if key in self.others for use in self.others[key].tokens)
        return self.item is not None and self.item.name in asked


@dataclass(frozen=True)
class CallerNode(DeclarationNode[D], Generic[D, S]):
    """What joins steps: a chain or a pipeline."""

    steps: tuple[S, ...]
    outputs: Mapping[str, Value]

    @property
    def in_python(self) -> bool:
        return self.definition.place.path.endswith(PYTHON_SUFFIX)

    @property
    def inherits(self) -> bool:
        """Whether a step gets the inputs and secrets of the names that it takes; a call in Python does not."""
        return not self.in_python

    def producer(self, alias: str) -> Callee | None:
        """What an alias names the outputs of, if it is known."""
        step = self.step(alias)
        return step.callee if step else None

    @property
    def from_machine(self) -> tuple[str, ...]:
        return ()

    def inputs_at(self, _step: CallNode | None, _key: str) -> FieldSet:
        """The inputs that a token may name which stands under a key of a step."""
        return self.inputs

    def view_from(self, _reader: CallNode | None, _key: str, _alias: str, found: FoundType) -> FoundType:
        """What a ref brings that stands under `_key` of `_reader`, when the step it reads gives `found`."""
        return found

    def step(self, alias: str) -> S | None:
        return self._by_id.get(alias)

    @cached_property
    def _by_id(self) -> Mapping[str, S]:
        return {step.id: step for step in reversed(self.steps)}

    @cached_property
    def cycles(self) -> list[list[str]]:
        """The rings of steps that wait for each other, each once, from its earliest step back to it."""
        edges: dict[str, dict[str, None]] = {step.id: {} for step in self.steps}
        forward = False
        for step in self.steps:
            edges[step.id] |= step.needs
            forward |= any((target := self.step(id)) and target.index >= step.index for id in step.needs)
        return find_cycles(edges) if forward else []

    @cached_property
    def values(self) -> tuple[tuple[S | None, str, Value], ...]:
        """Every value with the step it belongs to and the key it stands under."""
        found: list[tuple[S | None, str, Value]] = [
            (step, where, value) for step in self.steps for where, value in step.values
        ]
        return (*found, *((None, "outputs", value) for value in self.outputs.values()))

    @cached_property
    def texts(self) -> tuple[ScannedText, ...]:
        return tuple(text for _, _, value in self.values for text in value.texts)


@dataclass(frozen=True)
class ChainNode(CallerNode[Chain, StepNode]):
    """A chain with its steps, the aliases of the session it joins, and its outputs."""

    session: Mapping[str, WorkflowNode | None]
    files: tuple[Value, ...]

    @property
    def from_machine(self) -> tuple[str, ...]:
        return tuple(self.body.from_machine)

    def producer(self, alias: str) -> Callee | None:
        workflow = step.workflow if (step := self.step(alias)) else self.session.get(alias)
        return workflow.callee if workflow else None

    @cached_property
    def values(self) -> tuple[tuple[StepNode | None, str, Value], ...]:
        return (*super().values, *((None, "files", value) for value in self.files))


@dataclass(frozen=True)
class PipelineNode(CallerNode[Pipeline, PipelineStepNode]):
    """A pipeline with its steps and outputs."""

    def inputs_at(self, step: CallNode | None, key: str) -> FieldSet:
        if not isinstance(step, PipelineStepNode) or step.item is None or key == "each":
            return self.inputs
        return FieldSet({**self.inputs.fields, step.item.name: step.item}, self.inputs.known)

    def view_from(self, reader: CallNode | None, key: str, alias: str, found: FoundType) -> FoundType:
        if (producer := self.step(alias)) is None:
            return found
        forgiven, optional, schema = producer.step.on_failure == "continue", found.optional, found.schema
        if producer.item is not None:
            schema, optional = array_schema(schema, nullable=optional or forgiven or producer.asks_items), False
        elif forgiven:
            optional = True
        if producer.condition is not None:
            under = reader.condition if isinstance(reader, PipelineStepNode) and key not in CONDITIONS else None
            optional |= under != producer.condition
        return FoundType(schema, optional)


AnyCaller: TypeAlias = ChainNode | PipelineNode


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
    pipelines: Mapping[str, PipelineNode] = field(default_factory=dict)
    functions: Mapping[str, CalledFunction] = field(default_factory=dict)

    @property
    def callers(self) -> list[AnyCaller]:
        """Everything that joins steps."""
        return [*self.chains.values(), *self.pipelines.values()]
