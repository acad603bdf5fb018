"""The examples do what they say: clean, the same bundle for everybody, and they run to success."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.cli.cli_program import Program

RUNS = {
    "red-panda": ("research", "-i", "topic=red panda"),
    "patient-intake": (
        *("intake", "--inputs", "inputs.json", "-s", "epic_password=env:CANARY"),
        *("--file", "referral=samples/referral.pdf"),
    ),
    "monthly-report": (
        *("monthly-report", "--inputs", "inputs.json", "-i", "year=2026", "-i", "month=2"),
        *("-s", "erp_password=env:CANARY"),
    ),
}


@pytest.mark.parametrize("name", RUNS)
def test_an_example_is_clean_and_compiles_to_its_bundle(
    name: str, example: Callable[[str], Path], program: Program, snapshot: SnapshotAssertion
) -> None:
    example(name)

    checked = program("check", "--error-on", "warning")
    built = program("build", "--out", "built")

    assert (checked.code, built.code) == (0, 0), checked.out
    assert Path("built/bundle.json").read_text(encoding="utf-8") == snapshot


@pytest.mark.parametrize("name", RUNS)
def test_an_example_runs_to_success_on_the_local_platform(
    name: str, example: Callable[[str], Path], program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of the secret is in any file or stream afterwards."""
    canary = "canary-" + "7f3a9c" * 3
    folder = example(name)
    monkeypatch.setenv("CANARY", canary)

    applied = program("apply", "--yes")
    ran = program("run", *RUNS[name], "--format", "json", "--out", "result.json")

    assert applied.code == 0, applied.text
    assert ran.code == 0, ran.text
    result = json.loads(ran.out)
    assert result["status"] == "success"
    assert [step["status"] for step in result["steps"]] == ["success"] * len(result["steps"])
    assert json.loads(Path("result.json").read_text(encoding="utf-8")) == result
    assert canary not in applied.text + ran.text
    assert not [path for path in folder.rglob("*") if path.is_file() and canary.encode() in path.read_bytes()]


@pytest.mark.parametrize("name", ["month-end", "month-end-python"])
def test_a_month_end_waits_for_its_answer_and_is_closed(
    name: str, example: Callable[[str], Path], program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As its README has it, in both languages; nothing of the secret is in any file or stream afterwards."""
    canary = "canary-" + "7f3a9c" * 3
    folder = example(name)
    monkeypatch.setenv("CANARY", canary)
    secret = ("-s", "epic_password=env:CANARY", "--format", "json")

    checked, tested = program("check", "--error-on", "warning"), program("test")
    assert tested.code == 0, tested.text
    applied = program("apply", "--yes")
    inputs = ("-i", "month=2026-03", "--simulate", "simulate.yaml", "--ledger", "march.db")
    waiting = program("run", "month-end", *inputs, "--no-wait", *secret)
    assert (checked.code, applied.code, waiting.code) == (0, 0, 0), checked.text + applied.text + waiting.text
    assert json.loads(waiting.out)["status"] == "waiting"

    answered = program("runs", "signal", "march.db", "release", "-i", "approved=true", "--by", "Ada")
    ran = program("run", "--resume", "march.db", *secret)
    assert (answered.code, ran.code) == (0, 0), answered.text + ran.text
    result = json.loads(ran.out)
    assert result["status"] == "success"
    assert result["outputs"]["count"] == 3
    assert next(one for one in result["steps"] if one["id"] == "file")["items"] == {"success": 3}
    assert canary not in "".join(one.text for one in (applied, waiting, answered, ran))
    assert not [path for path in folder.rglob("*") if path.is_file() and canary.encode() in path.read_bytes()]
