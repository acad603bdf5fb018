"""The reducer by itself: tables, and laws that hold whatever happens in whatever order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyberflow.run.chain.events import (
    CancelAnswered,
    CancelRequested,
    CancelRun,
    ChainState,
    Command,
    Event,
    OutputsRead,
    ReadOutputs,
    ReadStatuses,
    ReleaseSession,
    RunStatus,
    SessionReleased,
    StatusesRead,
    StepRun,
    TimedOut,
    Unanswered,
)
from cyberflow.run.chain.reducer import LOOKS_AFTER_CANCEL, SETTLE, advance, next_commands, replay
from cyberflow.run.chain.result import result_of

RUNS = ("r1", "r2", "r3")
START = ChainState("intake", tuple(StepRun(f"s{n}", "w", run) for n, run in enumerate(RUNS, 1)), "session", {})


def seen(at: float, *statuses: str, **more: Any) -> StatusesRead:
    return StatusesRead(at, tuple(RunStatus(run, status, **more) for run, status in zip(RUNS, statuses, strict=False)))


@pytest.mark.parametrize(
    ("statuses", "whole", "phase"),
    [
        (("scheduling", "scheduling", "scheduling"), "scheduling", "following"),
        (("success", "running", "scheduling"), "running", "following"),
        (("success", "running_checks", "scheduling"), "running_checks", "following"),
        (("success", "success", "thinking"), "thinking", "following"),
        (("success", "success", ""), "", "following"),
        (("success", "success", "SUCCESS"), "SUCCESS", "following"),
        (("success", "success", "success"), "success", "reading"),
        (("success", "error", "cancelled"), "error", "reading"),
        (("success", "task_failed", "success"), "task_failed", "reading"),
        (("cancelled", "cancelled", "error"), "cancelled", "reading"),
        (("success", "error", "running"), "error", "following"),
    ],
)
def test_the_status_is_the_first_that_is_no_success_and_unknown_ones_are_live(
    statuses: Any, whole: Any, phase: Any
) -> None:
    state, commands = advance(START, seen(1.0, *statuses))

    assert (state.status, state.phase) == (whole, phase)
    assert commands == ((ReadOutputs(),) if phase == "reading" else (ReadStatuses(),))


def test_steps_behind_a_failure_are_waited_for_but_not_for_ever() -> None:
    state, commands = advance(START, seen(10.0, "success", "error", "scheduling"))
    assert commands == (ReadStatuses(),)
    state, commands = advance(state, seen(10.0 + SETTLE - 1, "success", "error", "scheduling"))
    assert commands == (ReadStatuses(),)
    late, commands = advance(state, seen(10.0 + SETTLE, "success", "error", "scheduling"))
    assert commands == (ReadOutputs(),)
    assert late.status == "error"

    # One that begins after all is followed.
    state, commands = advance(state, seen(10.0 + SETTLE, "success", "error", "running"))
    assert commands == (ReadStatuses(),)
    assert advance(state, seen(1000.0, "success", "error", "running"))[1] == (ReadStatuses(),)


def test_without_a_failure_a_chain_that_waits_for_a_machine_is_followed() -> None:
    state = START
    for at in (0.0, 1e3, 1e6):
        state, commands = advance(state, seen(at, "scheduling", "scheduling", "scheduling"))
        assert commands == (ReadStatuses(),)


def test_a_cancellation_goes_from_the_last_step_to_the_running_one_then_releases_then_looks() -> None:
    state, _ = advance(START, seen(1.0, "success", "running", "scheduling"))
    state, commands = advance(state, CancelRequested())
    assert commands == (CancelRun("r3"), CancelRun("r2"))
    assert advance(state, CancelRequested()) == (state, ())

    state, commands = advance(state, CancelAnswered("r3"))
    assert commands == ()
    assert advance(state, CancelAnswered("r3"))[1] == ()
    assert next_commands(state) == (CancelRun("r2"),)
    state, commands = advance(state, CancelAnswered("r2", "already over"))
    assert commands == (ReleaseSession("session"),) == next_commands(state)
    state, commands = advance(state, SessionReleased())
    assert commands == (ReadStatuses(at_once=True),) == next_commands(state)
    state, commands = advance(state, seen(2.0, "success", "cancelled", "cancelled"))
    assert commands == (ReadOutputs(),)
    state, commands = advance(state, OutputsRead(()))
    assert (state.has_ended, state.cancelled, state.refused, commands) == (True, True, ("already over",), ())
    assert next_commands(state) == ()


def test_a_run_that_will_not_be_cancelled_is_not_looked_at_for_ever() -> None:
    state = replay(START, [CancelRequested(), *(CancelAnswered(run) for run in RUNS), SessionReleased()])
    assert state.phase == "settling"
    for _ in range(LOOKS_AFTER_CANCEL - 1):
        state, commands = advance(state, seen(1.0, "cancelled", "odd", "cancelled"))
        assert commands == (ReadStatuses(),)
    state, commands = advance(state, seen(1.0, "cancelled", "odd", "cancelled"))
    assert commands == (ReadOutputs(),)


def test_a_single_run_without_a_session_has_nothing_to_release() -> None:
    alone = ChainState("lookup", (StepRun("lookup", "lookup", "r1", machine_id="m1"),))
    state, commands = advance(alone, CancelRequested())
    assert commands == (CancelRun("r1"),)
    assert advance(state, CancelAnswered("r1"))[1] == (ReadStatuses(at_once=True),)


def test_outputs_of_other_runs_of_the_session_are_reached_by_their_alias() -> None:
    outputs = {"user": {"$ref": "login.outputs.user"}, "mrn": {"$ref": "s1.outputs.a['b c'][1]"}}
    state = replace(START, outputs=outputs, steps=START.steps[:1], phase="reading")
    others = (
        RunStatus("r0", "success", alias="login", outputs={"user": "ada"}),
        RunStatus("r9", "error", alias="login"),
    )
    state, _ = advance(
        state, OutputsRead((*others, RunStatus("r1", "success", alias="s1", outputs={"a": {"b c": [1, "two"]}})))
    )

    assert result_of(state).outputs == {"user": "ada", "mrn": "two"}


@pytest.mark.parametrize(
    "ref",
    ["s1.outputs.gone", "s1.outputs.a.b", "s1.outputs.list[7]", "s1.outputs.empty", "s9.outputs.a", "s1.status", 7],
)
def test_an_output_that_is_not_there_is_left_out(ref: Any) -> None:
    step = replace(START.steps[0], outputs={"a": 1, "list": [1], "empty": "__EMPTY__"}, status="success")
    state = replace(START, steps=(step,), outputs={"x": {"$ref": ref}, "kept": {"inner": {"$ref": ref}, "n": [1]}})

    assert result_of(state).outputs == {"kept": {"n": [1]}}


@pytest.mark.parametrize(("own", "outputs"), [({"a": 1}, {"a": 1}), (None, {}), ("text", {})])
def test_the_outputs_of_a_single_run_are_its_own(own: Any, outputs: Any) -> None:
    state = ChainState("lookup", (StepRun("lookup", "lookup", "r1", "success", own),), "r1")
    assert result_of(state).outputs == outputs


WORDS = st.sampled_from(
    ["scheduling", "running", "running_checks", "success", "task_failed", "error", "cancelled", "new"]
)
IDS = st.sampled_from([*RUNS, "other"])
SIGHTS = st.lists(
    st.builds(
        RunStatus,
        IDS,
        WORDS,
        machine_id=st.sampled_from([None, "m1"]),
        alias=st.sampled_from([None, "s1"]),
        outputs=st.just({}),
    ),
    max_size=4,
).map(tuple)
EVENTS = st.one_of(
    st.builds(StatusesRead, st.floats(0, 1e6), SIGHTS),
    st.builds(OutputsRead, SIGHTS),
    st.builds(Unanswered, st.just("no route")),
    st.builds(TimedOut, st.booleans()),
    st.just(CancelRequested()),
    st.builds(CancelAnswered, IDS, st.sampled_from([None, "no"])),
    st.builds(SessionReleased, st.sampled_from([None, "no"])),
)


@given(st.lists(EVENTS, max_size=30))
def test_no_order_of_events_breaks_it_and_what_is_final_stays(events: Any) -> None:
    state = START
    for event in events:
        before, (state, commands) = state, advance(state, event)
        for was, now in zip(before.steps, state.steps, strict=True):
            assert was.is_live or now.status == was.status
            assert (was.id, was.workflow, was.run_id) == (now.id, now.workflow, now.run_id)
        if before.has_ended:
            assert state.steps == before.steps
            assert (state.phase, commands) == ("ended", ())
        assert len(set(commands)) == len(commands)
        assert state.status in {step.status for step in state.steps}
        assert result_of(state).exit_code == (0 if state.status == "success" else 1)


@given(st.lists(EVENTS, max_size=30))
def test_an_event_that_changes_nothing_may_be_forgotten(events: Any) -> None:
    kept, state = [], START
    for event in events:
        after, _ = advance(state, event)
        if after != state:
            kept.append(event)
        state = after
    assert replay(START, kept) == state


@given(st.lists(EVENTS, max_size=12))
def test_every_state_that_has_not_ended_knows_what_to_do_next(events: Any) -> None:
    """Performing the commands of a state, as a service that answers well would, always comes to an end."""
    state = replay(START, events)
    commands = list(next_commands(state))
    for clock in range(100):
        if not commands:
            break
        command = commands.pop(0)
        state, more = advance(state, _answer(command, 1e7 + clock * 10))
        commands += more
    assert state.has_ended


def _answer(command: Command, at: float) -> Event:
    match command:
        case ReadStatuses():
            return seen(at, "success", "error", "cancelled")
        case ReadOutputs():
            return OutputsRead(())
        case CancelRun(run_id):
            return CancelAnswered(run_id)
        case ReleaseSession():
            return SessionReleased()
