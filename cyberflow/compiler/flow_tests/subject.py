"""What a test runs, as far as its types are concerned: a chain, a workflow or a task, seen in one way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from cyberflow.compiler.flow_tests.mocks import RUN_STATUSES, TASK_STATUSES, MockTarget
from cyberflow.compiler.graph import ChainNode, Graph, TaskNode, WorkflowNode
from cyberflow.compiler.interface import Field
from cyberflow.compiler.queries.value_types import value_type
from cyberflow.language.prompt.strings import only_token, scan_string
from cyberflow.schema.definitions import object_schema
from cyberflow.schema.normal_form import ObjectSchema
from cyberflow.schema.values import Schema

Node: TypeAlias = ChainNode | WorkflowNode | TaskNode


@dataclass(frozen=True)
class Subject:
    """A declaration under test. `steps` are the workflows by step; a workflow and a task are a step of their own."""

    node: Node
    graph: Graph

    @classmethod
    def find(cls, name: str, graph: Graph) -> Subject | None:
        node = graph.chains.get(name) or graph.workflows.get(name) or graph.tasks.get(name)
        return None if node is None else cls(node, graph)

    @property
    def name(self) -> str:
        return self.node.name

    @property
    def is_task(self) -> bool:
        return isinstance(self.node, TaskNode)

    @property
    def statuses(self) -> tuple[str, ...]:
        return TASK_STATUSES if self.is_task else RUN_STATUSES

    @cached_property
    def steps(self) -> Mapping[str, WorkflowNode | None]:
        match self.node:
            case ChainNode():
                return {step.id: step.workflow for step in self.node.steps}
            case WorkflowNode():
                return {self.name: self.node}
        return {self.name: None}

    @cached_property
    def workflows(self) -> tuple[WorkflowNode, ...]:
        return tuple(one for one in self.steps.values() if one is not None)

    @property
    def is_readable(self) -> bool:
        """Whether all of its steps are known."""
        return not (isinstance(self.node, ChainNode) and "steps" in self.node.definition.broken)

    @cached_property
    def machine_fields(self) -> Mapping[str, Field]:
        """What machines supply: inputs by name, secrets with a `$`."""
        chain = self.node.body.from_machine if isinstance(self.node, ChainNode) else ()
        found: dict[str, Field] = {}
        for one in (self.node, *self.workflows):
            own = one.body.from_machine if isinstance(one, WorkflowNode) else ()
            named = {**one.inputs.fields, **{f"${name}": field for name, field in one.secrets.fields.items()}}
            found |= {name: named[name] for name in (*own, *chain) if name in named and name not in found}
        return found

    @cached_property
    def files(self) -> tuple[str, ...]:
        """The names of the files that are given at run time."""
        body = self.node.body
        if isinstance(self.node, TaskNode):
            tokens = [only_token(scan_string(written)) for written in self.node.body.files.values()]
            return tuple(token.path.root for token in tokens if token is not None and not token.path.keys)
        return tuple(file.name for file in getattr(body, "files", ()) if file.name is not None)

    @cached_property
    def mock_targets(self) -> Mapping[str, MockTarget]:
        """What a mock may be for: steps, then workflows."""
        if isinstance(self.node, TaskNode):
            slug = self.node.body.workflow
            return {name: MockTarget(self.name, form="task") for name in (slug.partition("@")[0], slug, self.name)}
        named = {name: _mock_target(name, one) for name, one in self.graph.workflows.items()}
        session = self.node.session if isinstance(self.node, ChainNode) else {}
        return {**named, **{id: _mock_target(id, one) for id, one in (*session.items(), *self.steps.items())}}

    @cached_property
    def outputs(self) -> Schema | None:
        """The type of its outputs; None where nothing is known of them."""
        match self.node:
            case WorkflowNode():
                return _outputs_of(self.node)
            case ChainNode() if "outputs" not in self.node.definition.broken:
                return object_schema(dict(self._chain_outputs(self.node)))
        return None

    def _chain_outputs(self, chain: ChainNode) -> Iterator[tuple[str, tuple[ObjectSchema, bool]]]:
        for name, value in chain.outputs.items():
            found = value_type(chain, None, "outputs", value)
            schema = found.schema if found is not None and isinstance(found.schema, dict) else {}
            yield name, (schema, found is not None and not found.optional)

    def step_outputs(self, step: str) -> Schema | None:
        workflow = self.steps.get(step)
        return None if workflow is None else _outputs_of(workflow)

    def step_inputs(self, step: str) -> Schema | None:
        """What a step may get: what its workflow takes, and where a ref or a token gives it, what that gives."""
        workflow = self.steps.get(step)
        if workflow is None or not workflow.inputs.known or workflow.inputs.whole is not None:
            return None
        fields = {name: (field.schema, field.required) for name, field in workflow.inputs.fields.items()}
        if isinstance(self.node, ChainNode):
            fields |= {name: found for name, found in _ref_types(self.node, step) if name in fields}
        return object_schema(fields)


def _ref_types(chain: ChainNode, id: str) -> Iterator[tuple[str, tuple[ObjectSchema, bool]]]:
    """The types of a step's inputs that are a ref or a token and nothing else."""
    step = chain.step(id)
    for name, value in step.inputs.items() if step else ():
        if value.sole_token is not None or [use.keys for use in value.refs] == [()]:
            found = value_type(chain, step, "inputs", value)
            if found is not None and isinstance(found.schema, dict):
                yield name, (found.schema, not found.optional)


def _mock_target(name: str, workflow: WorkflowNode | None) -> MockTarget:
    return MockTarget(name) if workflow is None else MockTarget(workflow.name, _outputs_of(workflow))


def _outputs_of(workflow: WorkflowNode) -> Schema | None:
    known = workflow.outputs.known and not workflow.outputs.is_empty
    return workflow.callee.outputs_schema if known else None
