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
