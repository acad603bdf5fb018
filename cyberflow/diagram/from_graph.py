"""Builds diagrams from the graph: follows every ref, token and name that a chain hands on by itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from cyberflow.compiler.graph import AnyCaller, CallNode, ChainNode, Graph, PipelineStepNode, StepNode, WorkflowNode
from cyberflow.compiler.interface import Callee, FieldSet
from cyberflow.compiler.pipeline.file_refs import FileRef
from cyberflow.compiler.queries.value_types import ref_type
from cyberflow.compiler.refs import Ref
from cyberflow.compiler.scanned_text import RefUse, Value
from cyberflow.diagram.model import Diagram, DiagramEdge, DiagramNode
from cyberflow.language.pipelines import Wait
from cyberflow.language.prompt.paths import format_path
from cyberflow.schema.describe import describe


def build_diagram(graph: Graph, name: str) -> Diagram | None:
    """The picture of one chain, workflow or task; None when nothing has that name."""
    for caller in graph.callers:
        if caller.name == name:
            return _CallerDiagram(caller).build()
    if name in graph.workflows:
        return _workflow_diagram(graph.workflows[name])
    if name in graph.tasks:
        return _task_diagram(graph, name)
    return None


def build_project_diagram(graph: Graph) -> Diagram:
    """Which chains run which workflows; the edges name the steps."""
    nodes = [
        DiagramNode("chain", one.name, "middle", description=one.body.description or "")
        for one in graph.chains.values()
    ]
    nodes += [
        DiagramNode("pipeline", one.name, "middle", description=one.body.description or "")
        for one in graph.pipelines.values()
    ]
    nodes += [
        DiagramNode("task", one.name, "middle", one.body.workflow, description=one.body.description or "")
        for one in graph.tasks.values()
    ]
    nodes += [
        DiagramNode("workflow", one.name, "sink", description=one.body.description or "")
        for one in graph.workflows.values()
    ]
    edges: list[DiagramEdge] = []
    for chain in graph.chains.values():
        steps: dict[str, list[str]] = {}
        for step in chain.steps:
            if step.step.workflow in graph.workflows:
                steps.setdefault(step.step.workflow, []).append(step.id)
        edges += [
            DiagramEdge(f"chain:{chain.name}", f"workflow:{name}", "use", ", ".join(ids)) for name, ids in steps.items()
        ]
    kinds = {node.name: node.id for node in nodes}
    for pipeline in graph.pipelines.values():
        runs: dict[str, list[str]] = {}
        for one in pipeline.steps:
            if one.step.run in kinds:
                runs.setdefault(str(one.step.run), []).append(one.id)
        edges += [
            DiagramEdge(f"pipeline:{pipeline.name}", kinds[name], "use", ", ".join(ids)) for name, ids in runs.items()
        ]
    return Diagram("project", graph.project.name, "", tuple(nodes), tuple(edges))


@dataclass(frozen=True)
class _CallerDiagram:
    """One chain or pipeline on its way to a picture."""

    chain: AnyCaller

    def build(self) -> Diagram:
        chain = self.chain
        kind: Literal["chain", "pipeline"] = "chain" if isinstance(chain, ChainNode) else "pipeline"
        session = chain.body.session if isinstance(chain, ChainNode) else {}
        edges = list(dict.fromkeys(self._edges()))
        machine = dict.fromkeys(edge.source.partition(":")[2] for edge in edges if edge.source.startswith("machine:"))
        nodes = [
            *_declaration_nodes(chain.inputs, chain.secrets, ()),
            *(DiagramNode("machine", name, "source", "from the machine") for name in machine),
            *(DiagramNode("session", alias, "middle", name) for alias, name in session.items()),
            *(_step_node(step) for step in chain.steps),
            *(DiagramNode("output", name, "sink", self._value_type(value)) for name, value in chain.outputs.items()),
        ]
        there = {node.id for node in nodes}  # a project may want no finding of what is not
        edges = [edge for edge in edges if {edge.source, edge.target} <= there]
        return Diagram(kind, chain.name, chain.body.description or "", tuple(nodes), tuple(edges))

    def _edges(self) -> Iterator[DiagramEdge]:
        steps = self.chain.steps
        if isinstance(self.chain, ChainNode):
            for before, after in pairwise(steps):
                yield DiagramEdge(f"step:{before.id}", f"step:{after.id}", "order")
        for step in steps:
            if step.callee is not None:
                yield from self._argument_edges(step, step.callee)
            if isinstance(step, PipelineStepNode):
                yield from self._own_edges(step)
        for name, value in self.chain.outputs.items():
            yield from self._value_edges(value, f"output:{name}", name)

    def _own_edges(self, step: PipelineStepNode) -> Iterator[DiagramEdge]:
        """What the other keys of a step of a pipeline read, and what it comes after."""
        for key, value in step.others.items():
            yield from self._value_edges(value, f"step:{step.id}", key, step, key)
        for name, value in step.files.items():
            for use in value.refs:
                if isinstance(use.ref, FileRef):
                    yield DiagramEdge(f"step:{use.ref.step}", f"step:{step.id}", "value", use.ref.key, name, "file")
        for id in step.step.after:
            yield DiagramEdge(f"step:{id}", f"step:{step.id}", "order")

    def _argument_edges(self, step: CallNode, workflow: Callee) -> Iterator[DiagramEdge]:
        target = f"step:{step.id}"
        machine = {*workflow.from_machine, *self.chain.from_machine}
        for name in workflow.inputs.fields:
            if name in step.inputs:
                yield from self._value_edges(step.inputs[name], target, name, step)
            elif self.chain.inherits and name in self.chain.inputs:
                yield DiagramEdge(f"input:{name}", target, "value", input=name)
            elif name in machine:
                yield DiagramEdge(f"machine:{name}", target, "value", input=name)
        for name in workflow.secrets.fields:
            if name in step.secrets:
                yield from self._value_edges(step.secrets[name], target, name)
            elif self.chain.inherits and name in self.chain.secrets:
                yield DiagramEdge(f"secret:{name}", target, "secret", input=name)
            elif f"${name}" in machine:
                yield DiagramEdge(f"machine:${name}", target, "secret", input=name)

    def _value_edges(
        self, value: Value, target: str, name: str, step: CallNode | None = None, key: str = "inputs"
    ) -> Iterator[DiagramEdge]:
        for use in value.tokens:
            kind = use.token.kind
            if kind != "runtime" and use.token.path.root in self.chain.fields_of(kind):
                yield DiagramEdge(
                    f"{kind}:{use.token.path.root}", target, "secret" if kind == "secret" else "value", input=name
                )
        for ref in value.refs:
            if isinstance(ref.ref, Ref):
                source = "step" if self.chain.step(ref.ref.alias) else "session"
                path = format_path("", ref.ref.keys).removeprefix(".")
                yield DiagramEdge(
                    f"{source}:{ref.ref.alias}", target, "value", path, name, self._ref_type(ref, step, key)
                )

    def _ref_type(self, use: RefUse, step: CallNode | None, key: str) -> str:
        found = ref_type(self.chain, step, key, use.ref) if isinstance(use.ref, Ref) else None
        return describe(found.schema) if found is not None and found.schema != {} else "any"

    def _value_type(self, value: Value) -> str:
        whole = [use for use in value.refs if not use.keys]
        if whole:
            return self._ref_type(whole[0], None, "outputs")
        return "" if value.refs or value.tokens else describe({"const": value.data})


def _step_node(step: CallNode) -> DiagramNode:
    description = step.workflow.body.description if isinstance(step, StepNode) and step.workflow else None
    return DiagramNode("step", step.id, "middle", _step_text(step), step.index + 1, description or "")


def _step_text(step: CallNode) -> str:
    """What a step does: the name of what it runs or calls, or what it waits for; for each of what, and when."""
    if not isinstance(step, PipelineStepNode):
        return step.runs[0] if step.runs else ""
    wait = step.step.wait
    said = step.runs[0] if step.runs else f"wait {wait}" if isinstance(wait, str) else "wait until"
    if isinstance(wait, Wait) and wait.signal is not None:
        said = wait.signal
    said += f", each {step.item.name}" if step.item else ""
    return said + (", if" if step.condition else "")


def _workflow_diagram(workflow: WorkflowNode) -> Diagram:
    middle = DiagramNode("workflow", workflow.name, "middle", description=workflow.body.description or "")
    sources = list(_declaration_nodes(workflow.inputs, workflow.secrets, workflow.body.from_machine))
    sinks = [DiagramNode("output", one.name, "sink", describe(one.schema)) for one in workflow.outputs.fields.values()]
    edges = [
        *_source_edges(sources, middle),
        *(DiagramEdge(middle.id, sink.id, "value", sink.name, sink.name, sink.text) for sink in sinks),
    ]
    return Diagram("workflow", workflow.name, middle.description, (*sources, middle, *sinks), tuple(edges))


def _task_diagram(graph: Graph, name: str) -> Diagram:
    task = graph.tasks[name]
    middle = DiagramNode("task", name, "middle", task.body.workflow, description=task.body.description or "")
    sources = list(_declaration_nodes(task.inputs, task.secrets, ()))
    return Diagram("task", name, middle.description, (*sources, middle), tuple(_source_edges(sources, middle)))


def _source_edges(sources: Iterable[DiagramNode], middle: DiagramNode) -> Iterator[DiagramEdge]:
    for node in sources:
        secret = node.kind == "secret" or node.name.startswith("$")
        yield DiagramEdge(node.id, middle.id, "secret" if secret else "value", input=node.name.removeprefix("$"))


def _declaration_nodes(inputs: FieldSet, secrets: FieldSet, machine: Iterable[str]) -> Iterator[DiagramNode]:
    """Inputs, then secrets. What a machine supplies is its own kind; an optional name ends in `?`, in its text."""
    machine = set(machine)
    for one in inputs.fields.values():
        text = describe(one.schema) if one.required else f"{describe(one.schema)}, optional"
        kind = "machine" if one.name in machine else "input"
        yield (
            DiagramNode("machine", one.name, "source", f"{text}, from the machine")
            if kind == "machine"
            else DiagramNode("input", one.name, "source", text)
        )
    for one in secrets.fields.values():
        if f"${one.name}" in machine:
            yield DiagramNode("machine", f"${one.name}", "source", "from the machine")
        else:
            yield DiagramNode("secret", one.name, "source", "" if one.required else "optional")
