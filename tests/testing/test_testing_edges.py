"""Edges: what the types allow and nobody thought of."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cyberflow.schema.validation.validate import accepts
from cyberflow.testing.least import least
from tests.cli.cli_program import Program

FLOWS = """\
workflows:
  find:
    prompt: Find the chart of <name>.
    inputs: {name: string}
    outputs:
      chart: {type: object, examples: [{mrn: M1}]}
      note?: string
      phone: {anyOf: [{type: string}, {type: "null"}]}
  open:
    prompt: PROMPT
    inputs: {chart: object, note?: string, phone?: any}
    outputs: {ok: boolean}
chains:
  go:
    inputs: {name: string}
    steps:
      - {id: find, workflow: find}
      - id: open
        workflow: open
        inputs:
          chart: {$ref: find.outputs.chart}
          note: {$ref: find.outputs.note}
          phone: {$ref: find.outputs.phone}
"""


def edges(program: Program) -> list[tuple[str, str, str]]:
    answer = program("test", "--edges", "--format", "json")
    tests = json.loads(answer.out)["tests"]
    found = [(one["name"], failure["at"], failure["message"]) for one in tests for failure in one["failures"]]
    assert answer.code == int(bool(found))
    return found


def test_a_prompt_that_loses_a_value_is_told_with_its_place(clinic: Callable[..., Path], program: Program) -> None:
    clinic("x-none: 1\n", FLOWS.replace("PROMPT", "Open <chart.mrn>, <note>, call <phone>."))
    found = edges(program)
    assert [(name, at) for name, at, _ in found] == [
        ("go[find: least]", "steps.open.inputs.chart.mrn"),
        ("go[find: least]", "steps.open.inputs.note"),
        ("go[find: least]", "steps.open.inputs.phone"),
    ]
    assert found[1][2] == "`<note>` is empty in the prompt of `open` when `find` gives its least output"
    assert "flows.yaml:22:17" in program("test", "--edges", "go").out


def test_a_prompt_that_knows_of_it_is_left_alone(clinic: Callable[..., Path], program: Program) -> None:
    prompt = "Open <chart.mrn>, <note>, <phone>. What reads __EMPTY__ is not known."
    clinic("x-none: 1\n", FLOWS.replace("PROMPT", prompt))
    assert edges(program) == []


def test_an_input_that_may_be_anything_is_what_its_first_step_needs(
    clinic: Callable[..., Path], program: Program
) -> None:
    flows = FLOWS.replace("PROMPT", "Open __EMPTY__ <chart>, <note>, <phone>.").replace("<name>", "<who.name>")
    flows = flows.replace("inputs: {name: string}", "inputs: {who: {name: string}}", 1)
    clinic("x-none: 1\n", flows.replace("inputs: {name: string}", "inputs: {who: any}"))
    assert edges(program) == []


def test_what_the_platform_refuses_is_told_once(clinic: Callable[..., Path], program: Program) -> None:
    flows = FLOWS.replace("PROMPT", "Open <chart.mrn>, __EMPTY__, <note>, <phone>.")
    clinic("x-none: 1\n", flows.replace("chart: object", "chart: {mrn: string}"))
    ((name, at, message),) = edges(program)
    assert (name, at) == ("go[find: least]", "steps.open.inputs.chart")
    assert message == "`chart` of `open` is refused when `find` gives its least output"


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "object", "properties": {"a": {"type": "string"}, "b": {}}, "required": ["b"]}, {"b": None}),
        ({"type": "array", "items": {"type": "string"}}, []),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, None),
        ({"type": ["integer", "null"]}, None),
        ({"enum": ["b", "a"]}, "b"),
        ({"const": 3}, 3),
        ({"type": "object"}, {}),
        ({"$ref": "#/$defs/A", "$defs": {"A": {"type": "array"}}}, []),
    ],
)
def test_the_least_of_a_type(schema: Any, value: Any) -> None:
    assert least(schema) == value


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array", "minItems": 2, "items": {"type": "integer", "minimum": 4}},
        {"type": "string", "pattern": "^M[0-9]{4}$"},
        {"allOf": [{"type": "object", "required": ["x"]}, {"properties": {"x": {"type": "integer"}}}]},
        {"type": "object", "properties": {"a": {"$ref": "#"}}},
    ],
)
def test_the_least_is_legal(schema: Any) -> None:
    assert accepts(schema, least(schema)) is True
