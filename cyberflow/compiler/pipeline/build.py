"""Pipelines of a project to nodes of its graph, each after those that it runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Any, Protocol

from cyberflow.compiler.bundle import GIVEN_FILE
from cyberflow.compiler.graph import AnyCaller, ChainNode, PipelineNode, PipelineStepNode, TaskNode
from cyberflow.compiler.interface import NO_FIELDS, Callee, Field, FieldSet
from cyberflow.compiler.pipeline.file_refs import read_file_ref
from cyberflow.compiler.queries.value_types import item_type, output_fields, value_type
from cyberflow.compiler.refs import is_ref
from cyberflow.compiler.scanned_text import RefUse, Value
from cyberflow.diagnostics import Diagnostic
from cyberflow.language.pipelines import Pipeline, PipelineStep, Wait
from cyberflow.language.project.load import Definition
from cyberflow.language.project.naming import duplicate_name
from cyberflow.language.prompt.strings import only_token, scan_string
from cyberflow.late import dataclass
from cyberflow.source import Place


class Readers(Protocol):
    """What the builder of the whole graph reads for a pipeline."""

    def read_fields(self, definition: Definition[Any], key: str) -> FieldSet: ...
    def read_types(self, notation: Mapping[str, Any], place: Place) -> FieldSet: ...
    def read_value(self, data: Any, place: Place) -> Value: ...
    def add_file(self, written: str, place: Place) -> str: ...
    def report(self, problem: Diagnostic) -> None: ...


@dataclass
class PipelineBuilder:
    """Builds the pipelines of one project; `callees` are the declarations that a step can run, by name."""

    readers: Readers
    callees: dict[str, Callee]
    functions: Mapping[str, Callee]
    built: dict[str, PipelineNode] = field(default_factory=dict)

    def build(self, declared: Mapping[str, Definition[Pipeline]]) -> dict[str, PipelineNode]:
        """Build all; one that runs itself, however far around, gives nothing that is known."""
        waiting = dict(declared)
        while waiting:
            ready = [name for name, one in waiting.items() if not names_run(one) & waiting.keys()]
            if not ready:
                unknown = FieldSet(known=False)
                self.callees |= {
                    name: Callee("pipeline", name, one.place, unknown, unknown, unknown)
                    for name, one in waiting.items()
                }
            for name in ready or list(waiting):
                node = self._pipeline(waiting.pop(name))
                self.built[name] = node
                self.callees[name] = pipeline_callee(node)
        return {name: self.built[name] for name in declared}

    def _pipeline(self, definition: Definition[Pipeline]) -> PipelineNode:
        body, read = definition.body, self.readers
        fields = read.read_fields(definition, "inputs"), read.read_fields(definition, "secrets")
        node = PipelineNode(definition, *fields, (), {})
        for index, step in enumerate(body.steps):
            made = self._step(node, index, step, definition.at("steps", index))
            node = PipelineNode(definition, *fields, (*node.steps, made), {})
        outputs = {key: read.read_value(value, definition.at("outputs", key)) for key, value in body.outputs.items()}
        return PipelineNode(definition, *fields, node.steps, outputs)

    def _step(self, before: PipelineNode, index: int, step: PipelineStep, place: Place) -> PipelineStepNode:
        value = self.readers.read_value
        inputs = {name: value(one, place.at("inputs", name)) for name, one in step.inputs.items()}
        secrets = {name: value(one, place.at("secrets", name)) for name, one in step.secrets.items()}
        files = {name: self._file(one, place.at("files", name)) for name, one in step.files.items()}
        others = {key: value(one, place.at(*keys)) for key, keys, one in _other_values(step)}
        item = None
        was_left_out = not step.each and f"steps[{index}]" in before.definition.broken
        if step.each is not None and len(step.each) != 1 and not was_left_out:
            message, help = "`each` gives one name to one list", "write `each: {NAME: {$ref: STEP.outputs.LIST}}`"
            self.readers.report(Diagnostic("wrong-type", message, place.at("each"), help=help))
        for name in list(step.each or ())[:1]:
            if name in before.inputs:
                first, help = before.inputs.fields[name].place.at_key(), "give the item another name"
                at = place.at("each", name).at_key()
                self.readers.report(duplicate_name(name, at, first, "an input of the pipeline", help))
            schema = item_type(value_type(before, None, "each", others["each"]))
            item = Field(name, schema if isinstance(schema, dict) else {}, required=True, place=place.at("each", name))
        callee = self._callee(step, place)
        return PipelineStepNode(index, step.id, place, callee, inputs, secrets, step, files, others, item)

    def _callee(self, step: PipelineStep, place: Place) -> Callee | None:
        if step.wait is not None:
            outputs = NO_FIELDS
            if isinstance(step.wait, Wait):
                outputs = self.readers.read_types(step.wait.outputs, place.at("wait", "outputs"))
            return Callee("wait", step.id, place.at("wait"), outputs=outputs)
        return self.functions.get(str(step.call)) if step.call is not None else self.callees.get(str(step.run))

    def _file(self, data: Any, place: Place) -> Value:
        if is_ref(data):
            at = place.at("$ref") if len(data) == 1 else place
            return Value(data, place, (RefUse(at, data["$ref"], read_file_ref(data)),))
        if isinstance(data, str) and file_argument(data) is None:
            self.readers.add_file(data, place)
        return Value(data, place)


def file_argument(written: Any) -> str | None:
    """The name of a file that is given at run time: `<name>`."""
    token = only_token(scan_string(written)) if isinstance(written, str) else None
    return token.path.root if token is not None and not token.path.keys and token.kind == "input" else None


def file_arguments(step: PipelineStepNode) -> dict[str, str]:
    """The files of a step that are given when the pipeline is run, with the names that they have there."""
    found = {name: given for name, value in step.files.items() if (given := file_argument(value.data))}
    if step.callee is not None:
        found |= {name: name for name in step.callee.files if name not in step.files}
    return found


def caller_callee(caller: AnyCaller) -> Callee:
    """A chain or pipeline as a step sees it."""
    return chain_callee(caller) if isinstance(caller, ChainNode) else pipeline_callee(caller)


def chain_callee(chain: ChainNode) -> Callee:
    """A chain as a step of a pipeline sees it."""
    files = tuple(file.name for file in chain.body.files if file.name is not None)
    fields = chain.inputs, chain.secrets, output_fields(chain)
    return Callee("chain", chain.name, chain.definition.place, *fields, tuple(chain.body.from_machine), files)


def pipeline_callee(node: PipelineNode) -> Callee:
    """A pipeline as a step of another sees it."""
    files = dict.fromkeys(name for step in node.steps for name in file_arguments(step).values())
    outputs = output_fields(node)
    return Callee("pipeline", node.name, node.definition.place, node.inputs, node.secrets, outputs, (), (*files,))


def task_callee(task: TaskNode) -> Callee:
    """A task as a step of a pipeline sees it."""
    files = [one.removeprefix(GIVEN_FILE) for one in task.files.values() if one.startswith(GIVEN_FILE)]
    place = task.definition.place
    return Callee("task", task.name, place, task.inputs, task.secrets, files=tuple(dict.fromkeys(files)))


def names_run(definition: Definition[Pipeline]) -> set[str]:
    """What the steps of a pipeline run."""
    return {step.run for step in definition.body.steps if step.run is not None}


def _other_values(step: PipelineStep) -> Iterable[tuple[str, tuple[str, ...], Any]]:
    for name, items in list((step.each or {}).items())[:1]:
        yield "each", ("each", name), items
    for key in ("key", "when", "unless"):
        if (value := getattr(step, key)) is not None:
            yield key, (key,), value
    for key in ("until", "signal") if isinstance(step.wait, Wait) else ():
        if (value := getattr(step.wait, key)) is not None:
            yield key, ("wait", key), value
