"""The two readings of each workflow around a run, and what they cost."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from cyberflow.remote.canonical import field_hash, wire_fields
from cyberflow.remote.identity import Marker
from cyberflow.run.chain.submit import submit
from cyberflow.run.readings.reading import Readings, WorkflowReading, content_commit, read_again
from cyberflow.run.readings.submission import submissions_of, submissions_of_journal, write_reading
from cyberflow.run.work.entry import LedgerEntry, LedgerHeader, Stage
from cyberflow.run.work.journal import open_journal
from cyberflow.run.work.ledger import Ledger
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
    seen = before.by_step(request.steps, world.ids)
    invocation = open_journal(state, "local", facts={"workflows": seen})
    submitted = await submit(world.desk, request, invocation)
    (open_one,) = submissions_of_journal(state)
    assert open_one.looks == ()
    times = {step.run_id: {"started_at": "a", "ended_at": "b"} for step in submitted.steps}
    invocation.record("ended", status="success", workflows_after=seen, runs=times)

    (found,) = submissions_of_journal(state)
    assert (found.name, found.target, found.session_id) == ("intake", "local", submitted.session_id)
    assert found.run_ids == tuple(step.run_id for step in submitted.steps)
    ids = {world.ids[workflow] for _, workflow in request.steps}
    assert [look.keys() for look in found.looks] == [ids, ids]
    assert all(found.readings_of(id) == (before.workflows[id],) * 2 for id in ids)
    assert set(found.times.values()) == {("a", "b")}
    assert found.readings_of("another") == ()


HALF: list[Any] = [None, [], 7, {"a": None}, {"a": {"id": 1}}, {"a": {"id": "x", "hash": "y"}}]


@pytest.mark.parametrize("value", HALF)
def test_a_damaged_journal_tells_what_it_can(tmp_path: Path, value: Any) -> None:
    facts = {"workflows": value, "workflows_after": value}
    invocation = open_journal(tmp_path, "local", facts=facts)
    invocation.record("sending", name="a", kind="run", **facts)
    invocation.record("ended", status="success", run_ids=["r"], runs=value)

    (found,) = submissions_of_journal(tmp_path)
    assert (found.run_ids, found.looks) == (("r",), ())
    assert not any(any(times) for times in found.times.values())


def reading(id: str, moment: int) -> WorkflowReading:
    return WorkflowReading(id, f"hash-{moment}", COMMIT, f"2026-03-0{moment}")


def test_many_submissions_share_the_readings_around_them(tmp_path: Path) -> None:
    """A reading stands after the end of what is over by then, and before what is sent later."""

    def look(moment: int, *ids: str) -> Readings:
        return Readings({id: reading(id, moment) for id in ids})

    def row(number: int, stage: Stage, sent_at: float, attempt: int = 1) -> LedgerEntry:
        runs = (f"run-{number}-{attempt}",)
        return LedgerEntry(f"a[{number}]", "a", number, "run", stage, attempt, "k", sent_at, run_ids=runs)

    with Ledger.create(tmp_path / "a.db", LedgerHeader(str(uuid4()), "a", "prod", total=3)) as ledger:
        assert list(submissions_of(ledger)) == []
        write_reading(ledger, Readings(), 5.0)
        write_reading(ledger, look(1, "w"), 10.0)
        with ledger.transaction():
            ledger.write([row(1, "ended", 11.0), row(2, "accepted", 11.0), row(3, "ended", 9.0)])
        write_reading(ledger, look(2, "w"), 20.0)
        with ledger.transaction():
            ledger.write([row(2, "ended", 11.0), row(1, "ended", 21.0, attempt=2)])
        write_reading(ledger, look(3, "w"), 30.0)

        found = {one.run_ids[0]: one for one in submissions_of(ledger)}
    assert found["run-1-2"].readings_of("w") == (reading("w", 2), reading("w", 3))
    assert found["run-2-1"].readings_of("w") == (reading("w", 1), reading("w", 2), reading("w", 3))
    assert found["run-3-1"].readings_of("w") == (), "it was sent before the first reading"
    assert {one.target for one in found.values()} == {"prod"}


def test_a_look_at_other_workflows_says_nothing_of_one(tmp_path: Path) -> None:
    """Of the workflows of a script each is looked at when it is needed first."""
    with Ledger.create(tmp_path / "a.db", LedgerHeader(str(uuid4()), "a", "prod")) as ledger:
        for moment, id in enumerate(["w", "other"], 1):
            write_reading(ledger, Readings({id: reading(id, moment)}), float(moment))
        entry = LedgerEntry("a", "a", 0, "run", "ended", 1, "k", 5.0, run_ids=("run",))
        with ledger.transaction():
            ledger.write([entry])
        write_reading(ledger, Readings({"other": reading("other", 3)}), 6.0)
        (early,) = submissions_of(ledger)
        write_reading(ledger, Readings({"w": reading("w", 4)}), 7.0)
        (late,) = submissions_of(ledger)

    assert early.readings_of("w") == ()
    assert late.readings_of("w") == (reading("w", 1), reading("w", 4))
    assert late.readings_of("other") == (reading("other", 2), reading("other", 3))
