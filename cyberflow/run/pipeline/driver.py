"""The driver of a pipeline: carries out what the reducer asks for, everything written down first. The only part that
waits; whoever stops iterating has detached, and goes on from the ledger.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from cyberflow.errors import UsageError
from cyberflow.redact import Redactor
from cyberflow.run.pipeline.calls import FunctionCaller
from cyberflow.run.pipeline.commands import CallFunction, PipelineCommand, SubmitJob, WriteEntry
from cyberflow.run.pipeline.reducer import advance, next_due, waiting_entries
from cyberflow.run.pipeline.state import PipelineState
from cyberflow.run.work.dispatch import Collect, EntryUpdate, JobDispatcher, ServiceTrouble, Start
from cyberflow.run.work.entry import LedgerEntry
from cyberflow.run.work.executor import Executor, JobRequest
from cyberflow.run.work.ledger import Ledger
from cyberflow.run.work.policy import next_attempt

ANSWERS_SECONDS = 1.0
"""How often the ledger is asked whether somebody answered."""


@dataclass
class PipelineTools:
    """What a driver works with: `build` makes the request of a command and raises UsageError where it cannot be made;
    `call` runs functions; `collect` fetches files before an end is written down. With `no_wait` it ends when only waits
    are left; `parallel` is the most that is under way at a time; `outcome` is what a simulation answers to a wait.
    """

    executors: Sequence[Executor]
    build: Callable[[SubmitJob], JobRequest]
    call: FunctionCaller
    collect: Collect | None = None
    redactor: Redactor = field(default_factory=Redactor)
    no_wait: bool = False
    parallel: int | None = None
    wall: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    outcome: Callable[[LedgerEntry], Mapping[str, Any] | None] = lambda _: None


class PipelineRun:
    """One go at a pipeline. `is_waiting` says afterwards that only waits were left."""

    def __init__(self, ledger: Ledger, state: PipelineState, tools: PipelineTools) -> None:
        self.ledger = ledger
        self.state = state
        self.is_waiting = False
        self._tools = tools
        self._dispatcher = JobDispatcher(ledger, tools.executors, tools.collect, tools.wall)
        self._calls: dict[asyncio.Task[LedgerEntry], LedgerEntry] = {}

    @property
    def live_count(self) -> int:
        """How many submissions are under way."""
        return self._dispatcher.load

    async def run(self) -> AsyncGenerator[EntryUpdate | ServiceTrouble, None]:
        """Go on until nothing can be done any more. Raises ApiError and Unreachable when the service refuses everything
        or cannot be asked, CyberflowError when the ledger cannot be written.
        """
        try:
            while True:
                for update in self._do_next():
                    yield update
                pause = self._pause()
                if not self._is_busy and (pause is None or self._tools.no_wait):
                    self.is_waiting = pause is not None
                    return
                for update in await self._wait(pause):
                    self.state.apply(update.entry)
                    yield update
                for trouble in self._dispatcher.troubles():
                    yield trouble
        finally:
            await self._dispatcher.close()
            for call in self._calls:
                call.cancel()
            await asyncio.gather(*self._calls, return_exceptions=True)

    async def cancel(self) -> None:
        """Cancel everything that is under way."""
        for update in await self._dispatcher.cancel():
            self.state.apply(update.entry)

    @property
    def _is_busy(self) -> bool:
        return bool(self._dispatcher.load or self._calls)

    def _pause(self) -> float | None:
        """Seconds until something is due or may have been answered, None when nothing is waited for."""
        due = next_due(self.state)
        signals = any("question" in entry.facts for entry in waiting_entries(self.state))
        if due is None and not signals:
            return None
        left = ANSWERS_SECONDS if due is None else max(0.0, due - self._tools.wall())
        return min(left, ANSWERS_SECONDS) if signals else left

    async def _wait(self, pause: float | None) -> list[EntryUpdate]:
        if not self._is_busy:
            await self._tools.sleep(pause or 0.0)
            return []
        updates = await self._dispatcher.wait(*self._calls, timeout=pause)
        ended = [(self._calls.pop(task), task.result()) for task in list(self._calls) if task.done()]
        calls = [EntryUpdate(entry, before.display_status) for before, entry in ended]
        self._dispatcher.save(calls)
        return [*updates, *calls]

    def _do_next(self) -> list[EntryUpdate]:
        """Do what can be done now; all of it is written down at once, before anything is sent."""
        turn = _Round()
        while True:
            waits = waiting_entries(self.state)
            if waits:
                self.state.answers = {**self._script_answers(waits), **self.ledger.answers()}
            commands = list(advance(self.state, self.ledger.head.invocation, self._tools.wall()))
            if not commands:
                self.state.settle()
            if not self._take(commands, turn):
                break
        updates = self._dispatcher.send(turn.starts, turn.updates)
        for entry, request in turn.follows:
            self._dispatcher.follow(entry, request)
        for command in turn.calls:
            calling = asyncio.create_task(self._tools.call(command, self._tools.wall))
            self._calls[calling] = command.entry
        return updates

    def _script_answers(self, waits: Sequence[LedgerEntry]) -> dict[str, dict[str, Any]]:
        """What a simulation answers, without waiting."""
        found = ((entry, self._tools.outcome(entry)) for entry in waits)
        now = self._tools.wall()
        return {
            entry.id: {"outputs": outcome.get("outputs") or {}, "who": "simulation", "at": now, **_failure(outcome)}
            for entry, outcome in found
            if outcome is not None
        }

    def _apply_script(self, entry: LedgerEntry) -> LedgerEntry:
        """A pipeline that a step begins, over at once where a simulation says how it ends."""
        begins = entry.kind == "pipeline" and entry.stage == "accepted"
        outcome = self._tools.outcome(entry) if begins else None
        if outcome is None:
            return entry
        status, error = outcome.get("status") or "success", outcome.get("error")
        outputs = (outcome.get("outputs") or {}) if status == "success" else None
        facts = {**entry.facts, "ended_at": self._tools.wall()}
        return replace(entry, stage="ended", status=status, outputs=outputs, error=error and str(error), facts=facts)

    def _take(self, commands: Sequence[PipelineCommand], turn: _Round) -> bool:
        """Take in commands; whether there were any."""
        took = False
        for command in commands:
            if isinstance(command, WriteEntry):
                self._write(self._apply_script(command.entry), turn)
            elif isinstance(command, CallFunction):
                self._write(command.entry, turn)
                turn.calls.append(command)
            elif self._has_room(turn):
                self._submit(command, turn)
            else:
                continue
            took = True
        return took

    def _has_room(self, turn: _Round) -> bool:
        most = self._tools.parallel
        return most is None or self._dispatcher.load + len(turn.starts) + len(turn.follows) < most

    def _write(self, entry: LedgerEntry, turn: _Round) -> None:
        known = self.state.entries.get(entry.id)
        clean = replace(entry, error=entry.error and self._tools.redactor.text(entry.error))
        self.state.apply(clean)
        turn.updates.append(EntryUpdate(clean, known.display_status if known else "waiting"))

    def _submit(self, command: SubmitJob, turn: _Round) -> None:
        entry, before = command.entry, command.entry.display_status
        try:
            request = self._tools.build(command)
        except UsageError as error:
            self._write(replace(entry, stage="refused", error=error.message), turn)
            return
        if command.action == "follow":
            self.state.apply(entry)
            turn.follows.append((entry, request))
            return
        if command.action == "expired" and entry.kind != "task":
            self._write(replace(entry, stage="unknown"), turn)
            return
        repeated = command.action in ("repeat", "expired")
        start = entry if repeated else next_attempt(entry, self.ledger.head.invocation, self._tools.wall())
        self.state.apply(start)
        turn.starts.append(Start(start, request, before, repeated=repeated))


def _failure(outcome: Mapping[str, Any]) -> dict[str, Any]:
    """How a scripted wait fails, where it does."""
    if outcome.get("status", "success") == "success":
        return {}
    return {"status": outcome["status"], "error": str(outcome.get("error") or "nobody answered in time")}


@dataclass
class _Round:
    """What is done in one go."""

    updates: list[EntryUpdate] = field(default_factory=list)
    starts: list[Start] = field(default_factory=list)
    follows: list[tuple[LedgerEntry, JobRequest]] = field(default_factory=list)
    calls: list[CallFunction] = field(default_factory=list)
