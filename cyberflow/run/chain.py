"""What becomes of a submitted chain, as a pure reducer: `advance(state, event)` gives the next state and what to ask
the service for. It never waits and never asks. A single run is a chain of one step.

Whoever keeps the events can make the state again: `replay`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

from cyberflow.service.wire import FINAL, is_live

SETTLE = 30.0
"""Seconds. What happens to the rest of a chain after a step has failed is not documented; steps that have not begun
by then, and do not move, are no longer waited for.
"""
LOOKS_AFTER_CANCEL = 5
"""How often the statuses are read after a cancellation before what is still live is reported as it is."""

Phase = Literal["following", "cancelling", "releasing", "settling", "reading", "ended"]


@dataclass(frozen=True)
class Step:
    """One run of a chain. A status that is not final is live, whatever it says."""

    id: str
    workflow: str
    run_id: str
    status: str = "scheduling"
    outputs: Any = None
    error: tuple[str, ...] = ()
    machine_id: str | None = None
    started_at: str | None = None
    ended_at: str | None = None

    @property
    def live(self) -> bool:
        return is_live(self.status)

    @property
    def failed(self) -> bool:
        return not self.live and self.status != "success"


@dataclass(frozen=True)
class State:
    """A chain as far as it is known. `outputs` holds the refs of its result, None for a single run's own outputs.

    `moved_at` is when a status last changed; `aliases` are outputs of the session's other runs, by alias;
    `trouble` says why the service could not be asked last time; `refused` are requests to cancel it did not follow.
    """

    name: str
    steps: tuple[Step, ...]
    session_id: str | None = None
    outputs: Any = None
    phase: Phase = "following"
    timed_out: bool = False
    cancelled: bool = False
    moved_at: float | None = None
    looks: int = 0
    pending: frozenset[str] = frozenset()
    aliases: dict[str, Any] = field(default_factory=dict)
    trouble: str | None = None
    refused: tuple[str, ...] = ()

    @property
    def live(self) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if step.live)

    @property
    def status(self) -> str:
        """The first status that is not `success`, or `success`."""
        return next((step.status for step in self.steps if step.status != "success"), "success")

    @property
    def ended(self) -> bool:
        return self.phase == "ended"


@dataclass(frozen=True)
class Sight:
    """What one look told of one run. Outputs come with the last look only; `alias` is its name in the session."""

    run_id: str
    status: str
    error: tuple[str, ...] = ()
    machine_id: str | None = None
    started_at: str | None = None
    ended_at: str | None = None
    alias: str | None = None
    outputs: Any = None


@dataclass(frozen=True)
class Looked:
    """The statuses were read at `at`, seconds of any clock that only goes forward."""

    at: float
    sights: tuple[Sight, ...]


@dataclass(frozen=True)
class OutputsRead:
    sights: tuple[Sight, ...]


@dataclass(frozen=True)
class Unanswered:
    """The service could not be asked; it will be asked again."""

    reason: str


@dataclass(frozen=True)
class TimedOut:
    """The time given for following is over. The runs go on."""


@dataclass(frozen=True)
class CancelAsked:
    pass


@dataclass(frozen=True)
class CancelAnswered:
    """One run was asked to end; `refused` says why it was not."""

    run_id: str
    machine_id: str | None = None
    refused: str | None = None


@dataclass(frozen=True)
class Released:
    refused: str | None = None


Event: TypeAlias = Looked | OutputsRead | Unanswered | TimedOut | CancelAsked | CancelAnswered | Released


@dataclass(frozen=True)
class Look:
    """Read the statuses: at once, or when the pace says so."""

    at_once: bool = False


@dataclass(frozen=True)
class ReadOutputs:
    pass


@dataclass(frozen=True)
class CancelRun:
    run_id: str


@dataclass(frozen=True)
class ReleaseSession:
    """End the reservation that the session holds on one of these machines."""

    session_id: str
    machine_ids: tuple[str, ...]


Command: TypeAlias = Look | ReadOutputs | CancelRun | ReleaseSession
Next: TypeAlias = tuple[State, tuple[Command, ...]]


def begin(state: State) -> tuple[Command, ...]:
    """What to ask first."""
    return (Look(at_once=True),) if state.phase == "following" else ()


def advance(state: State, event: Event) -> Next:
    """Take in what happened. An event that does not belong to the phase changes at most what is known of the runs."""
    match event:
        case Looked():
            return _looked(state, event)
        case OutputsRead() if state.phase == "reading":
            return replace(_told(state, event), phase="ended"), ()
        case Unanswered() if state.phase != "ended":
            return replace(state, trouble=event.reason), ()
        case TimedOut() if state.phase == "following":
            return replace(state, timed_out=True, phase="reading"), (ReadOutputs(),)
        case CancelAsked() if state.phase == "following" or _stopped(state):
            return _cancel(state)
        case CancelAnswered() if state.phase == "cancelling" and event.run_id in state.pending:
            return _answered(state, event)
        case Released() if state.phase == "releasing":
            return _settle(replace(state, refused=_with(state.refused, event.refused)))
    return state, ()


def replay(state: State, events: Iterable[Event]) -> State:
    for event in events:
        state, _ = advance(state, event)
    return state


def _stopped(state: State) -> bool:
    """Whether following has only run out of time: the runs can still be cancelled."""
    return state.timed_out and not state.cancelled and state.phase in ("reading", "ended")


def _looked(state: State, event: Looked) -> Next:
    if state.phase == "ended":
        return state, ()
    seen = _told(state, event)
    statuses = [step.status for step in seen.steps]
    if statuses != [step.status for step in state.steps] or state.moved_at is None:
        seen = replace(seen, moved_at=event.at)
    if seen.phase == "following":
        over = not seen.live or _abandoned(seen, event.at)
        return (replace(seen, phase="reading"), (ReadOutputs(),)) if over else (seen, (Look(),))
    if seen.phase == "settling":
        seen = replace(seen, looks=seen.looks + 1)
        over = not seen.live or seen.looks >= LOOKS_AFTER_CANCEL
        return (replace(seen, phase="reading"), (ReadOutputs(),)) if over else (seen, (Look(),))
    return seen, ()


def _abandoned(state: State, now: float) -> bool:
    """Whether a step has failed and the service seems to do nothing about those that wait behind it."""
    waiting = all(step.status == "scheduling" for step in state.live)
    still = state.moved_at is not None and now - state.moved_at >= SETTLE
    return waiting and still and any(step.failed for step in state.steps)


def _told(state: State, event: Looked | OutputsRead) -> State:
    """Take over what was seen. A final status stays, whatever is said later: only a retry changes it, and that is a
    run of its own. Outputs are taken when they come.
    """
    sights = {sight.run_id: sight for sight in event.sights}
    steps = tuple(_seen(step, sights.get(step.run_id)) for step in state.steps)
    ours = {step.run_id for step in steps}
    others = {
        sight.alias: sight.outputs
        for sight in event.sights
        if sight.run_id not in ours and sight.alias and isinstance(event, OutputsRead) and sight.status == "success"
    }
    return replace(state, steps=steps, aliases={**state.aliases, **others}, trouble=None)


def _seen(step: Step, sight: Sight | None) -> Step:
    if sight is None:
        return step
    known = replace(
        step,
        error=sight.error or step.error,
        machine_id=sight.machine_id or step.machine_id,
        started_at=sight.started_at or step.started_at,
        ended_at=sight.ended_at or step.ended_at,
    )
    if step.status in FINAL and sight.status != step.status:
        return step
    outputs = step.outputs if sight.outputs is None else sight.outputs
    return replace(known, status=sight.status, outputs=outputs)


def _cancel(state: State) -> Next:
    """The last step first, so that none of them starts when the running one ends."""
    if not state.live:
        return replace(state, phase="reading"), (ReadOutputs(),)
    pending = frozenset(step.run_id for step in state.live)
    commands = tuple(CancelRun(step.run_id) for step in reversed(state.live))
    return replace(state, phase="cancelling", cancelled=True, pending=pending), commands


def _answered(state: State, event: CancelAnswered) -> Next:
    steps = tuple(
        replace(step, machine_id=event.machine_id or step.machine_id) if step.run_id == event.run_id else step
        for step in state.steps
    )
    state = replace(
        state, steps=steps, pending=state.pending - {event.run_id}, refused=_with(state.refused, event.refused)
    )
    if state.pending:
        return state, ()
    machines = tuple(dict.fromkeys(step.machine_id for step in state.steps if step.machine_id))
    if state.session_id is None or not machines:
        return _settle(state)
    return replace(state, phase="releasing"), (ReleaseSession(state.session_id, machines),)


def _settle(state: State) -> Next:
    return replace(state, phase="settling", looks=0), (Look(at_once=True),)


def _with(said: tuple[str, ...], more: str | None) -> tuple[str, ...]:
    return (*said, more) if more else said
