"""Ids cut to a prefix, and the list of runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.cli_program import Program

pytestmark = pytest.mark.slow


@pytest.fixture
def two_runs(example: Any, program: Program) -> list[dict[str, Any]]:
    """The red panda, applied and run twice: the runs of its chain, the newest first."""
    folder: Path = example("red-panda")
    (folder / "quick.json").write_text(
        json.dumps({"find-article": {"seconds": 0.01}, "collect-facts": {"seconds": 0.01}}), encoding="utf-8"
    )
    assert program("apply", "--yes").code == 0
    for topic in ("otter", "lynx"):
        assert program("run", "research", "-i", f"topic={topic}", "--simulate", "quick.json").code == 0
    found: list[dict[str, Any]] = json.loads(program("runs", "list", "--format", "json").out)["runs"]
    return found


def test_an_id_may_be_cut(two_runs: list[dict[str, Any]], program: Program) -> None:
    run, session = two_runs[0]["id"], two_runs[0]["session_id"]

    assert json.loads(program("runs", "show", run[:8], "--format", "json").out)["id"] == run
    assert program("runs", "watch", session[:9]).out == program("runs", "watch", session).out
    assert program("runs", "show", run[:7]).code == 2
    assert "`00000000`" in program("runs", "show", "00000000").err


def test_the_list_has_a_header_how_long_and_which_chain(two_runs: list[dict[str, Any]], program: Program) -> None:
    header, first, *_ = program("runs", "list").out.splitlines()

    assert header.split() == ["CREATED", "STATUS", "TOOK", "CHAIN", "STEP", "WORKFLOW", "ID"]
    assert "research" in first
    assert " s " in first
    assert first.endswith(two_runs[0]["id"])
    assert [run["chain"] for run in two_runs] == ["research"] * 4
