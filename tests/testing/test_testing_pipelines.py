"""Pipelines under test: items by their keys, functions called, waits over at once."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.cli_program import Program
from tests.run.month_end import FLOWS, GLUE

INVOICES = "[{number: A, due: x}, {number: B, due: x}, {number: C, due: x}, {number: D, due: x}]"
TESTS = f"""\
tests:
  four-invoices:
    run: month-end
    inputs: {{month: 2026-03}}
    simulate:
      find: {{outputs: {{invoices: {INVOICES}}}, seconds: 600}}
      "file[B]": {{status: error, error: no such invoice}}
      release: {{outputs: {{approved: true}}}}
    expect:
      status: success
      outputs: {{count: 3}}
      steps:
        "file[A]": {{status: success, inputs: {{invoice: {{number: A}}}}}}
        "file[B]": {{status: error, error: {{$contains: no such}}}}
        total: {{outputs: {{count: 3, large: true}}}}
        banner: {{status: completed}}
        close: {{inputs: {{receipts: {{$length: 4}}}}}}
  one-invoice:
    run: month-end
    inputs: {{month: 2026-03}}
    simulate: {{find: {{outputs: {{invoices: [{{number: A, due: x}}]}}}}, release: {{outputs: {{approved: true}}}}}}
    expect: {{outputs: {{count: 1}}, steps: {{release: {{status: skipped}}}}}}
  the-bank-is-down:
    run: month-end
    inputs: {{month: 2026-03}}
    simulate: {{find: {{status: error, error: no answer}}}}
    expect: {{status: error, steps: {{close: {{inputs: {{$absent: true}}}}}}}}
"""


@pytest.fixture
def month_end(clinic: Callable[..., Path]) -> Path:
    folder = clinic(TESTS, FLOWS)
    (folder / "flows").mkdir()
    (folder / "flows" / "glue.py").write_text(GLUE, encoding="utf-8")
    (folder / "cyberflow.yaml").write_text("project: clinic\npython: [flows/*.py]\n", encoding="utf-8")
    return folder


def test_a_pipeline_is_played_with_its_items_functions_and_waits(month_end: Path, program: Program) -> None:
    before = {path for path in month_end.rglob("*") if "__pycache__" not in path.parts}

    answer = program("test", "--coverage", "--format", "json")

    found = json.loads(answer.out)
    assert {one["name"]: one["status"] for one in found["tests"]} == dict.fromkeys(
        ("four-invoices", "one-invoice", "the-bank-is-down"), "passed"
    ), answer.text
    (warning,) = next(one["warnings"] for one in found["tests"] if one["name"] == "one-invoice")
    assert warning["message"] == "the mock of `release` was not used"
    covered = found["coverage"]["chains"]["month-end"]
    assert "file over no items" in covered["missing"]
    assert not {"file over one item", "file over several items", "release taken", "release left out"} & set(
        covered["missing"]
    )
    assert {path for path in month_end.rglob("*") if "__pycache__" not in path.parts} == before


def test_its_mocks_and_expectations_are_held_against_its_types(month_end: Path, program: Program) -> None:
    tests = month_end / "tests" / "intake.yaml"
    tests.write_text(
        "tests:\n  wrong:\n    run: month-end\n    inputs: {month: 2026-03}\n"
        "    simulate: {relese: {outputs: {approved: true}}, total: {outputs: {count: x, large: true}}}\n"
        "    expect: {steps: {'fle[A]': {status: success}}}\n",
        encoding="utf-8",
    )
    found = json.loads(program("check", "--format", "json", "--no-cache").out)["diagnostics"]
    assert [(one["rule"], one["line"], one["column"]) for one in found] == [
        ("unknown-step", 5, 16),
        ("type-mismatch", 5, 78),
        ("unknown-step", 6, 22),
    ]


def test_edges_tell_functions_that_raise_and_conditions_never_taken(month_end: Path, program: Program) -> None:
    fragile = GLUE
    for old, new in (
        ('    return {"count"', '    receipts[0]\n    return {"count"'),
        ("> 3}", "> 3 and False}"),
        ("import TypedDict", "import Literal, TypedDict"),
        ("large: bool", "large: Literal[False]"),
    ):
        fragile = fragile.replace(old, new)
    (month_end / "flows" / "fragile.py").write_text(fragile, encoding="utf-8")
    (month_end / "flows" / "glue.py").unlink()
    (month_end / "tests" / "intake.yaml").unlink()
    (month_end / "flows.yaml").write_text(FLOWS.replace("flows.glue:", "flows.fragile:"), encoding="utf-8")

    answer = program("test", "--edges", "month-end", "--format", "json")

    messages = [one["message"] for test in json.loads(answer.out)["tests"] for one in test["failures"]]
    assert answer.code == 1
    assert "`total` cannot run when `find` gives its least output" in messages
    assert "the condition of `release` was never taken" in messages
