"""The nouns of a chain that was submitted: its state, its events, and the commands to the service. All are frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from cyberflow.client.cyberdesk.wire import is_live

Phase = Literal["following", "cancelling", "releasing", "settling", "reading", "ended"]


@dataclass(frozen=True)
class StepRun:
    """One run of a chain. A status that is not final is live, whatever it says. `message` is what its agent said last,
    where it was asked for.
    """

    id: str
    workflow: str
    run_id: str
    status: str = "scheduling"
    outputs: Any = None
    error: tuple[str, ...] = ()
    machine_id: str | None = None
    started_at: str | None = None
    ended_at: str | None = None
    message: str | None = None

    @property
    def is_live(self) -> bool:
        return is_live(self.status)

    @property
    def has_failed(self) -> bool:
        return not self.is_live and self.status != "success"


@dataclass(frozen=True)
class ChainState:
    """A chain as far as it is known. `outputs` holds the refs of its result, None for a single run's own outputs.

    `submitted_at` is when it was sent, seconds of the clock that follows it, None where another process sent it;
    `moved_at` is when a status last changed; `aliases` are outputs of the session's other runs, by alias;
    `output_schemas` are those of the steps that declare outputs, by step; `trouble` says why the service could not be
    asked last time; `refused` are requests to cancel it did not follow.
    """

    name: str
    steps: tuple[StepRun, ...]
    session_id: str | None = None
    outputs: Mapping[str, Any] | None = None
    phase: Phase = "following"
    timed_out: bool = False
    cancelled: bool = False
    submitted_at: float | None = field(default=None, compare=False)
    moved_at: float | None = None
    looks: int = 0
    pending: frozenset[str] = frozenset()
    aliases: Mapping[str, Any] = field(default_factory=dict)
    trouble: str | None = None
    output_schemas: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)
    refused: tuple[str, ...] = ()

    @property
    def live_steps(self) -> tuple[StepRun, ...]:
        return tuple(step for step in self.steps if step.is_live)

    @property
    def status(self) -> str:
        """The first status that is not `success`, or `success`."""
        return next((step.status for step in self.steps if step.status != "success"), "success")

    @property
    def has_ended(self) -> bool:
        return self.phase == "ended"

    @property
    def run_times(self) -> dict[str, Any]:
        """When each run began and ended, by its id: one that is started again has others."""
        return {step.run_id: {"started_at": step.started_at, "ended_at": step.ended_at} for step in self.steps}


@dataclass(frozen=True)
class RunStatus:
    """The status of one run, as one request read it. Outputs come with the last look only; `alias` is its name in the
    session.
    """

    run_id: str
    status: str
    error: tuple[str, ...] = ()
    machine_id: str | None = None
    started_at: str | None = None
    ended_at: str | None = None
    alias: str | None = None
    outputs: Any = None
    message: str | None = None


@dataclass(frozen=True)
class StatusesRead:
    """The statuses were read at `at`, seconds of any clock that only goes forward."""

    at: float
    statuses: tuple[RunStatus, ...]


@dataclass(frozen=True)
class OutputsRead:
    statuses: tuple[RunStatus, ...]


@dataclass(frozen=True)
class Unanswered:
    """The service could not be asked; it will be asked again."""

    reason: str


@dataclass(frozen=True)
class TimedOut:
    """The time given for following is over. The runs go on, unless they are to be cancelled then."""

    cancel: bool = False


@dataclass(frozen=True)
class GivenUp:
    """Nothing more is asked: the time given is over, and the grace after it."""

    reason: str


@dataclass(frozen=True)
class CancelRequested:
    pass


@dataclass(frozen=True)
class CancelAnswered:
    """One run was asked to end; `refused` says why it was not."""

    run_id: str
    refused: str | None = None


@dataclass(frozen=True)
class SessionReleased:
    refused: str | None = None


Event: TypeAlias = (
    StatusesRead | OutputsRead | Unanswered | TimedOut | GivenUp | CancelRequested | CancelAnswered | SessionReleased
)


@dataclass(frozen=True)
class ReadStatuses:
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
    """End the reservation that the session holds on its machine."""

    session_id: str


Command: TypeAlias = ReadStatuses | ReadOutputs | CancelRun | ReleaseSession
