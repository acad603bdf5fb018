"""Ids cut to a prefix of eight or more that means one thing."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import uuid4

import pytest

from cyberflow.errors import UsageError
from cyberflow.run.work.ids import check_id, complete_id, one_of
from tests.run.clinic import World
from tests.run.journals import entry_of_task

WHOLE = "5c1a58d7-5b31-43ec-b4f6-5b27056adc3d"


@pytest.mark.parametrize("length", [*range(8, 36)])
def test_a_prefix_is_an_id(length: int) -> None:
    assert check_id(WHOLE[:length].upper(), "a run") == WHOLE[:length]


def test_a_whole_id_is_written_as_the_services_do() -> None:
    for text in (WHOLE, WHOLE.upper(), WHOLE.replace("-", ""), f"{{{WHOLE}}}", f"urn:uuid:{WHOLE}"):
        assert check_id(text, "a run") == WHOLE


@pytest.mark.parametrize(
    "text", ["", "5c1a58d", "both", "5c1a58d7x", "5c1a58d75b31", f"{WHOLE}0", "../5c1a58d7", "5c1a58d7 "]
)
def test_what_is_neither(text: str) -> None:
    with pytest.raises(UsageError, match="is not an id of a run"):
        check_id(text, "a run")


@pytest.mark.anyio
async def test_runs_and_sessions_are_found_by_their_beginning(world: World) -> None:
    state, _ = await world.start()
    assert state.session_id is not None
    for id in (state.session_id, *(step.run_id for step in state.steps)):
        for length in (8, 13, 35, 36):
            assert await complete_id(world.desk, id[:length]) == id
    world.wire.asked.clear()
    assert await complete_id(world.desk, WHOLE) == WHOLE
    assert world.wire.asked == []
    assert await complete_id(world.desk, "00000000") == "00000000"


def test_a_beginning_of_several_is_refused_with_them() -> None:
    ids = [f"5c1a58d7-{n}" for n in range(8)]
    with pytest.raises(UsageError, match="begins 8 ids") as caught:
        one_of("5c1a58d7", ids)
    assert caught.value.message.count("\n  5c1a58d7-") == 5
    assert one_of("5c1a58d7-3", ids) == "5c1a58d7-3"
    assert one_of("5c1a58d7", [WHOLE, WHOLE]) == WHOLE


def test_a_task_of_this_project_is_known_by_its_beginning(tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    folder.mkdir()
    ids = [str(uuid4()) for _ in range(3)]
    for id in ids:
        facts = {"name": "poster", "target": "local", "what": "accepted", "at": "2026", "task_id": id}
        (folder / f"{id}.jsonl").write_text(json.dumps(facts), encoding="utf-8")
    for id in ids:
        entry = entry_of_task(tmp_path, id[:8])
        assert entry is not None
        assert entry.task_id == id
    assert entry_of_task(tmp_path, "00000000") is None
