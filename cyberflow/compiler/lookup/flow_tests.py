"""What test files mention: the flows they run, with their inputs, secrets, steps and outputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cyberflow.compiler.flow_tests.step_names import Segment, parse_step_name
from cyberflow.compiler.graph import AnyCaller, CallNode, ChainNode, Graph, PipelineNode, WorkflowNode
from cyberflow.compiler.interface import Callee, NameKind
from cyberflow.compiler.lookup.callers import owner_of
from cyberflow.compiler.lookup.declarations import entity_of
from cyberflow.compiler.lookup.describe import find_declaration
from cyberflow.compiler.lookup.entities import Entity, EntityKind, Mention, key_mention, value_mention
from cyberflow.compiler.lookup.texts import Node, file_mentions
from cyberflow.diagnostics import Diagnostic
from cyberflow.language.flow_tests.model import ANY, FILE
from cyberflow.language.yaml.document import YamlDocument
from cyberflow.late import cached_property, dataclass, expression
from cyberflow.source import Place

_ALIAS = expression(r"\{\$([A-Za-z_][\w-]*)\}")
"""A secret as the agent reads it."""


def flow_test_mentions(document: YamlDocument, graph: Graph) -> Iterator[Mention]:
    """Every name in one test file, and in the files of inputs that it names."""
    for name, body in _members(document.data, "tests"):
        place = Place(document.path, ("tests", name))
        yield key_mention(Entity("test", name), place, defines=True)
        run = body.get("run") if isinstance(body, dict) else None
        node = find_declaration(graph, run) if isinstance(run, str) else None
        if node is not None:
            yield value_mention(entity_of(node), place.at("run"))
            reader = _LayerReader(node, graph)
            yield from reader.read(body, place)
            cases = body.get("cases")
            for index, case in enumerate(cases if isinstance(cases, list) else ()):
                yield from reader.read(case, place.at("cases", index))


@dataclass(frozen=True)
class _LayerReader:
    """Reads a test of one declaration, or one of its cases."""

    node: Node
    graph: Graph

    def read(self, data: Any, place: Place) -> Iterator[Mention]:
        yield from self._inputs(_part(data, "inputs"), place.at("inputs"))
        yield from _keys(_part(data, "secrets"), "secret", self.node.name, place.at("secrets"))
        for key, name in _members(data, "files"):
            if isinstance(name, str) and name != ANY:
                yield from self._file(name, place.at("files", key))
        for written in _part(data, "machine"):
            yield from self._machine(written, place.at("machine", written).at_key())
        for step, mock in _members(data, "simulate"):
            yield from self._step(step, mock, place.at("simulate", step))
        expect, at = _part(data, "expect"), place.at("expect")
        yield from _keys(_part(expect, "outputs"), "output", self.node.name, at.at("outputs"))
        for step, expected in _members(expect, "steps"):
            yield from self._step(step, expected, at.at("steps", step))

    def _inputs(self, given: Mapping[str, Any], place: Place) -> Iterator[Mention]:
        """The inputs that are written here, or in the file that is named."""
        name = given.get(FILE)
        if not isinstance(name, str):
            yield from _keys(given, "input", self.node.name, place)
            return
        yield from self._file(name, place.at(FILE))
        path = self.graph.project.files.find(name, place)
        document = None if isinstance(path, Diagnostic) else self.graph.project.files.documents.get(path)
        if isinstance(document, YamlDocument) and isinstance(document.data, dict):
            yield from _keys(document.data, "input", self.node.name, Place(document.path))

    def _file(self, name: str, place: Place) -> Iterator[Mention]:
        return file_mentions(self.graph.project.files, name, place.within(0, len(name)), place)

    def _machine(self, written: str, place: Place) -> Iterator[Mention]:
        """An input, or a `$secret`, of whichever of the steps takes it from the machine."""
        name = written.removeprefix("$")
        kind: NameKind = "secret" if written.startswith("$") else "input"
        steps = [step.callee for caller in self._callers for step in caller.steps if step.callee is not None]
        for owner in (self.node, *(one for one in steps if one.kind == "workflow")):
            if name in owner.fields_of(kind):
                yield Mention(Entity(kind, name, owner.name), place, written)

    def _step(self, written: str, data: Any, place: Place) -> Iterator[Mention]:
        """A step, or a declaration that stands for all of its steps, with the inputs and outputs below it."""
        owner: str | None = None
        if found := self._find_steps(parse_step_name(written)):
            at = 0
            for caller, step, key in found:
                entity, end = Entity("step", step.id, caller.name), at + len(step.id)
                whole = (at, end) == (0, len(written))
                yield key_mention(entity, place) if whole else Mention(entity, place.within_key(at, end), step.id)
                at = end + (0 if key is None else len(key) + 2) + 1
            caller, step, _ = found[-1]
            owner = owner_of(caller, step.callee) if isinstance(step.callee, Callee) else None
        elif (declared := find_declaration(self.graph, written)) is not None:
            yield key_mention(entity_of(declared), place)
            owner = declared.name
        if owner is not None:
            yield from _keys(_part(data, "inputs"), "input", owner, place.at("inputs"))
            yield from _keys(_part(data, "outputs"), "output", owner, place.at("outputs"))
            if owner in self.graph.workflows and isinstance(data, Mapping):
                workflow = self.graph.workflows[owner]
                yield from _aliases(workflow, data.get("prompt"), place.at("prompt"))

    @cached_property
    def _callers(self) -> list[AnyCaller]:
        """What is run, if it joins steps, and the chains and pipelines inside it."""
        found: dict[str, AnyCaller] = {}
        todo = [self.node] if isinstance(self.node, ChainNode | PipelineNode) else []
        while todo:
            one = todo.pop(0)
            if one.name not in found:
                found[one.name] = one
                todo += [inner for step in one.steps if (inner := self._inside(step)) is not None]
        return list(found.values())

    def _inside(self, step: CallNode) -> AnyCaller | None:
        """The chain or pipeline that a step runs."""
        callers: Mapping[str, AnyCaller] = {**self.graph.chains, **self.graph.pipelines}
        joins = step.callee is not None and step.callee.kind in ("chain", "pipeline")
        return callers.get(step.callee.name) if joins and step.callee else None

    def _find_steps(self, names: tuple[Segment, ...]) -> list[tuple[AnyCaller, CallNode, str | None]]:
        """The steps of a name, each with what it is of; none where there are no such."""
        for first in self._callers:
            caller: AnyCaller | None = first
            found: list[tuple[AnyCaller, CallNode, str | None]] = []
            for name, key in names:
                step = caller.step(name) if caller is not None else None
                if caller is None or step is None:
                    break
                found.append((caller, step, key))
                caller = self._inside(step)
            if names and len(found) == len(names):
                return found
        return []


def _aliases(workflow: WorkflowNode, expected: Any, place: Place) -> Iterator[Mention]:
    """The secrets in a text that the agent is expected to read."""
    if isinstance(expected, Mapping):
        for key, value in expected.items():
            yield from _aliases(workflow, value, place.at(key))
    elif isinstance(expected, str):
        for match in _ALIAS.finditer(expected):
            if match[1] in workflow.secrets:
                yield Mention(Entity("secret", match[1], workflow.name), place.within(*match.span(1)), match[1])


def _keys(data: Mapping[str, Any], kind: EntityKind, owner: str, place: Place) -> Iterator[Mention]:
    """The keys of a mapping, each of which is a name; inside a matcher, those of what it holds."""
    for name, value in data.items():
        if not name.startswith("$"):
            yield key_mention(Entity(kind, name, owner), place.at(name))
        elif isinstance(value, Mapping):
            yield from _keys(value, kind, owner, place.at(name))


def _part(data: Any, key: str) -> Mapping[str, Any]:
    part = data.get(key) if isinstance(data, Mapping) else None
    return part if isinstance(part, Mapping) else {}


def _members(data: Any, key: str) -> Iterator[tuple[str, Any]]:
    yield from _part(data, key).items()
