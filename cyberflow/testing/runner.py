"""Runs cases, on every core where there are many, and gives their verdicts in the order of the cases."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Protocol, TypeAlias

from cyberflow.diagnostics import Diagnostic
from cyberflow.errors import CyberflowError
from cyberflow.source import Place
from cyberflow.testing.play import Played, PlayScript, play
from cyberflow.testing.stage import Stage
from cyberflow.testing.verdicts import Failure, Verdict

Run: TypeAlias = Callable[[Coroutine[Any, Any, Played]], Played]
FEWEST = 24
"""Cases for which another process is worth its start."""


class ScriptJudge(Protocol):
    """Who says what came of a run, and for which test."""

    @property
    def name(self) -> str: ...
    @property
    def test(self) -> str: ...
    @property
    def place(self) -> Place: ...
    def judge(self, played: Played) -> tuple[Failure, ...]: ...
    def warn(self, played: Played) -> tuple[Diagnostic, ...]: ...


@dataclass(frozen=True)
class Job:
    """One script to be played, who judges it, and the target whose stage it is played on."""

    judge: ScriptJudge
    script: PlayScript
    target: str


def run_jobs(jobs: Sequence[Job], stages: Mapping[str, Stage], processes: int | None = None) -> Iterator[Verdict]:
    """Run every job. `processes` is how many may work at once: by default one for each core, where it is worth it."""
    most = processes or min(count_cores(), len(jobs) // FEWEST)
    if sys.platform != "linux" and any(stage.pipelines is not None for stage in stages.values()):
        most = 1  # what calls functions of the project stays in the process that read it
    if most > 1:
        with asyncio.Runner() as runner:  # what the first case has loaded and compiled, every process then has
            first = run_job(jobs[0], stages[jobs[0].target], runner.run)
        from cyberflow.testing.workers import Workers

        rest = Workers(_run_in_worker, _lose, _begin_worker, (stages,)).map(jobs[1:], most)
        second = list(islice(rest, 1))  # the processes are begun before whoever is told of a verdict begins a thread
        yield first
        yield from second
        yield from rest
        return
    with asyncio.Runner() as runner:
        for job in jobs:
            yield run_job(job, stages[job.target], runner.run)


def run_job(job: Job, stage: Stage, run: Run) -> Verdict:
    """Play one script and judge it."""
    judge, begun = job.judge, time.perf_counter()
    made = _verdict(job)
    try:
        played: Played = run(play(stage, job.script))
    except CyberflowError as error:
        return replace(made, trouble=error.message, seconds=time.perf_counter() - begun)
    found, warnings = judge.judge(played), judge.warn(played)
    return replace(made, failures=found, warnings=warnings, played=played, seconds=time.perf_counter() - begun)


def _verdict(job: Job) -> Verdict:
    return Verdict(job.judge.name, job.judge.test, job.script.run, job.judge.place)


def _lose(job: Job) -> Verdict:
    trouble = "the process that ran it was ended, by the system for want of memory or by the project's own code"
    return replace(_verdict(job), trouble=trouble)


def count_cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass
class _Worker:
    """What a process that runs cases has at hand."""

    stages: Mapping[str, Stage]
    runner: asyncio.Runner


_WORKERS: list[_Worker] = []


def _begin_worker(stages: Mapping[str, Stage]) -> None:
    _WORKERS[:] = [_Worker(stages, asyncio.Runner())]


def _run_in_worker(job: Job) -> Verdict:
    worker = _WORKERS[0]
    return run_job(job, worker.stages[job.target], worker.runner.run)
