"""`cyberflow trace` as a person and a program read it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.cli.cli_program import Program, replace

pytestmark = pytest.mark.slow
KEYS = {
    *("run_id", "workflow", "workflow_id", "hash", "grade", "reason", "commit", "receipt", "plan", "approved_by"),
    "rebuilt",
}
CANARIES = ("OTHER-CANARY-1", "SECRET-CANARY-2", "BC123456")


@pytest.fixture
def ran(intake: Path, program: Program, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The example committed, applied and run once."""
    who = ["-c", "user.name=Ada Muster", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]
    for words in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-qm", "Ask for the date of birth"]):
        subprocess.run(["git", *who, *words], check=True, cwd=intake)
    monkeypatch.setenv("EPIC_PASSWORD", CANARIES[1])
    replace(Path("inputs.json"), "Sample", CANARIES[0])
    subprocess.run(["git", *who, "commit", "-qam", "Another patient"], check=True, cwd=intake)
    assert program("apply", "--yes", "--approved-by", "B. Beispiel").code == 0
    given = ["--inputs", "inputs.json", "-s", "epic_password=env:EPIC_PASSWORD"]
    answer = program("run", "intake", *given, "--file", "referral=samples/referral.pdf", "--format", "json")
    assert answer.code == 0, answer.err
    found: dict[str, Any] = json.loads(answer.out)
    return found


def test_a_run_leads_to_commit_apply_and_approver(ran: dict[str, Any], program: Program) -> None:
    answer = program("trace", ran["session_id"])

    assert answer.code == 0
    assert answer.out.count("grade      proven: submitted by us; the content was the same before") == 3
    assert 'Another patient"  Ada Muster, ' in answer.out
    assert "; on main" in answer.out
    assert answer.out.count("approved by B. Beispiel (--approved-by)") == 3
    assert answer.out.count(": the same content") == 3
    assert answer.out.endswith("3 runs: 3 proven\n")
    assert "no account was touched" in answer.err


def test_as_data_it_has_the_keys_that_are_promised(ran: dict[str, Any], program: Program) -> None:
    (step,) = (one for one in ran["steps"] if one["id"] == "lookup")
    data = json.loads(program("trace", step["run_id"], "--format", "json").out)

    assert data["version"] == 1
    (run,) = data["runs"]
    assert run.keys() == KEYS
    assert (run["run_id"], run["workflow"], run["grade"]) == (step["run_id"], "patient-lookup", "proven")
    assert (run["approved_by"], run["rebuilt"]) == ("B. Beispiel", True)
    head = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, check=True, text=True)
    assert run["commit"] == head.stdout.strip()


def test_statements_are_written_and_verified(ran: dict[str, Any], program: Program) -> None:
    answer = program("trace", ran["session_id"], "--out", "runs.jsonl", "--quiet")
    assert (answer.code, answer.out) == (0, "")
    text = Path("runs.jsonl").read_text(encoding="utf-8")
    assert not [canary for canary in CANARIES if canary in text]

    verified = program("trace", "--verify", "runs.jsonl")
    assert verified.code == 0
    assert verified.out.endswith("3 statements: 3 verified\n")
    assert "receipts: 1, each holds the one before it" in verified.out
    data = json.loads(program("trace", "--verify", "runs.jsonl", "--format", "json").out)
    assert [one["standing"] for one in data["statements"]] == ["verified"] * 3

    Path("runs.jsonl").write_text(text.replace("B. Beispiel", "C. Beispiel", 1), encoding="utf-8")
    changed = program("trace", "--verify", "runs.jsonl")
    assert changed.code == 1
    assert "its digest is not that of what it says" in changed.out


def test_what_comes_later_changes_nothing(ran: dict[str, Any], program: Program) -> None:
    replace(next(path for path in Path("prompts").iterdir() if path.suffix == ".md"), "the", "the very")
    assert program("apply", "--yes").code == 0

    after = json.loads(program("trace", ran["session_id"], "--format", "json").out)
    assert {run["grade"] for run in after["runs"]} == {"proven"}


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("nobody",),
        ("none.db",),
        ("--since", "soon"),
        ("--verify", "none.jsonl"),
        ("--verify", "runs.jsonl", "--since", "2026-01-01"),
        ("00000000-0000-4000-8000-000000000000",),
    ],
)
def test_wrong_usage_is_said(intake: Path, program: Program, words: tuple[str, ...]) -> None:
    answer = program("trace", *words)

    assert answer.code == 2
    assert "error: " in answer.err
    assert "Traceback" not in answer.text
    assert intake.exists()
