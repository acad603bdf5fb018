"""`merge` as a person types it: what it says, its exit codes, and what it leaves alone."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cyberflow.language.project.load import read_project
from cyberflow.targets.service import open_target
from tests.cli.cli_program import Program, replace

pytestmark = pytest.mark.slow
FLOWS = """\
workflows:
  lookup:
    prompt: |
      Open the app.

      1. Search for <name>.
      2. Read the number.
    inputs: {name: string}
"""
PYTHON = '''\
from cyberflow import workflow


@workflow
def lookup(name: str) -> None:
    """Find <name>."""
'''


@pytest.fixture
def clinic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project in git, as working directory."""
    (tmp_path / "cyberflow.yaml").write_text("project: clinic\n", encoding="utf-8")
    (tmp_path / "flows.yaml").write_text(FLOWS, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    commit("init", "-q")
    commit("add", ".")
    commit("commit", "-qm", "Look a patient up")
    return tmp_path / "flows.yaml"


def commit(*words: str) -> None:
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@clinic.example")
    subprocess.run(["git", *who, *words], check=True, capture_output=True)


def edit_there(change: Callable[[str], str]) -> None:
    """Change the prompt as a person at the dashboard would."""

    async def work() -> None:
        async with open_target(read_project(Path()), "local", lambda _: None) as service:
            desk: Any = service.client
            (there,) = (await desk.workflows.page()).items
            await desk.workflows.update(there.id, {"main_prompt": change(there.main_prompt)})

    asyncio.run(work())


def test_a_clean_merge_goes_on_to_an_update_without_drift(clinic: Path, program: Program) -> None:
    assert program("apply", "--yes").code == 0
    replace(clinic, "Open the app.", "Open the app and wait.")
    edit_there(lambda html: html.replace("the number", "the MRN"))
    assert "! workflow lookup" in program("plan").out

    merged = program("merge", "lookup")
    planned = program("plan")
    again = program("merge", "lookup")

    assert merged.code == 0, merged.text
    assert "base: commit " in merged.out
    assert "Look a patient up" in merged.out
    assert "✓ main_prompt  joined block by block" in merged.out
    assert clinic.read_text(encoding="utf-8") == FLOWS.replace("the app.", "the app and wait.").replace(
        "the number", "the MRN"
    )
    assert "~ workflow lookup" in planned.out
    assert "changed it" not in planned.out
    assert (again.code, "nothing to merge" in again.out) == (0, True)
    assert program("apply", "--yes").code == 0
    assert program("plan", "--check").code == 0


def test_a_conflict_is_decided_and_applied_over_the_drift(clinic: Path, program: Program) -> None:
    assert program("apply", "--yes").code == 0
    replace(clinic, "the number", "the chart")
    edit_there(lambda html: html.replace("the number", "the MRN"))

    merged = program("merge", "lookup")
    assert merged.code == 4
    assert "<<<<<<< sources\n      2. Read the chart.\n=======\n      2. Read the MRN.\n>>>>>>> local\n" in (
        clinic.read_text(encoding="utf-8")
    )
    assert "merge-conflict" in program("check").text
    assert program("plan").code == 1

    text = clinic.read_text(encoding="utf-8")
    clinic.write_text(text[: text.index("<<<")] + "      2. Read both.\n" + text[text.index("    inputs") :], "utf-8")
    assert program("apply", "--only", "lookup", "--overwrite-drift", "--yes").code == 0
    assert "nothing to merge" in program("merge", "lookup").out


def test_a_workflow_in_python_is_told_and_left_alone(clinic: Path, program: Program) -> None:
    clinic.unlink()
    module = clinic.parent / "flows.py"
    module.write_text(PYTHON, encoding="utf-8")
    (clinic.parent / "cyberflow.yaml").write_text("project: clinic\npython: [flows.py]\n", encoding="utf-8")
    assert program("apply", "--yes").code == 0
    edit_there(lambda html: html.replace("Find", "Look for"))

    merged = program("merge", "lookup")

    assert merged.code == 4
    assert "flows.py declares it: take the change over there" in merged.out
    assert module.read_text(encoding="utf-8") == PYTHON


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("lookupp",), 2, "did you mean `lookup`?"),
        (("lookup",), 2, "`lookup` is not on local as a workflow of ours"),
        ((), 2, "Missing argument"),
    ],
)
def test_what_cannot_be_merged_is_told(
    clinic: Path, program: Program, words: tuple[str, ...], code: int, says: str
) -> None:
    answer = program("merge", *words)

    assert answer.code == code
    assert says in answer.err


def test_a_protected_target_is_named_before_anything_is_written(clinic: Path, program: Program) -> None:
    (clinic.parent / "cyberflow.yaml").write_text(
        "project: clinic\ntargets:\n  local: {protect: true}\n", encoding="utf-8"
    )
    assert program("apply", "--yes", "--confirm", "local").code == 0
    edit_there(lambda html: html.replace("the number", "the MRN"))

    refused = program("merge", "lookup")
    assert refused.code == 2
    assert clinic.read_text(encoding="utf-8") == FLOWS
    assert program("merge", "lookup", "--confirm", "local").code == 0
    assert "the MRN" in clinic.read_text(encoding="utf-8")
