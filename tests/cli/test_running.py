"""run as a person and as a pipeline use it, on the local platform."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.cli_program import Answer, Program, replace

GIVEN = ("--inputs", "inputs.json", "-s", "epic_password=env:EPIC_PASSWORD", "--file", "referral=samples/referral.pdf")
CANARY = "zx81-canary-value"


@pytest.fixture
def applied(intake: Path, program: Program, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EPIC_PASSWORD", CANARY)
    assert program("apply", "--yes").code == 0
    return intake


def test_text_ends_in_the_status(applied: Path, program: Program) -> None:
    answer = program("run", "intake", *GIVEN)

    assert answer.code == 0
    assert answer.out.splitlines()[-1] == "intake: success"
    assert answer.err.splitlines()[0].startswith("target local")
    assert CANARY not in answer.text


def test_everything_missing_is_said_at_once_and_nothing_is_sent(applied: Path, program: Program) -> None:
    answer = program("run", "intake", "-i", "dat=2026-03-01", "-s", f"epic_password={CANARY}")

    assert answer.code == 2
    for word in ("patient", "date", "username", "epic_password", "referral"):
        assert word in answer.err
    assert CANARY not in answer.text
    assert not list(Path(".cyberflow").glob("runs.db*"))


def test_a_wrong_type_is_found_before_anything_is_sent(applied: Path, program: Program) -> None:
    answer = program("run", "book-visit", "-i", "mrn=7", "-i", "reason=x", "-i", "date=2026-03-01")

    assert answer.code == 2
    assert "mrn" in answer.err


def test_what_is_not_applied_does_not_run(intake: Path, program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EPIC_PASSWORD", CANARY)

    answer = program("run", "intake", *GIVEN)

    assert answer.code == 4
    assert "cyberflow apply" in answer.err


def test_sources_that_moved_stop_a_run(applied: Path, program: Program) -> None:
    replace(applied / "prompts/sign-in.md", "once only", "a single time")

    stopped = program("run", "intake", *GIVEN)
    stale = program("run", "intake", *GIVEN, "--stale-ok")

    assert stopped.code == 4
    assert "main_prompt" in stopped.err
    assert stale.code == 0


def test_a_failing_step_is_told_and_stops_the_chain(applied: Path, program: Program) -> None:
    script = {"patient-lookup": {"status": "task_failed", "error": "No chart for Lovelace"}}
    Path("script.json").write_text(json.dumps(script), encoding="utf-8")

    text = program("run", "intake", *GIVEN, "--simulate", "script.json")
    data: Answer = program("run", "intake", *GIVEN, "--simulate", "script.json", "--format", "json")

    assert (text.code, data.code) == (1, 1)
    assert "No chart for Lovelace" in text.out
    assert text.out.splitlines()[-1] == "intake: task_failed"
    result = json.loads(data.out)
    assert [step["status"] for step in result["steps"]] == ["success", "task_failed", "cancelled"]
    assert result["status"] == "task_failed"


def test_scripted_outputs_reach_the_next_step(applied: Path, program: Program) -> None:
    coverage = {"payer": "Blue Cross", "member_id": "BC1"}
    outputs = {"mrn": "M1234", "medications": [], "allergies": [], "coverage": coverage}
    script = {"lookup": {"outputs": outputs}}
    Path("script.json").write_text(json.dumps(script), encoding="utf-8")

    result = json.loads(program("run", "intake", *GIVEN, "--simulate", "script.json", "--format", "json").out)

    assert result["outputs"]["mrn"] == "M1234"
    assert result["outputs"]["medications"] == []


def test_a_single_workflow_runs(applied: Path, program: Program) -> None:
    answer = program("run", "sign-in", "-i", "username=front", "-s", "password=env:EPIC_PASSWORD", "--format", "json")

    assert answer.code == 0
    assert json.loads(answer.out)["outputs"]["signed_in_as"] == "Intake Service"


def test_a_timeout_leaves_the_runs_and_says_how_to_go_on(applied: Path, program: Program) -> None:
    Path("script.json").write_text(json.dumps({"login": {"seconds": 3600}}), encoding="utf-8")

    answer = program("run", "intake", *GIVEN, "--simulate", "script.json", "--timeout", "0.3s")

    assert answer.code == 1
    assert "cyberflow runs watch" in answer.err


def test_detached(applied: Path, program: Program) -> None:
    answer = program("run", "intake", *GIVEN, "--detach", "--format", "json")

    assert answer.code == 0
    assert json.loads(answer.out)["session_id"]
    assert "cyberflow runs watch" in answer.err


def test_a_secret_in_an_output_is_filtered(applied: Path, program: Program) -> None:
    """The agent may type a secret into a field it reads back."""
    script = {"sign-in": {"outputs": {"signed_in_as": CANARY, "department": f"x{CANARY}y"}}}
    Path("script.json").write_text(json.dumps(script), encoding="utf-8")
    words = ("run", "sign-in", "-i", "username=front", "-s", "password=env:EPIC_PASSWORD", "--simulate", "script.json")

    for more in ((), ("--format", "json", "--out", "result.json")):
        answer = program(*words, *more)
        assert answer.code == 0
        assert CANARY not in answer.text
        assert "•••" in answer.out
    assert CANARY not in Path("result.json").read_text(encoding="utf-8")
