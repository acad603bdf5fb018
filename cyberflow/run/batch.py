"""Many rows, one chain each: sent a few at a time, followed together, every step of the way in the ledger first. Who is
killed anywhere goes on from the ledger; no row is sent twice but under the key it had.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from cyberflow.run.chain import advance
from cyberflow.run.course import KEY_LIFE, Choice, Course, Gate, Limits, course
from cyberflow.run.events import Event, State, Step, Unanswered
from cyberflow.run.ledger import Entry, Ledger
from cyberflow.run.redact import Redactor
from cyberflow.run.request import Submission
from cyberflow.run.result import result_of
from cyberflow.run.submission import send
from cyberflow.run.sweep import Sweep
from cyberflow.run.watch import Silence, Watch
from cyberflow.service import ApiError, Unreachable

if TYPE_CHECKING:
    from cyberflow.service import Cyberdesk

OF_THE_ROW = frozenset({400, 413, 422})
"""Answers that speak of the row: it is refused, and the others go on."""
OF_THE_BATCH = frozenset({401, 402, 403, 404})
"""Answers that every other row would get too."""
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 60.0


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
    """One go at a batch. `rows` gives each row of the file with its submission, in order; `prepare` is called with a
    key before it is used for the first time. `halted` says afterwards why rows were not sent.
    """

    desk: Cyberdesk
    ledger: Ledger
    rows: Iterator[tuple[int, Submission]]
    limits: Limits
    choice: Choice
    watch: Watch
    redactor: Redactor = field(default_factory=Redactor)
    prepare: Callable[[str], Awaitable[None]] | None = None
    wall: Callable[[], float] = time.time
    halted: str | None = None

    def __post_init__(self) -> None:
        self._sweep = Sweep(self.desk)
        self._silence = Silence(self.watch)
        self._gate = Gate(self.limits, self.ledger.head.total)
        self._gate.remember(self.ledger.entries())
        self._sends: dict[asyncio.Task[Entry], tuple[Entry, Submission]] = {}
        self._live: dict[int, State] = {}
        self._entries: dict[int, Entry] = {}
        self._next: tuple[int, Submission] | None = None
        self._wait = self.watch.pace.first
        self._troubles: list[Trouble] = []

    @property
    def live(self) -> list[State]:
        """What is being followed."""
        return list(self._live.values())

    async def run(self) -> AsyncGenerator[Turn | Trouble, None]:
        """Go on until nothing more can be sent and nothing is live. Whoever stops iterating has detached.

        Raises ApiError and Unreachable when the service refuses all rows, or cannot be asked for longer than the
        patience; CyberflowError when the ledger cannot be written.
        """
        look: asyncio.Task[Mapping[int, Event] | Unanswered] | None = None
        try:
            while True:
                for turn in self._refill():
                    yield turn
                if look is None and self._live:
                    look = asyncio.create_task(self._look())
                tasks = [*self._sends, *([look] if look else [])]
                if not tasks:
                    return
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                turns = self._answered([task for task in self._sends if task in done])
                if look is not None and look in done:
                    turns += await self._seen(look.result())
                    look = None
                for turn in turns:
                    yield turn
                for trouble in self._told():
                    yield trouble
        finally:
            await _end([*self._sends, *([look] if look else [])])

    def _refill(self) -> list[Turn]:
        """Send as many rows as there is room for, and write down first which."""
        starts: list[tuple[Entry, Submission]] = []
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
                starts.append((start, submission))
                turns.append(Turn(start, entry.shown))
        self._keep(turns)
        for entry, submission in starts:
            self._sends[asyncio.create_task(self._send(entry, submission))] = (entry, submission)
        return turns

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

    async def _send(self, entry: Entry, submission: Submission) -> Entry:
        """Submit until there is an answer that counts, or the key is too old to be used again."""
        key = self.ledger.key(entry.number, entry.attempt)
        if self.prepare is not None:
            await self.prepare(key)
        pause = FIRST_PAUSE
        while True:
            wait = pause
            try:
                session_id, run_ids = await send(self.desk, submission, key)
            except ApiError as error:
                if error.status in OF_THE_ROW:
                    return replace(entry, stage="refused", error=self.redactor.text(str(error)))
                if error.status in OF_THE_BATCH:
                    raise
                wait = max(pause, error.retry_after or 0.0)
                self._troubles.append(Trouble(str(error)))
            except Unreachable as error:
                self._troubles.append(Trouble(str(error)))
            else:
                return replace(entry, stage="accepted", session_id=session_id, run_ids=tuple(run_ids))
            if self.wall() - (entry.sent_at or 0.0) + wait >= KEY_LIFE:
                return replace(entry, stage="unknown")
            await self.watch.sleep(wait)
            pause = min(pause * 2, LONGEST_PAUSE)

    def _answered(self, done: Sequence[asyncio.Task[Entry]]) -> list[Turn]:
        """Take in the answers to submissions. One that speaks of the whole batch is raised when the others are kept."""
        turns: list[Turn] = []
        refusal: BaseException | None = None
        for task in done:
            entry, submission = self._sends.pop(task)
            if (error := task.exception()) is not None:
                refusal = error
                turns.append(Turn(replace(entry, stage="waiting"), entry.shown))
                continue
            answer = task.result()
            if answer.stage == "accepted" and len(answer.run_ids) != len(submission.steps):
                text = f"the service made {len(answer.run_ids)} runs for {len(submission.steps)} steps"
                answer = replace(answer, stage="refused", error=text)
            if answer.stage == "accepted":
                self._begin(answer, submission)
            turns.append(self._turn(entry, answer))
        self._keep(turns)
        if refusal is not None:
            raise refusal
        return turns

    def _begin(self, entry: Entry, submission: Submission) -> None:
        """Follow a row that was accepted."""
        pairs = zip(submission.steps, entry.run_ids, strict=True)
        steps = tuple(Step(id, workflow, run) for (id, workflow), run in pairs)
        self._live[entry.number] = State(submission.name, steps, entry.session_id, submission.outputs)
        self._entries[entry.number] = entry

    async def _look(self) -> Mapping[int, Event] | Unanswered:
        """Wait as long as the pace says, then look at everything that is live by then."""
        await self.watch.sleep(self._wait)
        try:
            found = await self._sweep.look(dict(self._live), self.watch.clock())
        except (ApiError, Unreachable) as error:
            return self._silence.of(error)
        self._silence.end()
        return found

    async def _seen(self, found: Mapping[int, Event] | Unanswered) -> list[Turn]:
        """Take a look in; read the outputs of what has ended, and write it down."""
        pace = self.watch.pace
        if isinstance(found, Unanswered):
            self._wait = pace.last
            self._troubles.append(Trouble(found.reason))
            return []
        before = {number: state.status for number, state in self._live.items()}
        self._advance(found)
        moved = any(state.status != before[number] for number, state in self._live.items())
        self._wait = pace.first if moved else min(self._wait * pace.growth, pace.last)
        over = {number: state for number, state in self._live.items() if state.phase == "reading"}
        if over:
            try:
                self._advance(await self._sweep.read(over))
            except (ApiError, Unreachable) as error:
                self._troubles.append(Trouble(self._silence.of(error).reason))
        turns = [self._ended(number) for number in over if self._live[number].ended]
        self._keep(turns)
        return turns

    def _advance(self, events: Mapping[int, Event]) -> None:
        for number, event in events.items():
            self._live[number], _ = advance(self._live[number], event)

    def _ended(self, number: int) -> Turn:
        state, entry = self._live.pop(number), self._entries.pop(number)
        result = result_of(state)
        failed = next((step for step in state.steps if step.failed), None)
        said = [f"{failed.id}: {line}" for line in failed.error] if failed else []
        ended = replace(
            entry,
            stage="ended",
            status=result.status,
            outputs=self.redactor.json(result.outputs),
            error=self.redactor.text("\n".join(said)) or None,
        )
        return self._turn(entry, ended)

    def _turn(self, before: Entry, after: Entry) -> Turn:
        self._gate.note(after)
        return Turn(after, before.shown)

    def _keep(self, turns: Sequence[Turn]) -> None:
        if turns:
            with self.ledger.together():
                self.ledger.write([turn.entry for turn in turns])

    def _told(self) -> list[Trouble]:
        told, self._troubles = self._troubles, []
        return told


async def _end(tasks: Sequence[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
