"""Names of steps at any depth, `ward[A]/file[7]`, in mocks and expectations; chains, tasks and pipelines by name."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from cyberflow.compiler.flow_tests.step_names import best_name, parse_step_name
from tests.cli.cli_program import Program

FLOWS = """\
workflows:
  list-wards: {prompt: List the wards of <hospital>., inputs: {hospital: string}, outputs: {wards: "string[]"}}
  look: {prompt: Look for <who>., inputs: {who: string}, outputs: {mrn: {type: string, examples: [M1]}}}
  book: {prompt: Book <mrn>., inputs: {mrn: string}, outputs: {number: {type: string, examples: [N1]}}}
tasks:
  poster: {workflow: text-to-image@2, inputs: {heading: string}, parameters: {prompt: A poster for <heading>}}
chains:
  intake:
    inputs: {who: string}
    steps: [{id: find, workflow: look}, {id: put, workflow: book, inputs: {mrn: {$ref: find.outputs.mrn}}}]
    outputs: {number: {$ref: put.outputs.number}}
pipelines:
  round:
    inputs: {ward: string}
    steps:
      - {id: visit, each: {who: [ada, bob]}, key: <who>, run: intake, on_failure: continue}
      - {id: picture, run: poster, inputs: {heading: <ward>}}
      - {id: again, run: look, inputs: {who: <ward>}}
    outputs: {numbers: {$ref: visit.outputs.number}, mrn: {$ref: again.outputs.mrn}}
  night:
    inputs: {hospital: string}
    steps:
      - {id: wards, run: list-wards}
      - {id: rounds, each: {ward: {$ref: wards.outputs.wards}}, key: <ward>, run: round}
    outputs: {all: {$ref: rounds.outputs.numbers}}
"""
Found: TypeAlias = dict[str, Any]
TWO = "list-wards: {outputs: {wards: [A, B]}}"


@pytest.fixture
def played(clinic: Callable[..., Path], program: Program) -> Callable[..., Found]:
    def tested(simulate: str, expect: str) -> Found:
        test = f"run: night, inputs: {{hospital: Mitte}}, simulate: {{{simulate}}}, expect: {expect}"
        clinic(f"tests: {{it: {{{test}}}}}", FLOWS)
        found: Found = json.loads(program("test", "--format", "json").out)
        return found

    return tested


@pytest.mark.parametrize(
    ("mock", "numbers"),
    [
        ("'rounds[A]/visit[ada]': {outputs: {number: X}}", '[["X", "N1"], ["N1", "N1"]]'),
        ("'rounds/visit[ada]': {outputs: {number: X}}", '[["X", "N1"], ["X", "N1"]]'),
        ("'rounds[A]/visit': {outputs: {number: X}}", '[["X", "X"], ["N1", "N1"]]'),
        ("'visit[ada]': {outputs: {number: X}}", '[["X", "N1"], ["X", "N1"]]'),
        ("'rounds[A]': {outputs: {numbers: [X]}}", '[["X"], ["N1", "N1"]]'),
        ("round: {outputs: {numbers: [X]}}", '[["X"], ["X"]]'),
        ("intake: {outputs: {number: X}}", '[["X", "X"], ["X", "X"]]'),
        ("put: {outputs: {number: X}}", '[["X", "X"], ["X", "X"]]'),
        ("'rounds[B]/visit[bob]/put': {outputs: {number: X}}", '[["N1", "N1"], ["N1", "X"]]'),
        ("'visit[bob]/find': {status: error}", '[["N1", null], ["N1", null]]'),
        ("'visit[ada]': {outputs: {number: X}}, visit: {outputs: {number: Y}}", '[["X", "Y"], ["X", "Y"]]'),
    ],
)
def test_a_mock_is_for_the_entries_whose_id_ends_so(played: Callable[..., Found], mock: str, numbers: str) -> None:
    found = played(f"{TWO}, {mock}", f"{{outputs: {{all: {numbers}}}}}")
    assert [(one["status"], one["warnings"]) for one in found["tests"]] == [("passed", [])]


@pytest.mark.parametrize(
    ("mock", "rule", "help"),
    [
        ("'rounds[A]/vist[ada]': {}", "unknown-step", "did you mean `visit`?"),
        ("'wards/visit': {}", "unknown-step", "`wards` runs nothing that has steps"),
        ("'rounds[A]/visit[ada]/found': {}", "unknown-step", "did you mean `find`?"),
        ("'rounds[A]/visit[ada]': {outputs: {mrn: M7}}", "unknown-output", None),
        ("'rounds[A]/again': {outputs: {mrn: 7}}", "type-mismatch", None),
        ("poster: {status: error}", "wrong-type", None),
        ("'rounds[': {}", "unknown-step", None),
    ],
)
def test_a_mock_is_held_against_the_step_that_it_names(
    played: Callable[..., Found], mock: str, rule: str, help: str | None
) -> None:
    (found,) = played(f"{TWO}, {mock}", "{}")["diagnostics"]
    assert found["rule"] == rule
    assert help in (None, found["help"])


@pytest.mark.parametrize(
    ("steps", "at"),
    [
        ("'rounds[A]/again': {prompt: Look for A., inputs: {who: A}, outputs: {mrn: M1}}", None),
        ("'rounds[A]/visit[ada]/find': {prompt: Look for ada.}", None),
        ("'rounds[A]/picture': {status: completed, inputs: {heading: A}}", None),
        ("'rounds[A]/again': {prompt: Look for B.}", "steps.rounds[A]/again.prompt"),
        ("'rounds[C]/again': {prompt: Look for C.}", "steps.rounds[C]/again.prompt"),
    ],
)
def test_what_is_expected_of_a_step_inside(played: Callable[..., Found], steps: str, at: str | None) -> None:
    (found,) = played(TWO, f"{{steps: {{{steps}}}}}")["tests"]
    assert [one["at"] for one in found["failures"]] == ([at] if at else [])


def test_a_chain_has_no_prompt_and_an_unused_mock_is_still_told(played: Callable[..., Found]) -> None:
    (finding,) = played(TWO, "{steps: {'rounds[A]/visit[ada]': {prompt: x}}}")["diagnostics"]
    assert "has no prompt of its own" in finding["message"]
    (found,) = played(f"{TWO}, 'rounds[C]/again': {{outputs: {{mrn: M2}}}}", "{}")["tests"]
    assert [one["rule"] for one in found["warnings"]] == ["unused-mock"]


def test_a_list_inside_that_cannot_run_says_why(clinic: Callable[..., Path], program: Program) -> None:
    week = "  week: {inputs: {hospital: string}, steps: [{id: nights, run: night}], outputs: {}}\n"
    why = "{nights: {status: error, error: {$contains: 'items 0 and 1 have the same key `A`'}}}"
    script = "{'nights/wards': {outputs: {wards: [A, A]}}}"
    clinic(
        f"tests: {{it: {{run: week, inputs: {{hospital: M}}, simulate: {script}, expect: {{steps: {why}}}}}}}",
        FLOWS + week,
    )
    assert program("test").code == 0


def test_a_name_is_read_with_any_text_as_its_key() -> None:
    assert parse_step_name("a[x/y]/b[1]z]") == (("a", "x/y"), ("b", "1]z"))
    assert parse_step_name("a[") == ()
    assert best_name(["b", "a/b", "a[x]/b", "c/b"], "a[x]/b[7]") == "a[x]/b"
    assert best_name(["a", "c/b"], "a[x]/b[7]") is None
