"""kill -9 at request boundaries of a real process, and several processes at once: nothing twice, nothing lost.

`CYBERFLOW_BOUNDARIES=1` tries every boundary; the number is the step, and the default takes a few.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from killing import Moment, call, expect_exactly, serving, start, write_project

pytestmark = pytest.mark.slow
MANY = 40
STEP = int(os.environ.get("CYBERFLOW_BOUNDARIES", "90"))


def expect_settled(folder: Path) -> None:
    code, out = call(folder, "plan", "--check")
    assert code == 0, out


def requests_of_an_apply(folder: Path) -> int:
    with serving() as service:
        code, out = call(write_project(folder, service.url), "apply", "--yes")
        assert code == 0, out
        return service.requests


@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_at_request_boundaries_and_applied_once_more(tmp_path: Path, moment: Moment) -> None:
    whole = requests_of_an_apply(tmp_path / "whole")
    boundaries = range(1 + (moment == "after") * (STEP // 2), whole + 1, STEP)
    for turn, boundary in enumerate(boundaries):
        with serving() as service:
            folder = write_project(tmp_path / f"{boundary}", service.url)
            service.boundary, service.moment = boundary, moment
            service.victim = start(folder, "apply", "--yes")
            service.victim.communicate()
            if turn % 2:
                shutil.rmtree(folder / ".cyberflow", ignore_errors=True)

            code, out = call(folder, "apply", "--yes")

            assert code == 0, (boundary, out)
            expect_exactly(service.snapshot(), MANY)
            expect_settled(folder)
    assert whole > MANY * 4


def test_a_killed_apply_leaves_what_it_was_about_to_do(tmp_path: Path) -> None:
    with serving() as service:
        folder = write_project(tmp_path, service.url)
        service.boundary = 40
        service.victim = start(folder, "apply", "--yes")
        service.victim.communicate()
        (left,) = (folder / ".cyberflow" / "receipts").glob("*.json")
        receipt = json.loads(left.read_text(encoding="utf-8"))

    assert receipt["exit_code"] is None
    assert len(receipt["changes"]) == MANY + 3 + 3
    assert {one["status"] for one in receipt["changes"]} == {"unfinished"}


def test_two_applies_at_once_from_two_folders(tmp_path: Path) -> None:
    with serving() as service:
        folders = [write_project(tmp_path / name, service.url) for name in ("one", "two")]
        both = [start(folder, "apply", "--yes") for folder in folders]
        outs = [process.communicate()[0] for process in both]

        assert [process.returncode for process in both] == [0, 0], outs
        expect_exactly(service.snapshot(), MANY)
        for folder in folders:
            expect_settled(folder)


def test_two_folders_in_turn(tmp_path: Path) -> None:
    """A, B, A, B: each apply makes the account what its folder says, and what is left is the last one's."""
    with serving() as service:
        one = write_project(tmp_path / "one", service.url, 6)
        two = write_project(tmp_path / "two", service.url, 6, word="Close")
        for folder in (one, two, one, two):
            code, out = call(folder, "apply", "--yes")
            assert code == 0, out
            expect_settled(folder)
        found = service.snapshot()

    assert len(found.workflows) == 6
    assert all("Close" in workflow.main_prompt for workflow in found.workflows)
