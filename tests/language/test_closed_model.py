"""Closed models: what they read is what pydantic's form of them takes, and nothing else."""

from __future__ import annotations

import random
from typing import Any

import pytest
from pydantic import ValidationError

from cyberflow.language.closed_model import ClosedModel, fields_of
from cyberflow.language.flow_tests.model import FlowTest, FlowTests
from cyberflow.language.model import Chain, Declarations, ProjectFile, Target, Task, Workflow
from cyberflow.language.pipelines import Pipeline
from cyberflow.language.pydantic_models import pydantic_model
from cyberflow.language.value_readers import Misfit

STEP = {"id": "a", "workflow": "w", "inputs": {"x": 1}, "secrets": {"p": "<$p>"}}
RUN = {"id": "b", "run": "a", "each": {"row": "<rows>"}, "key": "<row>", "parallel": 2, "after": ["a"], "when": True}
RETRY = {"times": 3, "on": ["error"], "after": "5m"}
SECRETS = {"a": {"env": "A"}, "b": {"exec": ["x", "y"], "timeout": "5s"}}
CHECK = {"name": "c", "type": "run_attachment_exists", "file_names": ["a"], "check_prompt": {"file": "c.md"}}
BODIES: list[tuple[type[ClosedModel], dict[str, Any]]] = [
    (
        Workflow,
        {
            "prompt": {"file": "a.md"},
            "on_check_failure": "Stop.",
            "inputs": {"a": "string", "b?": {"type": "integer"}},
            "secrets": ["p", "q"],
            "files": [{"path": "a.txt", "cleanup": True}, {"name": "upload"}],
            "models": {"main": "Fast", "fallbacks": ["A", "B"]},
            "checks": [CHECK],
            "title": "Für Ärzte",
            "schema": "off",
            "was": "older",
        },
    ),
    (
        Chain,
        {"steps": [STEP], "session": {"main": "text"}, "outputs": {"m": {"$ref": "a.b"}}, "priority": True},
    ),
    (Task, {"workflow": "w", "parameters": {"a": 1}, "files": {"b": "b.txt"}, "timeout": "20m", "x-own": 1}),
    (
        Pipeline,
        {
            "steps": [
                {**RUN, "retry": RETRY},
                {"id": "c", "wait": "2h"},
                {"id": "d", "wait": {"signal": "Go?", "outputs": {"yes": "boolean"}, "timeout": "3h"}},
            ]
        },
    ),
    (Target, {"url": "https://a", "api_key": {"env": "KEY"}, "secrets": SECRETS, "cyberun": {"team": "t"}, "vars": {}}),
    (
        ProjectFile,
        {
            "project": "clinic",
            "sources": ["a.yaml"],
            "targets": {"prod": {"api_key": {"file": "k"}, "scope": "north"}},
            "rules": {"unused-input": "off", "secret-leak": "warning"},
            "workflows": {"a": 1},
        },
    ),
    (Declarations, {"types": {"T": "string"}, "chains": {}}),
    (FlowTests, {"tests": {"a": {}}}),
    (
        FlowTest,
        {
            "run": "a",
            "at": "2026-01-01T00:00:00Z",
            "secrets": {"p": "any"},
            "cases": [{"name": "one", "files": {"a": "b"}}],
            "expect": {"status": "success", "steps": {"a": {"inputs": {"x": 1}}}},
        },
    ),
]
STRANGE: list[Any] = [None, True, 0, 1, -1, 2.5, "", "off", "a b", "5m", "\ud83d", "x" * 300, [], ["a", 1], {}]
STRANGE += [{"file": "x"}, {"env": "A", "file": "b"}, {"signal": "x", "until": "y"}, ["p", "p"], "any", {"\ud83d": 1}]
KEYS = ["file", "x-free", "secret-leak", "schemas", "schema", "env", "name", "path", "9", "\ud83d", "run", "timeout"]


def spoil(value: Any, choose: random.Random) -> Any:
    """The value with one thing in it changed."""
    if isinstance(value, dict) and value and choose.random() < 0.8:
        key = choose.choice(list(value))
        turn = choose.random()
        if turn < 0.15:
            return {one: held for one, held in value.items() if one != key}
        if turn < 0.3:
            return {**value, choose.choice(KEYS): choose.choice(STRANGE)}
        return {**value, key: spoil(value[key], choose)}
    if isinstance(value, list) and value and choose.random() < 0.8:
        at = choose.randrange(len(value))
        return [*value[:at], spoil(value[at], choose), *value[at + 1 :]]
    return choose.choice(STRANGE)


@pytest.mark.parametrize(("model", "body"), BODIES, ids=[model.__name__ for model, _ in BODIES])
def test_a_model_takes_what_pydantic_takes(model: type[ClosedModel], body: dict[str, Any]) -> None:
    choose, taken = random.Random(model.__name__), 0
    for _ in range(1500):
        data: Any = body
        for _ in range(choose.randrange(3)):
            data = spoil(data, choose)
        try:
            wanted = pydantic_model(model).model_validate(data).model_dump(exclude_unset=True)
        except ValidationError:
            with pytest.raises(Misfit):
                model.read(data)
        else:
            taken += 1
            assert model.read(data).model_dump(exclude_unset=True) == wanted, data
    assert 300 < taken < 1500


def test_what_is_left_out_is_each_model_s_own() -> None:
    one, other = (Workflow.read({"prompt": "Look."}) for _ in range(2))
    assert one.inputs == {} == other.inputs
    assert one.inputs is not other.inputs
    assert (one.model_fields_set, one.schemas) == (frozenset({"prompt"}), None)
    assert one == other != Workflow.read({"prompt": "Look.", "exports": True})


def test_a_model_is_frozen_and_says_what_it_holds() -> None:
    one = Target()
    with pytest.raises(AttributeError, match="`url` stays what it is"):
        one.url = "https://elsewhere"
    assert repr(Target(ca="x")).startswith("Target(url='https://api.cyberdesk.io'")
    assert fields_of(Workflow)["schemas"].key == "schema"
