"""Graph to picture: follows every ref, token and name that a chain hands on by itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from cyberflow.compiler.graph import ChainNode, Graph, RefUse, StepNode, Value, WorkflowNode
from cyberflow.compiler.interface import Shape
from cyberflow.compiler.refs import Ref
from cyberflow.diagram.model import Edge, Node, Picture
from cyberflow.schema.describe import describe
from cyberflow.schema.paths import Found, lookup


def trace(graph: Graph, name: str) -> Picture | None:
    """The picture of one chain, workflow or task; None when nothing has that name."""
    if name in graph.chains:
        return _Chain(graph.chains[name]).picture()
    if name in graph.workflows:
        return _workflow(graph.workflows[name])
    if name in graph.tasks:
        return _task(graph, name)
    return None


def trace_project(graph: Graph) -> Picture:
    """Which chains run which workflows; the edges name the steps."""
    nodes = [Node("chain", one.name, "middle", description=one.body.description or "") for one in graph.chains.values()]
    nodes += [
        Node("task", one.name, "middle", one.body.workflow, description=one.body.description or "")
        for one in graph.tasks.values()
    ]
    nodes += [
        Node("workflow", one.name, "sink", description=one.body.description or "") for one in graph.workflows.values()
    ]
    edges: list[Edge] = []
    for chain in graph.chains.values():
        steps: dict[str, list[str]] = {}
        for step in chain.steps:
            steps.setdefault(step.step.workflow, []).append(step.id)
        edges += [Edge(f"chain:{chain.name}", f"workflow:{name}", "use", ", ".join(ids)) for name, ids in steps.items()]
    return Picture("project", graph.project.name, "", tuple(nodes), tuple(edges))


@dataclass(frozen=True)
class _Chain:
    """One chain on its way to a picture."""

    chain: ChainNode

    def picture(self) -> Picture:
        chain = self.chain
        edges = list(dict.fromkeys(self._edges()))
        machine = dict.fromkeys(edge.source.partition(":")[2] for edge in edges if edge.source.startswith("machine:"))
        nodes = [
            *_declared(chain.inputs, chain.secrets, ()),
            *(Node("machine", name, "source", "from the machine") for name in machine),
            *(Node("session", alias, "middle", name) for alias, name in chain.body.session.items()),
            *(_step(step) for step in chain.steps),
            *(Node("output", name, "sink", self._type(value)) for name, value in chain.outputs.items()),
        ]
        return Picture("chain", chain.name, chain.body.description or "", tuple(nodes), tuple(edges))

    def _edges(self) -> Iterator[Edge]:
        steps = self.chain.steps
        for before, after in pairwise(steps):
            yield Edge(f"step:{before.id}", f"step:{after.id}", "order")
        for step in steps:
            if step.workflow is not None:
                yield from self._handed_on(step, step.workflow)
        for name, value in self.chain.outputs.items():
            yield from self._value(value, f"output:{name}", name)

    def _handed_on(self, step: StepNode, workflow: WorkflowNode) -> Iterator[Edge]:
        target = f"step:{step.id}"
        machine = {*workflow.body.from_machine, *self.chain.body.from_machine}
        for name in workflow.inputs.fields:
            if name in step.inputs:
                yield from self._value(step.inputs[name], target, name)
            elif self.chain.inherits and name in self.chain.inputs:
                yield Edge(f"input:{name}", target, "value", input=name)
            elif name in machine:
                yield Edge(f"machine:{name}", target, "value", input=name)
        for name in workflow.secrets.fields:
            if name in step.secrets:
                yield from self._value(step.secrets[name], target, name)
            elif self.chain.inherits and name in self.chain.secrets:
                yield Edge(f"secret:{name}", target, "secret", input=name)
            elif f"${name}" in machine:
                yield Edge(f"machine:${name}", target, "secret", input=name)

    def _value(self, value: Value, target: str, name: str) -> Iterator[Edge]:
        for use in value.tokens:
            kind = use.token.kind
            if kind != "runtime":
                yield Edge(
                    f"{kind}:{use.token.path.root}", target, "secret" if kind == "secret" else "value", input=name
                )
        for ref in value.refs:
            if isinstance(ref.ref, Ref):
                source = "step" if self.chain.step(ref.ref.alias) else "session"
                path = str(ref.ref).partition(".outputs")[2].lstrip(".")
                yield Edge(f"{source}:{ref.ref.alias}", target, "value", path, name, self._ref_type(ref))

    def _ref_type(self, use: RefUse) -> str:
        producer = self.chain.producer(use.ref.alias) if isinstance(use.ref, Ref) else None
        if producer is None or not isinstance(use.ref, Ref):
            return "any"
        found = lookup(producer.outputs_schema, use.ref.keys)
        return describe(found.schema) if isinstance(found, Found) else "any"

    def _type(self, value: Value) -> str:
        whole = [use for use in value.refs if not use.keys]
        if whole:
            return self._ref_type(whole[0])
        return "" if value.refs or value.tokens else describe({"const": value.data})


def _step(step: StepNode) -> Node:
    description = step.workflow.body.description if step.workflow else None
    return Node("step", step.id, "middle", step.step.workflow, step.index + 1, description or "")


def _workflow(workflow: WorkflowNode) -> Picture:
    middle = Node("workflow", workflow.name, "middle", description=workflow.body.description or "")
    sources = list(_declared(workflow.inputs, workflow.secrets, workflow.body.from_machine))
    sinks = [Node("output", one.name, "sink", describe(one.schema)) for one in workflow.outputs.fields.values()]
    edges = [
        *_into(sources, middle),
        *(Edge(middle.id, sink.id, "value", sink.name, sink.name, sink.text) for sink in sinks),
    ]
    return Picture("workflow", workflow.name, middle.description, (*sources, middle, *sinks), tuple(edges))


def _task(graph: Graph, name: str) -> Picture:
    task = graph.tasks[name]
    middle = Node("task", name, "middle", task.body.workflow, description=task.body.description or "")
    sources = list(_declared(task.inputs, task.secrets, ()))
    return Picture("task", name, middle.description, (*sources, middle), tuple(_into(sources, middle)))


def _into(sources: Iterable[Node], middle: Node) -> Iterator[Edge]:
    for node in sources:
        secret = node.kind == "secret" or node.name.startswith("$")
        yield Edge(node.id, middle.id, "secret" if secret else "value", input=node.name.removeprefix("$"))


def _declared(inputs: Shape, secrets: Shape, machine: Iterable[str]) -> Iterator[Node]:
    """Inputs, then secrets. What a machine supplies is its own kind; an optional name ends in `?`, in its text."""
    machine = set(machine)
    for one in inputs.fields.values():
        text = describe(one.schema) if one.required else f"{describe(one.schema)}, optional"
        kind = "machine" if one.name in machine else "input"
        yield (
            Node("machine", one.name, "source", f"{text}, from the machine")
            if kind == "machine"
            else Node("input", one.name, "source", text)
        )
    for one in secrets.fields.values():
        if f"${one.name}" in machine:
            yield Node("machine", f"${one.name}", "source", "from the machine")
        else:
            yield Node("secret", one.name, "source", "" if one.required else "optional")
