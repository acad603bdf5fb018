"""What becomes of a submitted chain, as a pure reducer: `advance(state, event)` gives the next state and what to ask
the service for. It never waits and never asks. A single run is a chain of one step.

Whoever keeps the events can make the state again: `replay`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TypeAlias

from cyberflow.run.chain.events import (
    CancelAnswered,
    CancelRequested,
    CancelRun,
    ChainState,
    Command,
    Event,
    GivenUp,
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

Transition: TypeAlias = tuple[ChainState, tuple[Command, ...]]

SETTLE = 30.0
"""Seconds. What happens to the rest of a chain after a step has failed is not documented; steps that have not begun
by then, and do not move, are no longer waited for.
"""
LOOKS_AFTER_CANCEL = 5
"""How often the statuses are read after a cancellation before what is still live is reported as it is."""


def next_commands(state: ChainState) -> tuple[Command, ...]:
    """What to ask next, of a state at hand: to start following, and to go on after an interruption."""
    match state.phase:
        case "following" | "settling":
            return (ReadStatuses(at_once=True),)
        case "cancelling":
            return tuple(CancelRun(step.run_id) for step in reversed(state.steps) if step.run_id in state.pending)
        case "releasing":
            return (ReleaseSession(state.session_id or ""),)
        case "reading":
            return (ReadOutputs(),)
    return ()


def advance(state: ChainState, event: Event) -> Transition:
    """Take in what happened. An event that does not belong to the phase changes at most what is known of the runs."""
    match event:
        case StatusesRead():
            return _take_statuses(state, event)
        case OutputsRead() if state.phase == "reading":
            return replace(_merge_statuses(state, event), phase="ended"), ()
        case Unanswered() if state.phase != "ended":
            return replace(state, trouble=event.reason), ()
        case GivenUp():
            return replace(state, phase="ended", trouble=event.reason), ()
        case TimedOut() if state.phase == "following":
            late = replace(state, timed_out=True)
            return _cancel(late) if event.cancel else _start_reading(late)
        case CancelRequested() if state.phase == "following":
            return _cancel(state)
        case CancelAnswered() if state.phase == "cancelling" and event.run_id in state.pending:
            return _take_cancel_answer(state, event)
        case SessionReleased() if state.phase == "releasing":
            return _settle(replace(state, refused=_append(state.refused, event.refused)))
    return state, ()


def replay(state: ChainState, events: Iterable[Event]) -> ChainState:
    for event in events:
        state, _ = advance(state, event)
    return state


def _take_statuses(state: ChainState, event: StatusesRead) -> Transition:
    if state.phase == "ended":
        return state, ()
    seen = _merge_statuses(state, event)
    if state.moved_at is None or [step.status for step in seen.steps] != [step.status for step in state.steps]:
        seen = replace(seen, moved_at=event.at)
    if seen.phase == "following":
        return (
            (seen, (ReadStatuses(),)) if seen.live_steps and not _is_abandoned(seen, event.at) else _start_reading(seen)
        )
    if seen.phase == "settling":
        seen = replace(seen, looks=seen.looks + 1)
        return (
            (seen, (ReadStatuses(),)) if seen.live_steps and seen.looks < LOOKS_AFTER_CANCEL else _start_reading(seen)
        )
    return seen, ()


def _start_reading(state: ChainState) -> Transition:
    return replace(state, phase="reading"), (ReadOutputs(),)


def _is_abandoned(state: ChainState, now: float) -> bool:
    """Whether a step has failed and the service seems to do nothing about those that wait behind it."""
    waiting = all(step.status == "scheduling" for step in state.live_steps)
    still = state.moved_at is not None and now - state.moved_at >= SETTLE
    return waiting and still and any(step.has_failed for step in state.steps)


def _merge_statuses(state: ChainState, event: StatusesRead | OutputsRead) -> ChainState:
    """Take over what was seen. A final status stays, whatever is said later: only a retry changes it, and that is a
    run of its own. Outputs are taken when they come.
    """
    statuses = {one.run_id: one for one in event.statuses}
    steps = tuple(_merge_step(step, statuses.get(step.run_id)) for step in state.steps)
    ours = {step.run_id for step in steps}
    others = {
        one.alias: one.outputs
        for one in event.statuses
        if one.run_id not in ours and one.alias and isinstance(event, OutputsRead) and one.status == "success"
    }
    return replace(state, steps=steps, aliases={**state.aliases, **others}, trouble=None)


def _merge_step(step: StepRun, found: RunStatus | None) -> StepRun:
    if found is None:
        return step
    known = replace(
        step,
        error=found.error or step.error,
        machine_id=found.machine_id or step.machine_id,
        started_at=found.started_at or step.started_at,
        ended_at=found.ended_at or step.ended_at,
        message=found.message or step.message,
    )
    if not step.is_live and found.status != step.status:
        return step
    outputs = step.outputs if found.outputs is None else found.outputs
    return replace(known, status=found.status, outputs=outputs)


def _cancel(state: ChainState) -> Transition:
    """The last step first, so that none of them starts when the running one ends."""
    if not state.live_steps:
        return _start_reading(state)
    pending = frozenset(step.run_id for step in state.live_steps)
    commands = tuple(CancelRun(step.run_id) for step in reversed(state.live_steps))
    return replace(state, phase="cancelling", cancelled=True, pending=pending), commands


def _take_cancel_answer(state: ChainState, event: CancelAnswered) -> Transition:
    pending = state.pending - {event.run_id}
    state = replace(state, pending=pending, refused=_append(state.refused, event.refused))
    if pending:
        return state, ()
    if state.session_id is None:
        return _settle(state)
    return replace(state, phase="releasing"), (ReleaseSession(state.session_id),)


def _settle(state: ChainState) -> Transition:
    return replace(state, phase="settling", looks=0), (ReadStatuses(at_once=True),)


def _append(said: tuple[str, ...], more: str | None) -> tuple[str, ...]:
    return (*said, more) if more else said
