"""`.run` of a pipeline in Python: typed outputs, and what it says when it cannot or does not end well."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from shutil import copytree

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "month-end-python"
pytestmark = pytest.mark.slow
PROGRAM = """
from cyberflow import CyberflowError
from flows.month_end import MonthEnd, month_end
{find}
try:
    found = month_end.run(
        {inputs}, secrets={{"epic_password": "env:EPIC_PASSWORD"}}, options={{"simulate": FIND, "ledger": "run.db"}}
    )
    assert isinstance(found, MonthEnd)
    print(found.count, found.failed, found.report)
except CyberflowError as error:
    print(type(error).__name__, error, error.help)
"""
FOUND = 'FIND = {"find": {"outputs": {"invoices": [{"number": "INV-1", "payer": "Aetna", "amount": 5}]}}}'


def ran(folder: Path, inputs: str = 'month="2026-03"', find: str = FOUND) -> str:
    copytree(EXAMPLE, folder, dirs_exist_ok=True)
    (folder / "go.py").write_text(PROGRAM.format(inputs=inputs, find=find), encoding="utf-8")
    environ = {"EPIC_PASSWORD": "x", "PATH": "", "HOME": str(folder)}
    for command in (("-m", "cyberflow", "apply", "--yes"), ("go.py",)):
        done = subprocess.run(
            [sys.executable, *command], cwd=folder, env=environ, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_outputs_are_of_the_return_type(tmp_path: Path) -> None:
    assert ran(tmp_path).startswith("1 0 ")
    assert (tmp_path / "run.db").exists()


def test_an_input_of_another_type_sends_nothing(tmp_path: Path) -> None:
    assert ran(tmp_path, "month=7").startswith("UsageError `month-end` cannot run: input `month`")
    assert not (tmp_path / "run.db").exists()


def test_a_pipeline_that_fails_names_its_ledger(tmp_path: Path) -> None:
    said = ran(tmp_path, find='FIND = {"find": {"status": "error", "error": "the list is gone"}}')
    assert said.startswith("PipelineFailed `month-end` ended in `error`")
    assert "cyberflow run --resume" in said
