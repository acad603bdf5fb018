"""A batch: a chain for each row, sent a few at a time and followed together, every step of the way in the ledger first.
Who is killed anywhere goes on from the ledger; no row is sent twice but under the key it had.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Iterator
from dataclasses import dataclass, replace

from cyberflow.run.chain.request import RunRequest
from cyberflow.run.work.dispatch import EntryUpdate, JobDispatcher, ServiceTrouble, Start
from cyberflow.run.work.entry import LedgerEntry
from cyberflow.run.work.executor import Executor
from cyberflow.run.work.ledger import Ledger
from cyberflow.run.work.policy import CircuitBreaker, EntryAction, Limits, RetryPolicy, next_action, next_attempt


@dataclass
class Batch:
    """A batch going on. `rows` gives each row of the file with its request, in order. `halt_reason` says afterwards why
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
        self._dispatcher = JobDispatcher(self.ledger, [self.executor])
        self._next: tuple[int, RunRequest] | None = None

    async def run(self) -> AsyncGenerator[EntryUpdate | ServiceTrouble, None]:
        """Go on until nothing more can be sent and nothing is live. Whoever stops iterating has detached.

        Raises ApiError and Unreachable when the service refuses all rows, or cannot be asked for longer than the
        patience; CyberflowError when the ledger cannot be written.
        """
        dispatcher = self._dispatcher
        try:
            while True:
                for turn in self._refill():
                    yield turn
                if not dispatcher.load:
                    return
                for turn in await dispatcher.wait():
                    if turn.entry.is_over:
                        self._breaker.record(turn.entry)
                    yield turn
                for trouble in dispatcher.troubles():
                    yield trouble
        finally:
            await dispatcher.close()

    @property
    def load(self) -> int:
        """How many rows are under way."""
        return self._dispatcher.load

    async def cancel(self) -> None:
        """Cancel the chains that are followed here."""
        await self._dispatcher.cancel()

    def _refill(self) -> list[EntryUpdate]:
        """Send as many rows as there is room for, and write down first which."""
        starts: list[Start] = []
        updates: list[EntryUpdate] = []
        while self._dispatcher.load + len(starts) < self.limits.parallel:
            if (taken := self._next_row()) is None:
                break
            entry, action, request = taken
            if action == "follow":
                self._dispatcher.follow(entry, request)
            elif action == "expired":
                lost = replace(entry, stage="unknown")
                self._breaker.record(lost)
                updates.append(EntryUpdate(lost, entry.display_status))
            else:
                entry, before = replace(entry, kind=request.kind), entry.display_status
                start = entry if action == "repeat" else next_attempt(entry, self.ledger.head.invocation, self.wall())
                starts.append(Start(start, request, before, repeated=action == "repeat"))
        return self._dispatcher.send(starts, updates)

    def _next_row(self) -> tuple[LedgerEntry, EntryAction, RunRequest] | None:
        """The next row that there is something to do with, in the order of the file."""
        while True:
            if self._next is None:
                self._next = next(self.rows, None)
            if self._next is None:
                return None
            number, request = self._next
            entry = self.ledger.row(number)
            action = next_action(entry, self.retry, self.wall())
            if action in ("send", "repeat") and (why := self._breaker.refusal_reason(number)):
                self.halt_reason = why
                return None
            self._next, self.halt_reason = None, None
            if action != "leave":
                return entry, action, request
