"""Builds the graph of a project: reads every type and every text in which tokens count. What is wrong with a type is
found here; what is wrong with a use is left to the rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from cyberflow.compiler.assets import AssetCollector
from cyberflow.compiler.bundle import GIVEN_FILE
from cyberflow.compiler.graph import ChainNode, Graph, StepNode, TaskNode, WorkflowNode
from cyberflow.compiler.interface import Callee, FieldSet
from cyberflow.compiler.pipeline.build import PipelineBuilder, chain_callee, task_callee
from cyberflow.compiler.refs import is_ref, walk_leaves
from cyberflow.compiler.scanned_text import ScannedText, TokenUse, Value, ref_at
from cyberflow.compiler.type_notation import TypeReader
from cyberflow.diagnostics import Diagnostic
from cyberflow.language.characters import CONTROL
from cyberflow.language.model import Chain, Step, Task, Workflow
from cyberflow.language.project.load import Definition, Project
from cyberflow.language.prompt.scanner import scan
from cyberflow.language.prompt.strings import only_token, scan_field, scan_string
from cyberflow.language.prompt.tokens import Format, ScannedPrompt
from cyberflow.language.python.reading.document import CalledFunction, PythonDocument
from cyberflow.late import dataclass
from cyberflow.source import Place

if TYPE_CHECKING:
    from cyberflow.language.prompt.render import RenderedPrompt

CHECK_TEXTS = ("description", "file_names", "file_name_regex", "loop_item_filename_template")
"""The keys of a check that are texts, or lists of them, in which tokens count."""


@dataclass
class GraphBuilder:
    """Builds the graph of one project; `problems` are the findings about its types."""

    project: Project
    assets: AssetCollector = field(init=False)
    type_reader: TypeReader = field(init=False)
    _missing: list[Diagnostic] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.assets = AssetCollector(self.project.files)
        self.type_reader = TypeReader(self.project.types, self.project.files)

    @property
    def problems(self) -> list[Diagnostic]:
        return [*self.type_reader.problems, *self._missing]

    def build(self) -> Graph:
        for name, definition in self.project.types.items():
            self.type_reader.read_named_type(name, definition)
        workflows = {name: self._workflow(one) for name, one in self.project.workflows.items()}
        twice = {one.place.route for one in self.project.problems if one.rule == "duplicate-name"}
        sure = {name: one for name, one in workflows.items() if ("workflows", name) not in twice}
        chains = {name: self._chain(one, sure) for name, one in self.project.chains.items()}
        for workflow in self.project.workflows.values():
            self._add_files(workflow)
        for chain in self.project.chains.values():
            self._add_files(chain)
        tasks = {name: self._task(one) for name, one in self.project.tasks.items()}
        callees = {name: one.callee for name, one in sure.items()}
        callees |= {name: chain_callee(one) for name, one in chains.items()}
        callees |= {name: task_callee(one) for name, one in tasks.items()}
        documents = [one for one in self.project.files.documents.values() if isinstance(one, PythonDocument)]
        functions = {name: one for document in documents for name, one in document.called.items()}
        callable_ = {name: self._function(one) for name, one in functions.items()}
        pipelines = PipelineBuilder(self, callees, callable_).build(self.project.pipelines)
        return Graph(self.project, workflows, chains, tasks, pipelines, functions)

    def _function(self, one: CalledFunction) -> Callee:
        if one.problems:
            unknown = FieldSet(known=False)
            return Callee("call", one.name, one.place, unknown, outputs=unknown)
        inputs = self.read_types(one.inputs, one.place.at("inputs"))
        outputs = self.read_types(one.outputs, one.place.at("outputs"))
        return Callee("call", one.name, one.place, inputs, outputs=outputs, takes_key=one.takes_key)

    def read_types(self, notation: Mapping[str, Any], place: Place) -> FieldSet:
        """The types of names at a place."""
        return self.type_reader.read_fields(notation, place)

    def _task(self, definition: Definition[Task]) -> TaskNode:
        body = definition.body
        inputs, secrets = self.read_fields(definition, "inputs"), self.read_fields(definition, "secrets")
        values = {
            key: self.read_value(value, definition.at("parameters", key)) for key, value in body.parameters.items()
        }
        files = {key: self.add_file(name, definition.at("files", key)) for key, name in body.files.items()}
        return TaskNode(definition, inputs, secrets, values, files)

    def add_file(self, written: str, place: Place) -> str:
        """A file of the project, or `<name>` for one that is given at run time."""
        if (token := only_token(scan_string(written))) is not None and not token.path.keys:
            return GIVEN_FILE + token.path.root
        found = self.assets.add_file(written, place)
        if isinstance(found, Diagnostic):
            self._missing.append(found)
            return ""
        return found

    def report(self, problem: Diagnostic) -> None:
        self._missing.append(problem)

    def _add_files(self, definition: Definition[Any]) -> None:
        for index, file in enumerate(definition.body.files):
            if file.path is not None and not CONTROL.search(file.path):
                found = self.assets.add_file(file.path, definition.at("files", index, "path"))
                if isinstance(found, Diagnostic):
                    self._missing.append(found)

    def read_fields(self, definition: Definition[Any], key: str) -> FieldSet:
        """The `inputs`, `outputs` or `secrets` of a declaration."""
        if key in definition.broken:
            return FieldSet(known=False)
        notation = getattr(definition.body, key)
        read = self.type_reader.read_secrets if key == "secrets" else self.type_reader.read_fields
        return read(notation, definition.at(key))

    def _workflow(self, definition: Definition[Workflow]) -> WorkflowNode:
        inputs, secrets, outputs = (self.read_fields(definition, key) for key in ("inputs", "secrets", "outputs"))
        texts = tuple(self._scan_texts(definition, inputs))
        return WorkflowNode(definition, inputs, secrets, outputs, texts)

    def _scan_texts(self, definition: Definition[Workflow], inputs: FieldSet) -> Iterator[ScannedText]:
        body = definition.body
        for kind, place in _prompt_places(definition):
            prompt = self.project.prompt(place)
            if prompt is not None:
                read = _scan(prompt.text.value, prompt.format, frozenset(inputs.fields))
                rendering = partial(_render, read, prompt.format, image=partial(self.assets.add_image, prompt.text))
                yield ScannedText(kind, place, prompt.text, read, prompt.format, rendering)
        for index, command in enumerate(body.terminal or ()):
            yield self._scan_text("terminal", command, definition.at("terminal", index))
        if body.title is not None:
            yield self._scan_text("title", body.title, definition.at("title"))
        for index, check in enumerate(body.checks or ()):
            for key in CHECK_TEXTS:
                value = getattr(check, key)
                for below, item in _texts_of_check(value):
                    yield self._scan_text("check", item, definition.at("checks", index, key, *below))
        for index, file in enumerate(body.files):
            if file.target is not None:
                place = definition.at("files", index, "target")
                yield ScannedText("file", place, self.project.text(file.target, place), scan_string(file.target))

    def _scan_text(self, kind: str, value: str, place: Place) -> ScannedText:
        return ScannedText(kind, place, self.project.text(value, place), scan_field(value))

    def _chain(self, definition: Definition[Chain], workflows: Mapping[str, WorkflowNode]) -> ChainNode:
        body = definition.body
        inputs, secrets = self.read_fields(definition, "inputs"), self.read_fields(definition, "secrets")
        steps = tuple(
            self._step(index, step, definition.at("steps", index), workflows) for index, step in enumerate(body.steps)
        )
        session = {alias: workflows.get(name) for alias, name in body.session.items()}
        outputs = {key: self.read_value(value, definition.at("outputs", key)) for key, value in body.outputs.items()}
        files = tuple(
            self.read_value(file.target, definition.at("files", index, "target"))
            for index, file in enumerate(body.files)
            if file.target is not None
        )
        return ChainNode(definition, inputs, secrets, steps, outputs, session, files)

    def _step(self, index: int, step: Step, place: Place, workflows: Mapping[str, WorkflowNode]) -> StepNode:
        inputs = {name: self.read_value(value, place.at("inputs", name)) for name, value in step.inputs.items()}
        secrets = {name: self.read_value(value, place.at("secrets", name)) for name, value in step.secrets.items()}
        workflow = workflows.get(step.workflow)
        callee = workflow.callee if workflow else None
        return StepNode(index, step.id, place, callee, inputs, secrets, step, workflow)

    def read_value(self, data: Any, place: Place) -> Value:
        """A value as written at a place, with the refs and tokens in it."""
        refs, tokens, texts = [], [], []
        for keys, part in walk_leaves(data):
            at = place.at(*keys)
            if is_ref(part):
                refs.append(ref_at(part, at, keys))
            if not isinstance(part, str):
                continue
            text = ScannedText("value", at, self.project.text(part, at), scan_string(part))
            texts.append(text)
            for token in text.scan.tokens:
                whole = (token.start, token.end) == (0, len(part))
                tokens.append(TokenUse(token, text.place_of(token.start, token.end), whole, keys))
        return Value(data, place, tuple(refs), tuple(tokens), tuple(texts))


@lru_cache(maxsize=8192)
def _scan(text: str, format: Format, inputs: frozenset[str]) -> ScannedPrompt:
    """A prompt is scanned once, however often what is around it changes."""
    return scan(text, format=format, inputs=inputs)


def _render(*args: Any, **options: Any) -> RenderedPrompt:
    from cyberflow.language.prompt.render import render

    return render(*args, **options)


def _prompt_places(definition: Definition[Workflow]) -> Iterator[tuple[str, Place]]:
    yield "prompt", definition.at("prompt")
    yield "on_check_failure", definition.at("on_check_failure")
    for index, _ in enumerate(definition.body.checks or ()):
        yield "check_prompt", definition.at("checks", index, "check_prompt")


def _texts_of_check(value: Any) -> Iterator[tuple[tuple[int, ...], str]]:
    if isinstance(value, str):
        yield (), value
    elif isinstance(value, list):
        yield from (((index,), item) for index, item in enumerate(value) if isinstance(item, str))
