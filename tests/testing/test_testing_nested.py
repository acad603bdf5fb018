"""Pipelines that run pipelines, under test: a mock stands for one as a whole, a retry does what failed in it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.cli_program import Answer, Program

FLOWS = """\
types:
  Ward: {code: string, beds: integer}
workflows:
  list-wards:
    prompt: List the wards of <hospital>.
    inputs: {hospital: string}
    outputs: {wards: "Ward[]"}
  list-patients:
    prompt: List the patients of <ward.code>.
    inputs: {ward: Ward}
    outputs: {patients: "string[]"}
  discharge:
    prompt: Discharge <patient>.
    inputs: {patient: string}
    outputs: {receipt: string}
  report:
    prompt: Report <receipts>.
    inputs: {receipts: {type: array}}
    outputs: {done: boolean}
pipelines:
  night:
    inputs: {hospital: string}
    steps:
      - {id: wards, run: list-wards}
      - {id: rounds, each: {ward: {$ref: wards.outputs.wards}}, key: <ward.code>, run: ward-round RETRY}
      - {id: report, run: report, inputs: {receipts: {$ref: rounds.outputs.receipts}}}
  ward-round:
    inputs: {ward: Ward}
    steps:
      - {id: find, run: list-patients}
      - {id: visit, run: visits, inputs: {patients: {$ref: find.outputs.patients}}}
    outputs: {receipts: {$ref: visit.outputs.receipts}}
  visits:
    inputs: {patients: "string[]"}
    steps: [{id: out, each: {patient: <patients>}, key: <patient>, run: discharge}]
    outputs: {receipts: {$ref: out.outputs.receipt}}
"""


@pytest.fixture
def night(clinic: Callable[..., Path], program: Program) -> Callable[..., Answer]:
    def tested(simulate: str, retry: str = "") -> Answer:
        test = f"run: night, inputs: {{hospital: Mitte}}, simulate: {simulate}, expect: {{status: success}}"
        clinic(f"tests: {{it: {{{test}}}}}", FLOWS.replace(" RETRY", retry))
        return program("test")

    return tested


def test_a_mock_stands_for_a_pipeline_as_a_whole_or_for_a_step_deep_in_it(night: Callable[..., Answer]) -> None:
    assert night("{rounds: {outputs: {receipts: [r]}}}").code == 0
    assert night("{out: {outputs: {receipt: r}}}").code == 0
    closed = night('{"rounds[CODE-1002]": {status: error, error: closed}}')
    assert (closed.code, "unused-mock" in closed.out) == (1, False)
    wrong = night("{visit: {outputs: {receipts: [1]}}}")
    assert "error[type-mismatch]: `receipts[0]` of `visit` cannot be 1" in wrong.out


def test_edges_go_through_each_step_that_is_a_pipeline(night: Callable[..., Answer], program: Program) -> None:
    night("{}")
    answer = program("test", "--edges", "night", "--format", "json")
    names = {one["name"] for one in json.loads(answer.out)["tests"]}
    assert answer.code == 0, answer.out
    assert {f"night[rounds: {edge}]" for edge in ("examples", "least", "error", "task_failed")} <= names


@pytest.mark.slow
def test_a_retry_of_a_pipeline_does_once_more_what_failed_in_it(
    night: Callable[..., Answer], program: Program, tmp_path: Path
) -> None:
    night("{}", retry=", retry: {times: 2, on: [error], after: 1m}")
    script = tmp_path / "script.yaml"
    script.write_text('"rounds[CODE-1002]/visit/out[Sample patient]": {status: error, error: away}', encoding="utf-8")
    words = ("-i", "hospital=Mitte", "--ledger", "night.db", "--simulate", str(script), "--no-wait", "--format", "json")
    assert program("apply", "--yes").code == 0
    first = program("run", "night", *words)
    assert (first.code, json.loads(first.out)["status"]) == (0, "waiting")
    assert "rounds[CODE-1002] is tried again at" in first.err
    before = attempts("night.db")
    _pass_a_minute("night.db")
    again = program("run", "--resume", "night.db", "--format", "json")
    assert (again.code, json.loads(again.out)["status"]) == (0, "success")
    after = attempts("night.db")
    assert {id for id, count in before.items() if after[id] != count} == {
        "rounds[CODE-1002]",
        "rounds[CODE-1002]/visit/out[Sample patient]",
    }


def attempts(path: str) -> dict[str, int]:
    with closing(sqlite3.connect(path)) as ledger:
        return dict(ledger.execute("SELECT id, attempt FROM entries WHERE attempt > 0").fetchall())


def _pass_a_minute(path: str) -> None:
    with closing(sqlite3.connect(path)) as ledger, ledger:
        ledger.execute("UPDATE entries SET facts = json_set(facts, '$.ended_at', 0) WHERE kind = 'pipeline'")
