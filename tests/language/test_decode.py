"""What pydantic complains of, as findings: the right key, once, and the rest is still read."""

from __future__ import annotations

from typing import Any

import pytest

from cyberflow.language.model import Chain, ProjectFile, Workflow
from cyberflow.language.project.decode import decode
from cyberflow.source import Place

PLACE = Place("f.yaml", ("workflows", "w"))


def said(model: type[Any], data: Any) -> list[tuple[str, tuple[str | int, ...]]]:
    problems = decode(model, data, PLACE).problems
    return [(one.rule, one.place.route[2:]) for one in sorted(problems, key=lambda one: str(one.place.route))]


@pytest.mark.parametrize("key", ["<text>", "<q>", "<tts", "[key]", "", "prompt.file", "漢"])
def test_strange_keys_are_unknown_keys(key: str) -> None:
    assert said(Workflow, {"prompt": "x", key: 1}) == [("unknown-key", (key,))]
    assert said(ProjectFile, {"project": "x", key: {"a": 1}}) == [("unknown-key", (key,))]
    assert said(Workflow, {"prompt": {"file": "a.md", key: 1}}) == [("unknown-key", ("prompt", key))]


@pytest.mark.parametrize("data", [None, 1, "x", [], [1], True])
def test_a_body_that_is_no_mapping_is_one_finding(data: Any) -> None:
    decoded = decode(Workflow, data, PLACE)
    assert [one.rule for one in decoded.problems] == ["wrong-type"]
    assert decoded.model is not None
    assert {"prompt", "inputs", "outputs"} <= decoded.broken
    assert said(Chain, data) == [("wrong-type", ())]


def test_a_misspelt_key_is_read_as_the_one_it_means() -> None:
    decoded = decode(Workflow, {"promt": "x", "input": {"a": "string"}}, PLACE)
    assert decoded.model is not None
    assert (decoded.model.prompt, decoded.model.inputs) == ("x", {"a": "string"})
    assert len(decoded.problems) == 2


def test_every_broken_field_is_found_in_one_pass() -> None:
    data = {"prompt": 1, "inputs": [], "exports": "yes", "models": {"fallbacks": ["a", "b", "c"]}, "schema": "on"}
    routes = {route for _, route in said(Workflow, data)}
    assert routes == {("prompt",), ("inputs",), ("exports",), ("models", "fallbacks"), ("schema",)}
