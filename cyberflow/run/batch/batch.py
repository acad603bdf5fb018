"""A batch: a chain for each row, sent a few at a time and followed together, every step of the way in the ledger first.
Who is killed anywhere goes on from the ledger; no row is sent twice but under the key it had.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cyberflow.client.http.errors import ApiError
from cyberflow.run.chain.request import RunRequest
from cyberflow.run.work.executor import Executor
from cyberflow.run.work.ledger import Ledger, LedgerEntry
from cyberflow.run.work.policy import CircuitBreaker, Limits, RetryPolicy, RowAction, next_action


@dataclass(frozen=True)
class RowUpdate:
    """Something that happened to a row: it was `before`, and is now as `entry` says."""

    entry: LedgerEntry
    before: str


@dataclass(frozen=True)
class ServiceTrouble:
    """The service does not answer, or wants to be asked later; it is asked again."""

    reason: str


@dataclass
class Batch:
    """A batch going on. `rows` gives each row of the file with its request, in order. `halted` says afterwards why
    rows were not sent.
    """

    ledger: Ledger
    rows: Iterator[tuple[int, RunRequest]]
    executor: Executor
    limits: Limits
    retry: RetryPolicy
    wall: Callable[[], float] = time.time
    halt_reason: str | None = None

    def __post_init__(self) -> None:
        self._breaker = CircuitBreaker(self.limits, self.ledger.head.total)
        self._breaker.restore(self.ledger.entries())
        self._sends: dict[asyncio.Task[LedgerEntry], tuple[LedgerEntry, RunRequest]] = {}
        self._live: dict[int, LedgerEntry] = {}
        self._next: tuple[int, RunRequest] | None = None

    async def run(self) -> AsyncGenerator[RowUpdate | ServiceTrouble, None]:
        """Go on until nothing more can be sent and nothing is live. Whoever stops iterating has detached.

        Raises ApiError and Unreachable when the service refuses all rows, or cannot be asked for longer than the
        patience; CyberflowError when the ledger cannot be written.
        """
        look: asyncio.Task[list[LedgerEntry]] | None = None
        try:
            while True:
                for turn in self._refill():
                    yield turn
                if look is None and self._live:
                    look = asyncio.create_task(self.executor.poll())
                tasks = [*self._sends, *([look] if look else [])]
                if not tasks:
                    return
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                turns = self._take_answers([task for task in self._sends if task in done])
                if look is not None and look in done:
                    turns += self._finish_rows(look.result())
                    look = None
                for turn in turns:
                    yield turn
                for reason in self._drain_troubles():
                    yield ServiceTrouble(reason)
        finally:
            await _cancel_all([*self._sends, *([look] if look else [])])

    def _refill(self) -> list[RowUpdate]:
        """Send as many rows as there is room for, and write down first which."""
        starts: list[tuple[LedgerEntry, RunRequest, bool]] = []
        turns: list[RowUpdate] = []
        while len(self._sends) + len(self._live) + len(starts) < self.limits.parallel:
            if (taken := self._next_row()) is None:
                break
            entry, action, request = taken
            if action == "follow":
                self._begin(entry, request)
            elif action == "expired":
                turns.append(self._update(entry, replace(entry, stage="unknown")))
            else:
                fresh = LedgerEntry(entry.number, "sending", entry.attempt + 1, self.wall())
                start = entry if action == "repeat" else fresh
                starts.append((start, request, action == "repeat"))
                turns.append(RowUpdate(start, entry.display_status))
        self._save(turns)
        for entry, request, repeated in starts:
            sending = self._submit(entry, request, repeated=repeated)
            self._sends[asyncio.create_task(sending)] = (entry, request)
        return turns

    async def _submit(self, entry: LedgerEntry, request: RunRequest, *, repeated: bool) -> LedgerEntry:
        key = self.ledger.key(entry.number, entry.attempt)
        return await self.executor.submit(entry, request, key, repeated=repeated)

    def _next_row(self) -> tuple[LedgerEntry, RowAction, RunRequest] | None:
        """The next row that there is something to do with, in the order of the file."""
        while True:
            if self._next is None:
                self._next = next(self.rows, None)
            if self._next is None:
                return None
            number, request = self._next
            entry = self.ledger.entry(number)
            action = next_action(entry, self.retry, self.wall())
            if action in ("send", "repeat") and (why := self._breaker.refusal_reason(number)):
                self.halt_reason = why
                return None
            self._next, self.halt_reason = None, None
            if action != "leave":
                return entry, action, request

    def _take_answers(self, done: Sequence[asyncio.Task[LedgerEntry]]) -> list[RowUpdate]:
        """Take in the answers to submissions. One that speaks of the whole batch is raised when the others are kept."""
        turns: list[RowUpdate] = []
        refusal: BaseException | None = None
        for task in done:
            entry, request = self._sends.pop(task)
            if (error := task.exception()) is not None:
                refusal = error
                unsent = isinstance(error, ApiError) and error.nothing_was_made
                turns.append(RowUpdate(replace(entry, stage="waiting") if unsent else entry, entry.display_status))
                continue
            answer = task.result()
            if answer.stage == "accepted":
                self._begin(answer, request)
            turns.append(self._update(entry, answer))
        self._save(turns)
        if refusal is not None:
            raise refusal
        return turns

    def _begin(self, entry: LedgerEntry, request: RunRequest) -> None:
        self._live[entry.number] = entry
        self.executor.follow(entry, request)

    def _finish_rows(self, ended: Iterable[LedgerEntry]) -> list[RowUpdate]:
        turns = [self._update(self._live.pop(entry.number), entry) for entry in ended]
        self._save(turns)
        return turns

    def _update(self, before: LedgerEntry, after: LedgerEntry) -> RowUpdate:
        self._breaker.record(after)
        return RowUpdate(after, before.display_status)

    def _save(self, turns: Sequence[RowUpdate]) -> None:
        if turns:
            with self.ledger.transaction():
                self.ledger.write([turn.entry for turn in turns])

    def _drain_troubles(self) -> list[str]:
        troubles = list(self.executor.troubles)
        self.executor.troubles.clear()
        return troubles


async def _cancel_all(tasks: Sequence[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
