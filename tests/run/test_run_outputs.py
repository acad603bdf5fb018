"""Results against declared outputs: told by step and path, while the status stays the runs' own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cyberflow.run.chain.events import ChainState, StepRun
from cyberflow.run.chain.result import result_of

SUMMARY = {
    "type": "object",
    "properties": {
        "summary": {"type": "string"},
        "note": {"type": "string"},
        "visit": {"type": "object", "properties": {"at": {"type": "string"}}, "required": ["at"]},
        "found": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["summary"],
}


def ended(outputs: Any, refs: dict[str, str] | None = None, schema: Any = SUMMARY, status: str = "success") -> Any:
    steps = (StepRun("step1", "w", "r1", "success", {}), StepRun("step2", "w", "r2", status, outputs))
    written = {name: {"$ref": ref} for name, ref in (refs or {"summary": "step2.outputs.summary"}).items()}
    schemas = {} if schema is None else {"step2": schema}
    return result_of(ChainState("duo", steps, "s", written, phase="ended", output_schemas=schemas))


@pytest.mark.parametrize(
    ("outputs", "path", "words"),
    [
        ({}, "summary", "is missing"),
        (None, "summary", "is missing"),
        ({"summary": "__EMPTY__"}, "summary", "is missing"),
        ({"summary": 12}, "summary", "must be `string`, not `integer`"),
        ({"summary": None}, "summary", "must be `string`, not `null`"),
        ('{"summary": "s"}', "", "must be an object of outputs, not `string`"),
        ([1], "", "must be an object of outputs, not `array`"),
        ({"summary": "s", "visit": {}}, "visit", "lacks `at`"),
        ({"summary": "s", "visit": {"at": 3}}, "visit.at", "must be `string`, not `integer`"),
        ({"summary": "s", "found": ["a", 1]}, "found[1]", "must be `string`, not `integer`"),
    ],
)
def test_outputs_that_are_not_as_declared(outputs: Any, path: str, words: str) -> None:
    result = ended(outputs)
    assert (result.status, result.exit_code) == ("success", 1)
    assert result.to_json()["problems"] == [{"step": "step2", "path": path, "message": words}]


def test_the_page_shows_what_is_printed() -> None:
    page = (Path(__file__).parents[2] / "docs" / "running.md").read_text(encoding="utf-8")
    shown = json.loads(page.split("```json\n", 1)[1].partition("```")[0])
    steps = (StepRun("lookup", "w", "r1", "success", {}),)
    schema = {"type": "object", "properties": {"mrn": {"type": "string"}}, "required": ["mrn"]}
    told = result_of(ChainState("intake", steps, "s", {}, phase="ended", output_schemas={"lookup": schema})).to_json()

    assert shown == {key: told[key] for key in shown}


def test_outputs_that_are() -> None:
    for outputs in ({"summary": ""}, {"summary": "s", "note": "n", "more": 1}, {"summary": "s", "found": []}):
        assert (ended(outputs).exit_code, ended(outputs).problems) == (0, ())


def test_what_may_be_absent_is_no_problem_of_the_chain() -> None:
    for ref in ("step2.outputs.note", "step2.outputs.found[0]", "step2.outputs.visit.at"):
        assert ended({"summary": "s"}, {"x": ref}).problems == ()


def test_an_output_of_the_chain_that_leads_nowhere_in_an_undeclared_place() -> None:
    for schema in (None, {"type": "object"}, {}):
        (problem,) = ended({"other": 1}, schema=schema).problems
        assert problem == ("step2", "summary", "is missing, and it is the output `summary`")


def test_a_step_that_failed_owes_nothing() -> None:
    result = ended({}, status="error")
    assert (result.status, result.exit_code, result.problems) == ("error", 1, ())


def test_each_cause_is_told_once() -> None:
    refs = {"a": "step2.outputs.summary", "b": "step2.outputs.summary"}
    assert len(ended({}, refs).problems) == 1
