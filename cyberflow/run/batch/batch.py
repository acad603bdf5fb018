"""Many rows, one chain each: sent a few at a time, followed together, every step of the way in the ledger first. Who is
killed anywhere goes on from the ledger; no row is sent twice but under the key it had.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cyberflow.client.http.errors import ApiError
from cyberflow.run.batch.executor import Hands
from cyberflow.run.batch.ledger import Entry, Ledger
from cyberflow.run.batch.policy import Choice, Course, Gate, Limits, course
from cyberflow.run.chain.request import Submission


@dataclass(frozen=True)
class Turn:
    """Something that happened to a row: it was `before`, and is now as `entry` says."""

    entry: Entry
    before: str


@dataclass(frozen=True)
class Trouble:
    """The service does not answer, or wants to be asked later; it is asked again."""

    reason: str


@dataclass
class Batch:
    """One go at a batch. `rows` gives each row of the file with its submission, in order. `halted` says afterwards why
    rows were not sent.
    """

    ledger: Ledger
    rows: Iterator[tuple[int, Submission]]
    hands: Hands
    limits: Limits
    choice: Choice
    wall: Callable[[], float] = time.time
    halted: str | None = None

    def __post_init__(self) -> None:
        self._gate = Gate(self.limits, self.ledger.head.total)
        self._gate.remember(self.ledger.entries())
        self._sends: dict[asyncio.Task[Entry], tuple[Entry, Submission]] = {}
        self._live: dict[int, Entry] = {}
        self._next: tuple[int, Submission] | None = None

    async def run(self) -> AsyncGenerator[Turn | Trouble, None]:
        """Go on until nothing more can be sent and nothing is live. Whoever stops iterating has detached.

        Raises ApiError and Unreachable when the service refuses all rows, or cannot be asked for longer than the
        patience; CyberflowError when the ledger cannot be written.
        """
        look: asyncio.Task[list[Entry]] | None = None
        try:
            while True:
                for turn in self._refill():
                    yield turn
                if look is None and self._live:
                    look = asyncio.create_task(self.hands.look())
                tasks = [*self._sends, *([look] if look else [])]
                if not tasks:
                    return
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                turns = self._answered([task for task in self._sends if task in done])
                if look is not None and look in done:
                    turns += self._over(look.result())
                    look = None
                for turn in turns:
                    yield turn
                for reason in self._told():
                    yield Trouble(reason)
        finally:
            await _end([*self._sends, *([look] if look else [])])

    def _refill(self) -> list[Turn]:
        """Send as many rows as there is room for, and write down first which."""
        starts: list[tuple[Entry, Submission, bool]] = []
        turns: list[Turn] = []
        while len(self._sends) + len(self._live) + len(starts) < self.limits.parallel:
            if (taken := self._take()) is None:
                break
            entry, doing, submission = taken
            if doing == "follow":
                self._begin(entry, submission)
            elif doing == "expired":
                turns.append(self._turn(entry, replace(entry, stage="unknown")))
            else:
                fresh = Entry(entry.number, "sending", entry.attempt + 1, self.wall())
                start = entry if doing == "repeat" else fresh
                starts.append((start, submission, doing == "repeat"))
                turns.append(Turn(start, entry.shown))
        self._keep(turns)
        for entry, submission, repeated in starts:
            sending = self._submit(entry, submission, repeated=repeated)
            self._sends[asyncio.create_task(sending)] = (entry, submission)
        return turns

    async def _submit(self, entry: Entry, submission: Submission, *, repeated: bool) -> Entry:
        key = self.ledger.key(entry.number, entry.attempt)
        return await self.hands.submit(entry, submission, key, repeated=repeated)

    def _take(self) -> tuple[Entry, Course, Submission] | None:
        """The next row that there is something to do with, in the order of the file."""
        while True:
            if self._next is None:
                self._next = next(self.rows, None)
            if self._next is None:
                return None
            number, submission = self._next
            entry = self.ledger.entry(number)
            doing = course(entry, self.choice, self.wall())
            if doing in ("send", "repeat") and (why := self._gate.shut(number)):
                self.halted = why
                return None
            self._next, self.halted = None, None
            if doing != "leave":
                return entry, doing, submission

    def _answered(self, done: Sequence[asyncio.Task[Entry]]) -> list[Turn]:
        """Take in the answers to submissions. One that speaks of the whole batch is raised when the others are kept."""
        turns: list[Turn] = []
        refusal: BaseException | None = None
        for task in done:
            entry, submission = self._sends.pop(task)
            if (error := task.exception()) is not None:
                refusal = error
                unsent = isinstance(error, ApiError) and not error.lost
                turns.append(Turn(replace(entry, stage="waiting") if unsent else entry, entry.shown))
                continue
            answer = task.result()
            if answer.stage == "accepted":
                self._begin(answer, submission)
            turns.append(self._turn(entry, answer))
        self._keep(turns)
        if refusal is not None:
            raise refusal
        return turns

    def _begin(self, entry: Entry, submission: Submission) -> None:
        self._live[entry.number] = entry
        self.hands.follow(entry, submission)

    def _over(self, ended: Iterable[Entry]) -> list[Turn]:
        turns = [self._turn(self._live.pop(entry.number), entry) for entry in ended]
        self._keep(turns)
        return turns

    def _turn(self, before: Entry, after: Entry) -> Turn:
        self._gate.note(after)
        return Turn(after, before.shown)

    def _keep(self, turns: Sequence[Turn]) -> None:
        if turns:
            with self.ledger.together():
                self.ledger.write([turn.entry for turn in turns])

    def _told(self) -> list[str]:
        told = list(self.hands.troubles)
        self.hands.troubles.clear()
        return told


async def _end(tasks: Sequence[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
