"""A chain from submission to result, on the local platform in process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from urllib.parse import parse_qs

import pytest

from cyberflow.run.chain.events import CancelRequested, ChainState, Event, OutputsRead, StatusesRead, TimedOut
from cyberflow.run.chain.follow import cancel, follow
from cyberflow.run.chain.reducer import replay
from cyberflow.run.chain.result import result_of
from tests.run.clinic import World
from tests.run.intake import MARK

pytestmark = pytest.mark.anyio


async def end_of(events: AsyncIterator[Event], state: ChainState) -> ChainState:
    return replay(state, [event async for event in events])


def statuses(state: ChainState) -> list[str]:
    return [step.status for step in state.steps]


async def test_three_steps_with_refs_and_a_secret_end_in_success(world: World) -> None:
    state, _ = await world.start()
    events = [event async for event in follow(world.desk, state, world.watch())]
    result = result_of(replay(state, events))

    assert result.exit_code == 0
    assert result.to_json() == {
        "version": 1,
        "name": "intake",
        "status": "success",
        "session_id": state.session_id,
        "steps": [
            {
                "id": step.id,
                "workflow": workflow,
                "run_id": step.run_id,
                "status": "success",
                "outputs": outputs,
                "error": None,
            }
            for step, workflow, outputs in zip(
                state.steps,
                ["patient-lookup", "book-visit", "file-letter"],
                [{"mrn": "M7", "medications": ["a", "b"]}, {"confirmation": "C1"}, {"filed": True}],
                strict=True,
            )
        ],
        "outputs": {"mrn": "M7", "summary": {"first": "a", "day": "2026-03-01"}},
        "problems": [],
    }
    assert isinstance(events[-1], OutputsRead)
    book = await world.desk.runs.get(state.steps[1].run_id)
    assert book.input_values == {"mrn": "M7", "reason": "Visit of 2026-03-01", "slots": 2}
    lookup = await world.desk.runs.get(state.steps[0].run_id)
    assert list(lookup.sensitive_input_aliases or ()) == ["password"]


async def test_each_look_is_one_list_request_without_the_history(world: World) -> None:
    state, _ = await world.start()
    world.wire.asked.clear()
    looks = [event async for event in follow(world.desk, state, world.watch())]

    queries = [parse_qs(query) for _, _, query in world.wire.asked]
    assert {(method, path) for method, path, _ in world.wire.asked} == {("GET", "/v1/runs")}
    assert len(queries) == len(world.time.slept) + 2
    assert all(query["session_id"] == [state.session_id] for query in queries)
    assert all("run_message_history" not in query["fields"] for query in queries)
    assert ["output_data" in query["fields"] for query in queries] == [False] * (len(queries) - 1) + [True]
    assert len(looks) < len(queries)


async def test_the_pace_slows_while_nothing_moves_and_starts_anew_when_something_does(world: World) -> None:
    state, _ = await world.start({"lookup": {"seconds": 20}})
    await end_of(follow(world.desk, state, world.watch()), state)

    slept = world.time.slept
    assert slept[:5] == pytest.approx([0.25, 0.375, 0.5625, 0.84375, 1.265625])
    assert max(slept) == 3.0
    assert slept[slept.index(3.0) + 1 :].count(0.25) == 2


async def test_a_failure_in_the_middle_is_the_status_of_the_whole(world: World) -> None:
    state, _ = await world.start({"book": {"status": "task_failed", "error": "no slot is free"}})
    end = await end_of(follow(world.desk, state, world.watch()), state)
    result = result_of(end)

    assert statuses(end) == ["success", "task_failed", "cancelled"]
    assert (result.status, result.exit_code) == ("task_failed", 1)
    assert result.to_json()["steps"][1]["error"] == "no slot is free"
    assert result.outputs == {"mrn": "M7", "summary": {"first": "a", "day": "2026-03-01"}}


async def test_a_timeout_leaves_the_runs_and_reads_what_is_there(world: World) -> None:
    state, _ = await world.start({"book": {"seconds": 3600}})
    events = [event async for event in follow(world.desk, state, world.watch(timeout=30.0))]
    end = replay(state, events)

    assert world.time.seconds == pytest.approx(30.0)
    assert TimedOut() in events
    assert (end.timed_out, end.cancelled, statuses(end)) == (True, False, ["success", "running", "scheduling"])
    assert end.steps[0].outputs == {"mrn": "M7", "medications": ["a", "b"]}
    assert (result_of(end).status, result_of(end).exit_code) == ("running", 1)
    assert not [path for method, path in world.wire.writes() if method == "PATCH"]


async def test_a_timeout_cancels_when_it_is_told_to(world: World) -> None:
    state, _ = await world.start({"book": {"seconds": 3600}})
    end = await end_of(follow(world.desk, state, world.watch(timeout=30.0, cancel_on_timeout=True)), state)

    assert (end.timed_out, end.cancelled, statuses(end)) == (True, True, ["success", "cancelled", "cancelled"])
    assert result_of(end).status == "cancelled"


async def test_cancelling_takes_the_last_step_first_and_reads_the_statuses_again(world: World) -> None:
    state, _ = await world.start({"lookup": {"seconds": 3600}})
    async for event in follow(world.desk, state, world.watch()):
        state = replay(state, [event])
        if state.steps[0].status == "running":
            break
    world.wire.asked.clear()
    events = [event async for event in cancel(world.desk, state, world.watch())]
    end = replay(state, events)

    asked = [(method, path) for method, path, _ in world.wire.asked]
    assert asked[:4] == [
        *(("PATCH", f"/v1/runs/{step.run_id}") for step in reversed(state.steps)),
        ("GET", "/v1/machines"),
    ]
    assert asked[-2:] == [("GET", "/v1/runs")] * 2
    assert events[0] == CancelRequested()
    assert statuses(end) == ["cancelled"] * 3
    assert (end.phase, end.refused, result_of(end).exit_code) == ("ended", (), 1)
    machines = [machine async for machine in world.desk.machines.list()]
    assert [machine.reserved_session_id for machine in machines] == [None]


async def test_a_session_that_is_still_held_is_released(world: World) -> None:
    state, _ = await world.start({"lookup": {"seconds": 3600}})
    async for event in follow(world.desk, state, world.watch()):
        state = replay(state, [event])
        break
    machine = state.steps[0].machine_id
    assert machine is not None
    # As a service would that keeps the reservation although its runs were cancelled.
    for step in reversed(state.steps):
        await world.desk.runs.cancel(step.run_id)
    await world.desk.machines.update(machine, {"reserved_session_id": state.session_id})
    await end_of(cancel(world.desk, state, world.watch()), state)

    assert ("PATCH", f"/v1/machines/{machine}") in world.wire.writes()
    assert (await world.desk.machines.get(machine)).reserved_session_id is None


async def test_a_machine_that_serves_another_session_is_left_alone(world: World) -> None:
    state, _ = await world.start()
    state = await end_of(follow(world.desk, state, world.watch(timeout=0.5)), state)
    first = state.steps[0].machine_id
    world.time.seconds += 60
    await world.start({"lookup": {"seconds": 3600}})
    held = (await world.desk.machines.get(str(first))).reserved_session_id
    world.wire.asked.clear()
    await end_of(cancel(world.desk, replace(state, phase="following"), world.watch()), state)

    assert held not in (None, state.session_id)
    assert not [path for _, path in world.wire.writes() if path.startswith("/v1/machines")]
    assert (await world.desk.machines.get(str(first))).reserved_session_id == held


async def test_whoever_is_cancelled_has_detached_and_the_runs_go_on(world: World) -> None:
    state, _ = await world.start()

    async def forever(_: float) -> None:
        await asyncio.Event().wait()

    seen: list[object] = []

    async def door() -> None:
        seen.extend([event async for event in follow(world.desk, state, world.watch(sleep=forever))])

    task = asyncio.create_task(door())
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert world.wire.writes() == [("POST", "/v1/runs/chain")]
    end = await end_of(follow(world.desk, state, world.watch()), state)
    assert result_of(end).status == "success"


async def test_following_goes_on_from_what_a_journal_holds(world: World) -> None:
    state, _ = await world.start()
    events = [event async for event in follow(world.desk, state, world.watch())]
    again = [event async for event in follow(world.desk, state, world.watch())]

    assert [type(event) for event in again] == [StatusesRead, OutputsRead]
    assert result_of(replay(state, again)) == result_of(replay(state, events))


async def test_no_event_or_state_holds_a_secret(world: World) -> None:
    state, invocation = await world.start({"book": {"status": "error", "error": "boom"}})
    events = [event async for event in follow(world.desk, state, world.watch())]
    end = replay(state, events)

    for noun in (state, end, events, invocation, world.request(), result_of(end), world.desk):
        assert MARK not in repr(noun)
