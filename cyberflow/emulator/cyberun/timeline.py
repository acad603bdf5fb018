"""The state of a simulated task at an instant: a function of its course, its start, a cancel, and the clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cyberflow.emulator.contract.clock import instant

FINAL_STATUSES = ("completed", "failed", "cancelled")
DEFAULT_PHASES = (("pending", 0.1), ("waiting", 0.1), ("provisioning", 0.1), ("queued", 0.1))
RUNNING = "running"


@dataclass(frozen=True)
class SimulatedTaskState:
    """`progress` is that of the present stretch of running, from 0 to 1."""

    status: str
    started_at: datetime | None = None
    completed_at: datetime | None = None
    progress: float | None = None
    retries: int = 0

    @property
    def is_over(self) -> bool:
        return self.completed_at is not None


@dataclass(frozen=True)
class _Phase:
    status: str
    starts_at: datetime
    ends_at: datetime | None


def state_at(task: Mapping[str, Any], now: datetime) -> SimulatedTaskState:
    """Read a task's document at an instant."""
    phases = _phases(task)
    natural = phases[-1].ends_at
    stopped = _stop_time(task, phases)
    in_time = stopped is not None and (natural is None or stopped < natural)
    end, last = (stopped, "cancelled") if in_time else (natural, task["end"])
    begun = [phase for phase in phases if phase.starts_at <= now and (end is None or phase.starts_at < end)]
    runs = [phase for phase in begun if phase.status == RUNNING]
    started, retries = (runs[0].starts_at if runs else None), max(0, len(runs) - 1)
    if end is not None and now >= end:
        return SimulatedTaskState(last, started, end if last in FINAL_STATUSES else None, retries=retries)
    at = begun[-1]
    progress = None
    if at.status == RUNNING and at.ends_at is not None:
        progress = (now - at.starts_at) / max(at.ends_at - at.starts_at, timedelta(microseconds=1))
    return SimulatedTaskState(at.status, started, progress=progress, retries=retries)


def next_change(task: Mapping[str, Any], now: datetime) -> datetime | None:
    """When a task is next in another state; None for one that is over, or stays as it is for ever."""
    phases = _phases(task)
    ends = [phase.ends_at for phase in phases if phase.ends_at is not None and phase.ends_at > now]
    stopped = _stop_time(task, phases)
    ends += [stopped] if stopped is not None and stopped > now else []
    return None if state_at(task, now).is_over else min(ends, default=None)


def _phases(task: Mapping[str, Any]) -> list[_Phase]:
    phases: list[_Phase] = []
    at = instant(task["created_at"])
    for status, seconds in task["course"]:
        ends = None if seconds is None else at + timedelta(seconds=seconds)
        phases.append(_Phase(status, at, ends))
        if ends is None:
            break
        at = ends
    return phases or [_Phase("pending", at, at)]


def _stop_time(task: Mapping[str, Any], phases: list[_Phase]) -> datetime | None:
    """When a cancel takes effect: at once, but that what runs has to hear of it first."""
    if task["cancelled_at"] is None:
        return None
    asked = instant(task["cancelled_at"])
    at = [phase for phase in phases if phase.starts_at <= asked][-1]
    return asked + timedelta(seconds=task["abort"]) if at.status == RUNNING else asked
