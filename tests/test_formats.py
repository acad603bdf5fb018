"""Files that released versions wrote are read by this one: bundle, plan, receipt, journal, ledger, and `local.db`."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

WRITTEN = Path(__file__).parent / "data" / "formats"
VERSIONS = sorted(path.name for path in WRITTEN.iterdir())
Program = Callable[..., "subprocess.CompletedProcess[str]"]
pytestmark = pytest.mark.slow


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> Path:
    return WRITTEN / str(request.param)


@pytest.fixture
def program(tmp_path: Path) -> Program:
    def run(*args: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "cyberflow", *args]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    return run


def place(version: Path, folder: Path, part: str) -> None:
    """The project of `part` as that version left it, with the local platform it had."""
    shutil.copytree(version / part, folder, dirs_exist_ok=True)
    (folder / ".cyberflow").mkdir(mode=0o700)
    shutil.move(folder / "local.db", folder / ".cyberflow" / "local.db")


def test_a_bundle_is_read_and_run(version: Path, tmp_path: Path, program: Program) -> None:
    """The workflows are those that the older version applied: nothing is pending, the bundle's chain runs."""
    place(version, tmp_path, "intake")
    (tmp_path / "cyberflow.yaml").write_text("project: patient-intake\n", encoding="utf-8")
    bundle = json.loads((tmp_path / "bundle.json").read_text(encoding="utf-8"))
    assert {one["name"] for one in bundle["workflows"]} == {"book-visit", "patient-lookup", "sign-in"}

    planned = program("plan", "--bundle", "bundle.json", "--format", "json", "--check")
    assert planned.returncode == 0, planned.stderr + planned.stdout
    assert json.loads(planned.stdout)["changes"] == []


def test_a_plan_is_read_and_refused_since_the_account_has_moved(
    version: Path, tmp_path: Path, program: Program
) -> None:
    place(version, tmp_path, "intake")
    (tmp_path / "cyberflow.yaml").write_text("project: patient-intake\n", encoding="utf-8")
    done = program("apply", "plan.json", "--bundle", "bundle.json", "--yes")
    assert done.returncode == 4, done.stderr
    assert "moved" in done.stderr or "already" in done.stderr


def test_a_receipt_is_the_link_before_the_next(version: Path, tmp_path: Path, program: Program) -> None:
    place(version, tmp_path, "intake")
    (tmp_path / "cyberflow.yaml").write_text("project: patient-intake\n", encoding="utf-8")
    left = tmp_path / ".cyberflow" / "receipts" / "20250101T000000000000.json"
    left.parent.mkdir()
    shutil.copy(tmp_path / "receipt.json", left)

    done = program("apply", "--bundle", "bundle.json", "--yes", "--receipt", "new.json")
    assert done.returncode == 0, done.stderr
    receipt = json.loads((tmp_path / "new.json").read_text(encoding="utf-8"))
    assert (receipt["number"], receipt["previous_receipt"]) == (2, left.name)
    assert receipt["previous"] == hashlib.sha256(left.read_bytes()).hexdigest()


def test_runs_of_the_older_platform_are_listed_and_followed(version: Path, tmp_path: Path, program: Program) -> None:
    place(version, tmp_path, "intake")
    (tmp_path / "cyberflow.yaml").write_text("project: patient-intake\n", encoding="utf-8")
    journal = [json.loads(line) for line in (tmp_path / "journal.jsonl").read_text(encoding="utf-8").splitlines()]
    accepted: dict[str, Any] = next(line for line in journal if line["what"] == "accepted")

    listed = program("runs", "list", "--format", "json")
    assert listed.returncode == 0, listed.stderr
    assert all(id in listed.stdout for id in accepted["run_ids"])
    watched = program("runs", "watch", accepted["session_id"], "--format", "json")
    assert watched.returncode == 0, watched.stderr
    assert json.loads(watched.stdout)["status"] == "success"


def test_a_ledger_is_resumed(version: Path, tmp_path: Path, program: Program) -> None:
    """The batch was killed with two rows done and two under way; the rest is done now, nothing twice."""
    place(version, tmp_path, "batch")
    with closing(sqlite3.connect(tmp_path / "batch.db")) as ledger, ledger:
        ledger.execute("UPDATE head SET content = replace(content, '/srv/clinic', ?)", (str(tmp_path),))
    done = program("run", "--resume", "batch.db")
    assert done.returncode == 0, done.stderr
    results = [json.loads(line) for line in (tmp_path / "batch.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [one["status"] for one in results] == ["success"] * 8

    listed = program("runs", "list", "--format", "json", "--limit", "100")
    assert len(json.loads(listed.stdout)["runs"]) == 16
