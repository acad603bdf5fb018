"""What test files mention: the flows they run, with their inputs, secrets, steps and outputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cyberflow.compiler.flow_tests.subject import Subject
from cyberflow.compiler.graph import ChainNode, Graph
from cyberflow.compiler.lookup.declarations import entity_of
from cyberflow.compiler.lookup.entities import Entity, EntityKind, Mention, key_mention, value_mention
from cyberflow.compiler.lookup.texts import file_mentions
from cyberflow.language.flow_tests.model import ANY, FILE
from cyberflow.language.yaml.document import YamlDocument
from cyberflow.source import Place

_INVALID = "$invalid"


def flow_test_mentions(document: YamlDocument, graph: Graph) -> Iterator[Mention]:
    """Every name in one test file."""
    for name, body in _members(document.data, "tests"):
        place = Place(document.path, ("tests", name))
        yield key_mention(Entity("test", name), place, defines=True)
        run = body.get("run") if isinstance(body, dict) else None
        subject = Subject.find(run, graph) if isinstance(run, str) else None
        if subject is not None:
            yield value_mention(entity_of(subject.node), place.at("run"))
            yield from _layer_mentions(subject, body, place)
            cases = body.get("cases")
            for index, case in enumerate(cases if isinstance(cases, list) else ()):
                yield from _layer_mentions(subject, case, place.at("cases", index))


def _layer_mentions(subject: Subject, data: Any, place: Place) -> Iterator[Mention]:
    """The names in a test, or in one of its cases."""
    files = subject.graph.project.files
    kinds: tuple[tuple[str, EntityKind], ...] = (("inputs", "input"), ("secrets", "secret"))
    for key, kind in kinds:
        yield from _keys(data, key, kind, subject.name, place)
    for key, part in (("inputs", _part(data, "inputs").get(FILE)), *_members(data, "files")):
        at = place.at("inputs", FILE) if key == "inputs" else place.at("files", key)
        if isinstance(part, str) and part != ANY:
            yield from file_mentions(files, part, at.within(0, len(part)), at)
    for name in _part(data, "machine"):
        kind = "secret" if name.startswith("$") else "input"
        for owner in (subject.node, *subject.workflows):
            if name.removeprefix("$") in owner.fields_of(kind):
                entity = Entity(kind, name.removeprefix("$"), owner.name)
                yield Mention(entity, place.at("machine", name).at_key(), name)
    for step, mock in _members(data, "simulate"):
        at = place.at("simulate", step)
        yield from _step_mentions(subject, step, mock, at)
    expect = _part(data, "expect")
    yield from _keys(expect, "outputs", "output", subject.name, place.at("expect"))
    for step, expected in _members(expect, "steps"):
        yield from _step_mentions(subject, step, expected, place.at("expect", "steps", step))


def _step_mentions(subject: Subject, step: str, data: Any, place: Place) -> Iterator[Mention]:
    """A step, or a workflow that stands for all of its steps, with the inputs and outputs below it."""
    workflow = subject.steps.get(step) or subject.graph.workflows.get(step)
    if step in subject.steps and isinstance(subject.node, ChainNode):
        yield key_mention(Entity("step", step, subject.name), place)
    elif workflow is not None:
        yield key_mention(entity_of(workflow), place)
    if workflow is not None:
        yield from _keys(data, "inputs", "input", workflow.name, place)
        yield from _keys(data, "outputs", "output", workflow.name, place)
        yield from _keys(_part(data, "outputs"), _INVALID, "output", workflow.name, place.at("outputs"))


def _keys(data: Any, key: str, kind: EntityKind, owner: str, place: Place) -> Iterator[Mention]:
    """The keys of a mapping, each of which is a name."""
    for name in _part(data, key):
        if not name.startswith("$"):
            yield key_mention(Entity(kind, name, owner), place.at(key, name))


def _part(data: Any, key: str) -> Mapping[str, Any]:
    part = data.get(key) if isinstance(data, Mapping) else None
    return part if isinstance(part, Mapping) else {}


def _members(data: Any, key: str) -> Iterator[tuple[str, Any]]:
    yield from _part(data, key).items()
