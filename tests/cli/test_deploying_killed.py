"""kill -9 at request boundaries of a real process, and several processes at once: nothing twice, nothing lost.

`CYBERFLOW_BOUNDARIES=1` tries every boundary; the number is the step, and the default takes a spread of them.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.killing import Forked, Service, expect_exactly, forking, serving, start, write_project

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform == "win32", reason="fork and signals")]
MANY = 40
STEP = int(os.environ.get("CYBERFLOW_BOUNDARIES", "13"))


@dataclass(frozen=True)
class World:
    """An account, the program, and the number of requests that a first apply of all workflows sends."""

    service: Service
    program: Forked
    whole: int


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("whole")
    with serving() as service:
        write_project(folder, service.url, MANY)
        with forking(folder / "out", folder, "apply", "--yes") as program:
            yield World(service, program, service.requests)


@pytest.fixture
def world(loaded: World) -> World:
    loaded.service.renew()
    return loaded


def expect_settled(world: World, folder: Path) -> None:
    code, out = world.program.call(folder, "plan", "--check")
    assert code == 0, out


@pytest.mark.parametrize("fresh", [False, True], ids=["same machine", "fresh machine"])
def test_killed_at_request_boundaries_and_applied_once_more(tmp_path: Path, world: World, fresh: bool) -> None:
    """On the same machine, or with `.cyberflow` gone; before a request is carried out and after it in turn."""
    service, program = world.service, world.program
    boundaries = range(1 + fresh * (STEP // 2), world.whole + 1, STEP)
    for turn, boundary in enumerate(boundaries):
        service.renew()
        folder = write_project(tmp_path / str(boundary), service.url, MANY)
        service.boundary, service.moment = boundary, "after" if (turn + fresh) % 2 else "before"
        service.victim = program.start(folder, "apply", "--yes")
        assert program.wait()[0] == -signal.SIGKILL
        if fresh:
            shutil.rmtree(folder / ".cyberflow", ignore_errors=True)

        code, out = program.call(folder, "apply", "--yes")

        assert code == 0, (boundary, out)
        expect_exactly(service.snapshot(), MANY)
        expect_settled(world, folder)
    assert world.whole > MANY * 4
    sys.stdout.write(f"{len(boundaries)} of {world.whole} boundaries\n")


def test_a_killed_apply_leaves_what_it_was_about_to_do(tmp_path: Path, world: World) -> None:
    folder = write_project(tmp_path, world.service.url, MANY)
    world.service.boundary = 40
    world.service.victim = world.program.start(folder, "apply", "--yes")
    world.program.wait()

    (left,) = (folder / ".cyberflow" / "receipts").glob("*.json")
    receipt = json.loads(left.read_text(encoding="utf-8"))

    assert receipt["exit_code"] is None
    assert len(receipt["changes"]) == MANY + 3 + 3
    assert {one["status"] for one in receipt["changes"]} == {"unfinished"}


def test_two_applies_at_once_from_two_folders(tmp_path: Path, world: World) -> None:
    folders = [write_project(tmp_path / name, world.service.url, MANY) for name in ("one", "two")]
    both = [start(folder, "apply", "--yes") for folder in folders]
    outs = [process.communicate()[0] for process in both]

    assert [process.returncode for process in both] == [0, 0], outs
    expect_exactly(world.service.snapshot(), MANY)
    for folder in folders:
        expect_settled(world, folder)


def test_two_folders_in_turn(tmp_path: Path, world: World) -> None:
    """A, B, A, B: each apply makes the account what its folder says, and what is left is the last one's."""
    one = write_project(tmp_path / "one", world.service.url, 6)
    two = write_project(tmp_path / "two", world.service.url, 6, word="Close")
    for folder in (one, two, one, two):
        code, out = world.program.call(folder, "apply", "--yes")
        assert code == 0, out
        expect_settled(world, folder)
    found = world.service.snapshot()

    assert len(found.workflows) == 6
    assert all("Close" in workflow.main_prompt for workflow in found.workflows)
