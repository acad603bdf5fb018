"""What a test runs, as far as its types are concerned: a chain, a workflow, a task or a pipeline, seen in one
way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from cyberflow.compiler.flow_tests.mocks import RUN_STATUSES, TASK_STATUSES, MockTarget
from cyberflow.compiler.flow_tests.step_names import find_by_name
from cyberflow.compiler.graph import AnyCaller, ChainNode, Graph, PipelineNode, TaskNode, WorkflowNode
from cyberflow.compiler.interface import Callee, Field
from cyberflow.compiler.queries.value_types import value_type
from cyberflow.language.prompt.strings import only_token, scan_string
from cyberflow.late import cached_property, dataclass
from cyberflow.schema.definitions import object_schema
from cyberflow.schema.normal_form import ObjectSchema
from cyberflow.schema.values import Schema

Node: TypeAlias = ChainNode | WorkflowNode | TaskNode | PipelineNode
_PIPELINE_STATUSES = (*RUN_STATUSES, *("completed", "failed", "skipped", "waiting", "stopped", "refused"))


@dataclass(frozen=True)
class Subject:
    """A declaration under test. `steps` are what each step runs; a workflow and a task are a step of their own."""

    node: Node
    graph: Graph

    @classmethod
    def find(cls, name: str, graph: Graph) -> Subject | None:
        found: tuple[Mapping[str, Node], ...] = (graph.chains, graph.workflows, graph.tasks, graph.pipelines)
        node = next((nodes[name] for nodes in found if name in nodes), None)
        return None if node is None else cls(node, graph)

    @property
    def name(self) -> str:
        return self.node.name

    @property
    def is_task(self) -> bool:
        return isinstance(self.node, TaskNode)

    @property
    def statuses(self) -> tuple[str, ...]:
        if isinstance(self.node, PipelineNode):
            return _PIPELINE_STATUSES
        return TASK_STATUSES if self.is_task else RUN_STATUSES

    @cached_property
    def steps(self) -> Mapping[str, Callee | None]:
        match self.node:
            case ChainNode() | PipelineNode():
                return {step.id: step.callee for step in self.node.steps}
            case WorkflowNode():
                return {self.name: self.node.callee}
        return {self.name: None}

    @cached_property
    def callees(self) -> tuple[Callee, ...]:
        """What its steps run, and what is run inside them."""
        return tuple(one for one in (*self.steps.values(), *self.inner_steps.values()) if one is not None)

    @property
    def is_readable(self) -> bool:
        """Whether all of its steps are known."""
        return not (isinstance(self.node, ChainNode | PipelineNode) and "steps" in self.node.definition.broken)

    @cached_property
    def machine_fields(self) -> Mapping[str, Field]:
        """What machines supply: inputs by name, secrets with a `$`."""
        chain = self.node.body.from_machine if isinstance(self.node, ChainNode) else ()
        found: dict[str, Field] = {}
        for one in (self.node, *self.callees):
            own = one.from_machine if isinstance(one, Callee) else ()
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
        named = {name: _mock_target(name, one.callee) for name, one in self.graph.workflows.items()}
        session = self.node.session if isinstance(self.node, ChainNode) else {}
        named |= {alias: _mock_target(alias, one.callee if one else None) for alias, one in session.items()}
        inner = {name: _mock_target(name.rpartition("/")[2], one) for name, one in self.inner_steps.items()}
        joined = [one for one in self.callees if one.kind in ("chain", "pipeline", "task")]
        runs = {one.name: _mock_target(one.name, one) for one in joined}
        bare = {name.rpartition("/")[2]: target for name, target in inner.items()}
        return {**runs, **named, **bare, **inner, **{id: _mock_target(id, one) for id, one in self.steps.items()}}

    @cached_property
    def inner_steps(self) -> Mapping[str, Callee | None]:
        """The steps of the chains and pipelines that the steps of a pipeline run, at any depth, as `OUTER/INNER`."""
        callers: Mapping[str, AnyCaller] = {**self.graph.chains, **self.graph.pipelines}
        found: dict[str, Callee | None] = {}
        todo = list(self.steps.items()) if isinstance(self.node, PipelineNode) else []
        while todo:
            outer, one = todo.pop()
            caller = callers.get(one.name) if one is not None and one.kind in ("chain", "pipeline") else None
            fresh = {f"{outer}/{step.id}": step for step in caller.steps} if caller is not None else {}
            todo += [(step.id, step.callee) for name, step in fresh.items() if name not in found]
            found |= {name: step.callee for name, step in fresh.items()}
        return found

    @cached_property
    def all_steps(self) -> Mapping[str, Callee | None]:
        """The steps by their ids, and those inside them as `OUTER/INNER`."""
        return {**self.inner_steps, **self.steps}

    @cached_property
    def outputs(self) -> Schema | None:
        """The type of its outputs; None where nothing is known of them."""
        match self.node:
            case WorkflowNode():
                return _outputs_of(self.node.callee)
            case ChainNode() | PipelineNode() if "outputs" not in self.node.definition.broken:
                return object_schema(dict(self._caller_outputs(self.node)))
        return None

    def _caller_outputs(self, caller: AnyCaller) -> Iterator[tuple[str, tuple[ObjectSchema, bool]]]:
        for name, value in caller.outputs.items():
            found = value_type(caller, None, "outputs", value)
            schema = found.schema if found is not None and isinstance(found.schema, dict) else {}
            yield name, (schema, found is not None and not found.optional)

    def has_step(self, id: str) -> bool:
        return find_by_name(id, dict.fromkeys(self.all_steps, True)) is not None

    def step_outputs(self, step: str) -> Schema | None:
        callee = find_by_name(step, self.all_steps)
        return None if callee is None or callee.kind in ("chain", "pipeline", "task") else _outputs_of(callee)

    def step_inputs(self, step: str) -> Schema | None:
        """What a step may get: what it runs takes, and in a chain, where a ref or a token gives it, what that gives."""
        callee = find_by_name(step, self.all_steps)
        if callee is None or not callee.inputs.known or callee.inputs.whole is not None:
            return None
        fields = {name: (field.schema, field.required) for name, field in callee.inputs.fields.items()}
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


def _mock_target(name: str, callee: Callee | None) -> MockTarget:
    if callee is None:
        return MockTarget(name)
    if callee.kind == "task":
        return MockTarget(callee.name, form="task")
    schema = _outputs_of(callee)
    if callee.kind in ("chain", "pipeline") and isinstance(schema, dict):  # of what it joins, a mock may say a part
        schema = {key: value for key, value in schema.items() if key != "required"}
    return MockTarget(callee.name, schema)


def _outputs_of(callee: Callee) -> Schema | None:
    return callee.outputs_schema if callee.outputs.known and not callee.outputs.is_empty else None
