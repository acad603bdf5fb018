"""The two readings of each workflow around a run, and what they cost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cyberflow.remote.canonical import field_hash, wire_fields
from cyberflow.remote.identity import Marker
from cyberflow.run.chain.submit import submit
from cyberflow.run.work.journal import open_journal
from cyberflow.run.work.readings import Readings, WorkflowReading, content_commit, read_again
from cyberflow.run.work.submission import submissions_of_journal
from tests.run.clinic import World

COMMIT = "c" * 40


async def first(world: World, *, tag: str | None = None) -> Readings:
    found = [one async for one in world.desk.workflows.list()]
    world.wire.asked.clear()
    return Readings.of(found, tag)


@pytest.mark.anyio
async def test_one_workflow_is_read_as_itself(world: World) -> None:
    found = await world.desk.workflows.get(next(iter(world.ids.values())))
    world.wire.asked.clear()
    before = Readings.of([found], "a-tag")

    assert await read_again(world.desk, before) == before
    assert [path for _, path, _ in world.wire.asked] == [f"/v1/workflows/{found.id}"]


@pytest.mark.anyio
async def test_several_are_read_in_one_request_by_their_tag(world: World) -> None:
    tag = (await world.desk.tags.create({"name": "cyberflow:clinic"})).id
    for id in world.ids.values():
        await world.desk.workflows.add_tags(id, [tag])
    before = await first(world, tag=tag)

    assert await read_again(world.desk, before) == before
    assert len(world.wire.asked) == 1
    await world.desk.workflows.remove_tag(world.ids["book-visit"], tag)
    assert await read_again(world.desk, before) == before, "one that lost its tag is asked for by its id"


@pytest.mark.anyio
async def test_a_write_is_seen_and_what_is_gone_is_left_out(world: World) -> None:
    before = await first(world)
    gone, edited = sorted(before.workflows)[:2]
    world.time.seconds += 1
    await world.desk.workflows.update(edited, {"main_prompt": "<p>Other.</p>"})
    await world.desk.workflows.delete(gone)

    after = await read_again(world.desk, before)
    assert after.workflows.keys() == before.workflows.keys() - {gone}
    assert after.workflows[edited].hash != before.workflows[edited].hash
    assert after.workflows[edited].updated_at > before.workflows[edited].updated_at


@pytest.mark.anyio
async def test_a_commit_is_read_where_the_content_is_still_that_of_the_marker(world: World) -> None:
    id = world.ids["book-visit"]
    now = await world.desk.workflows.get(id)
    content = field_hash(wire_fields(now))
    marker = Marker("cyberflow:clinic", "book-visit", id, content, COMMIT)
    marked = await world.desk.workflows.update(id, {"input_schema": marker.insert_into(now.input_schema)})
    assert content_commit(marked, content) == COMMIT

    edited = await world.desk.workflows.update(id, {"main_prompt": "<p>Other.</p>"})
    assert WorkflowReading.of(edited).commit is None
    copy = await world.desk.workflows.duplicate(id)
    assert WorkflowReading.of(copy).commit is None


@pytest.mark.anyio
async def test_the_journal_holds_what_was_read(world: World, tmp_path: Path) -> None:
    before = await first(world)
    request = world.request()
    state = tmp_path / ".cyberflow"
    facts = {"workflows": before.by_step(request.steps, world.ids)}
    invocation = open_journal(state, "local", facts=facts)
    submitted = await submit(world.desk, request, invocation)
    times = {step.run_id: {"started_at": "a", "ended_at": "b"} for step in submitted.steps}
    invocation.record("ended", status="success", **facts, runs=times)

    (found,) = submissions_of_journal(state)
    assert (found.name, found.target, found.session_id) == ("intake", "local", submitted.session_id)
    assert found.run_ids == tuple(step.run_id for step in submitted.steps)
    assert found.before == found.after
    assert {one.id for one in found.before.values()} == {world.ids[workflow] for _, workflow in request.steps}
    assert set(found.times.values()) == {("a", "b")}


HALF: list[Any] = [None, [], {"a": None}, {"a": {"id": 1}}, {"a": {"id": "x", "hash": "y"}}]


@pytest.mark.parametrize("line", [*({"workflows": value} for value in HALF), {"runs": {"a": None}}, {"what": 7}])
def test_a_damaged_journal_tells_what_it_can(tmp_path: Path, line: dict[str, Any]) -> None:
    folder = tmp_path / "journal"
    folder.mkdir()
    begun: dict[str, Any] = {"what": "submitting", "name": "a", "target": "b"}
    accepted: dict[str, Any] = {"what": "accepted", "run_ids": ["r"]}
    text = "".join(json.dumps(one) + "\n" for one in (line | begun, line | accepted, {"what": "ended"} | line))
    (folder / "x.jsonl").write_text(text + '{"what": "ended", "workflows"', encoding="utf-8")

    (found,) = submissions_of_journal(tmp_path)
    assert (found.run_ids, found.before, found.after, found.times) == (("r",), {}, {}, {})
