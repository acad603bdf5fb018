"""The dispatcher: carries submissions from the ledger to their ends, each step of the way written down first. What is
submitted next, and what an end means, is the business of who drives it: a batch, a pipeline, a script.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from cyberflow.client.http.errors import ApiError
from cyberflow.errors import CyberflowError
from cyberflow.run.work.entry import LedgerEntry
from cyberflow.run.work.executor import Executor, JobRequest
from cyberflow.run.work.ledger import Ledger


@dataclass(frozen=True)
class EntryUpdate:
    """Something that happened to an entry of a ledger: it was `before`, and is now as `entry` says."""

    entry: LedgerEntry
    before: str


@dataclass(frozen=True)
class ServiceTrouble:
    """The service does not answer, or wants to be asked later; it is asked again."""

    reason: str


@dataclass(frozen=True)
class Start:
    """A submission to be sent: the entry as it is to be written down, and what it was before. `repeated` says that it
    was sent before under its key, and the answer lost.
    """

    entry: LedgerEntry
    request: JobRequest = field(repr=False)
    before: str
    repeated: bool = False


CANCEL_SECONDS = 10.0
"""How long a submission that is cancelled is asked for once more."""
Collect: TypeAlias = Callable[[LedgerEntry], Awaitable[LedgerEntry]]


class JobDispatcher:
    """Over one ledger. `executors` are asked in their order who takes a request; `collect` fetches what a submission
    made, before its end is written down; with `wall` each end is written down with its time.
    """

    def __init__(
        self,
        ledger: Ledger,
        executors: Sequence[Executor],
        collect: Collect | None = None,
        wall: Callable[[], float] | None = None,
    ) -> None:
        self.ledger = ledger
        self._wall = wall
        self._executors = tuple(executors)
        self._collect = collect
        self._sends: dict[asyncio.Task[LedgerEntry], Start] = {}
        self._looks: dict[asyncio.Task[list[LedgerEntry]], Executor] = {}
        self._collects: dict[asyncio.Task[LedgerEntry], LedgerEntry] = {}
        self._live: dict[str, LedgerEntry] = {}
        self._requests: dict[str, JobRequest] = {}

    @property
    def load(self) -> int:
        """How many are under way."""
        return len(self._sends) + len(self._live)

    def add(self, executor: Executor) -> None:
        """Ask one more executor, after the others."""
        self._executors = (*self._executors, executor)

    def send(self, starts: Iterable[Start], updates: Sequence[EntryUpdate] = ()) -> list[EntryUpdate]:
        """Write down what is sent, together with other updates, and send it."""
        todo = list(starts)
        turns = [*updates, *(EntryUpdate(one.entry, one.before) for one in todo)]
        self.save(turns)
        for one in todo:
            executor = self._executor_of(one.request)
            sending = executor.submit(one.entry, one.request, repeated=one.repeated)
            self._sends[asyncio.create_task(sending)] = one
        return turns

    def follow(self, entry: LedgerEntry, request: JobRequest) -> None:
        """Look after something that was accepted."""
        self._live[entry.id] = entry
        self._requests[entry.id] = request
        self._executor_of(request).follow(entry, request)

    async def wait(self, *others: asyncio.Future[Any], timeout: float | None = None) -> list[EntryUpdate]:  # noqa: ASYNC109 - a time-out is an answer here
        """Wait until something happened here or to `others`, and give what it was, written down. Raises what speaks of
        everything that is sent, when the others' answers are kept.
        """
        busy = {id(executor) for executor in self._looks.values()}
        for executor in self._executors:
            if executor.is_busy and id(executor) not in busy:
                self._looks[asyncio.create_task(executor.poll())] = executor
        tasks: Collection[asyncio.Future[Any]] = [*self._sends, *self._looks, *self._collects, *others]
        if not tasks:
            return []
        done, _ = await asyncio.wait(tasks, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        turns, refusal = self._take_answers([task for task in self._sends if task in done])
        looks = [task for task in self._looks if task in done]
        ended = [entry for task in looks if task.exception() is None for entry in task.result()]
        refusal = refusal or next((error for task in looks if (error := task.exception())), None)
        for task in looks:
            del self._looks[task]
        turns += self._end(ended)
        for collect in [task for task in self._collects if task in done]:
            before = self._collects.pop(collect)
            self._live.pop(before.id, None)
            turns.append(EntryUpdate(collect.result(), before.display_status))
        self.save(turns)
        if refusal is not None:
            raise refusal
        return turns

    def troubles(self) -> list[ServiceTrouble]:
        """What went wrong on the way since the last call, and is tried again."""
        found = [ServiceTrouble(text) for executor in self._executors for text in executor.troubles]
        for executor in self._executors:
            executor.troubles.clear()
        return found

    def save(self, turns: Sequence[EntryUpdate]) -> None:
        if turns:
            with self.ledger.transaction():
                self.ledger.write([turn.entry for turn in turns])

    async def cancel(self, ids: Collection[str] | None = None) -> list[EntryUpdate]:
        """Cancel what is under way, all of it or these, and write down what became of it. What was being sent is asked
        for once more under its key: it may have arrived, and has to go too.
        """
        turns: list[EntryUpdate] = []
        for task, start in list(self._sends.items()):
            if (ids is None or start.entry.id in ids) and start.entry.kind != "task":
                await self._stop([task])
                self._sends.pop(task, None)
                turns += await self._send_again(start)
        if ids is None:
            await self._stop([*self._sends, *self._looks, *self._collects])
            self._looks.clear()
        for executor in self._executors:
            for entry in await executor.cancel(ids):
                ended = await self._cancel_elsewhere(entry, executor) if entry.stage == "accepted" else entry
                if ended is not None:
                    turns.append(EntryUpdate(ended, self._live.pop(entry.id, entry).display_status))
        self.save(turns)
        return turns

    async def _cancel_elsewhere(self, entry: LedgerEntry, executor: Executor) -> LedgerEntry | None:
        """Cancel from here what a worker submitted and follows; None where it does not end."""
        request = self._requests[entry.id]
        here = next((one for one in self._executors if one is not executor and one.takes(request)), None)
        if here is None:
            return None
        here.follow(entry, request)
        return next(iter(await here.cancel({entry.id})), None)

    async def _send_again(self, start: Start) -> list[EntryUpdate]:
        try:
            async with asyncio.timeout(CANCEL_SECONDS):
                answer = await self._executor_of(start.request).submit(start.entry, start.request, repeated=True)
        except (CyberflowError, TimeoutError):
            return []
        if answer.stage == "accepted":
            self.follow(answer, start.request)
        return [EntryUpdate(answer, start.before)]

    async def forget(self) -> None:
        """Let go of everything that is under way: who asks for it anew goes on from the ledger."""
        await self.close()
        self._sends.clear()
        self._looks.clear()
        self._collects.clear()
        self._live.clear()
        self._requests.clear()

    async def close(self) -> None:
        """Stop following; what was submitted goes on."""
        await self._stop([*self._sends, *self._looks, *self._collects])

    async def _stop(self, tasks: Sequence[asyncio.Future[Any]]) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _take_answers(
        self, done: Sequence[asyncio.Task[LedgerEntry]]
    ) -> tuple[list[EntryUpdate], BaseException | None]:
        turns: list[EntryUpdate] = []
        refusal: BaseException | None = None
        for task in done:
            start = self._sends.pop(task)
            entry = start.entry
            if (error := task.exception()) is not None:
                refusal = error
                unsent = isinstance(error, ApiError) and error.nothing_was_made
                turns.append(EntryUpdate(replace(entry, stage="waiting") if unsent else entry, entry.display_status))
                continue
            answer = task.result()
            if answer.stage == "accepted":
                self.follow(answer, start.request)
            turns.append(EntryUpdate(answer, entry.display_status))
        return turns, refusal

    def _end(self, ended: Iterable[LedgerEntry]) -> list[EntryUpdate]:
        turns: list[EntryUpdate] = []
        for entry in ended:
            self._requests.pop(entry.id, None)
            if self._wall is not None:
                entry = replace(entry, facts={**entry.facts, "ended_at": self._wall()})  # noqa: PLW2901
            if self._collect is not None and entry.has_succeeded:
                self._collects[asyncio.ensure_future(self._collect(entry))] = self._live[entry.id]
            else:
                turns.append(EntryUpdate(entry, self._live.pop(entry.id).display_status))
        return turns

    def _executor_of(self, request: JobRequest) -> Executor:
        return next(one for one in self._executors if one.takes(request))
