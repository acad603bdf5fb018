"""Executors: what submits and follows to the end. What an end means to a batch or a pipeline is not known here."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol, TypeAlias

from cyberflow.client.http.errors import ApiError, Unreachable
from cyberflow.redact import Redactor
from cyberflow.run.chain.events import ChainState, Event
from cyberflow.run.chain.follow import cancel
from cyberflow.run.chain.reducer import advance
from cyberflow.run.chain.request import RunRequest
from cyberflow.run.chain.result import result_of
from cyberflow.run.chain.submit import initial_state, send_request
from cyberflow.run.task.request import TaskJob
from cyberflow.run.work.entry import LedgerEntry, Stage
from cyberflow.run.work.policy import KEY_LIFE
from cyberflow.run.work.poller import BulkPoller
from cyberflow.run.work.polling import FollowOptions, OutageTimer, PollTimer
from cyberflow.run.work.submit import Resend, send_until_answered

if TYPE_CHECKING:
    from cyberflow.client.cyberdesk.client import Cyberdesk


JobRequest: TypeAlias = RunRequest | TaskJob
"""What is submitted: a chain or a single run, or a task."""


class Executor(Protocol):
    """`troubles` are what went wrong on the way and is tried again; whoever tells them takes them out."""

    troubles: list[str]

    @property
    def is_busy(self) -> bool:
        """Whether anything is followed here."""
        ...

    def takes(self, request: JobRequest) -> bool:
        """Whether this is the one for such a request."""
        ...

    async def submit(self, entry: LedgerEntry, request: JobRequest, *, repeated: bool = False) -> LedgerEntry:
        """Make it happen once, however often it is asked for under the entry's key; `repeated` says that it was before,
        and the answer lost. Gives the entry as it is then: accepted, refused or unknown. Raises what would stop every
        other one too, an ApiError with `lost` when this one may have been carried out.
        """
        ...

    def follow(self, entry: LedgerEntry, request: JobRequest) -> None:
        """Look after something accepted from now on."""
        ...

    async def poll(self) -> list[LedgerEntry]:
        """Wait a while and give what is over since the last look. Raises when patience is at its end."""
        ...

    async def cancel(self, ids: Collection[str] | None = None) -> list[LedgerEntry]:
        """Cancel what is followed here, all of it or these, and give what became of it."""
        ...


@dataclass
class LocalExecutor:
    """Submits chains and runs from this process, and follows them all together. `prepare` is called with an entry
    before it is sent; `wall` gives seconds of the epoch, which is what a ledger holds.
    """

    desk: Cyberdesk
    options: FollowOptions
    redactor: Redactor = field(default_factory=Redactor)
    prepare: Callable[[LedgerEntry, RunRequest], Awaitable[None]] | None = None
    wall: Callable[[], float] = time.time
    troubles: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._poller = BulkPoller(self.desk)
        self._outage = OutageTimer(self.options)
        self._live: dict[str, ChainState] = {}
        self._entries: dict[str, LedgerEntry] = {}
        self._timer = PollTimer(self.options.interval)
        self._moved = False

    @property
    def is_busy(self) -> bool:
        return bool(self._live)

    def takes(self, request: JobRequest) -> bool:
        return isinstance(request, RunRequest)

    async def submit(self, entry: LedgerEntry, request: JobRequest, *, repeated: bool = False) -> LedgerEntry:
        """Submit until there is an answer that counts, or the key is too old to be used again."""
        assert isinstance(request, RunRequest)  # noqa: S101 - it takes nothing else
        if self.prepare is not None:
            await self.prepare(entry, request)
        key = entry.key or ""
        age = max(0.0, self.wall() - (entry.sent_at or 0.0))
        resend = Resend(
            KEY_LIFE,
            _may_pass,
            age,
            may_have_arrived=repeated,
            tell=self.troubles.append,
            sleep=self.options.sleep,
            clock=self.options.clock,
        )
        try:
            session_id, run_ids = await send_until_answered(lambda: send_request(self.desk, request, key), resend)
        except ApiError as error:
            if error.about_request and not error.transient:
                stage: Stage = "refused" if error.nothing_was_made else "unknown"
                return replace(entry, stage=stage, error=self.redactor.text(str(error)))
            if error.meaning.nothing_was_made and not error.transient:
                raise  # every other row would be told the same
            return replace(entry, stage="unknown")
        except Unreachable:
            return replace(entry, stage="unknown")
        return _accept_row(entry, request, session_id, run_ids)

    def follow(self, entry: LedgerEntry, request: JobRequest) -> None:
        assert isinstance(request, RunRequest)  # noqa: S101 - it takes nothing else
        self._live[entry.id] = initial_state(request, entry.session_id, entry.run_ids)
        self._entries[entry.id] = entry

    async def poll(self) -> list[LedgerEntry]:
        """Wait as long as the interval says, look at everything that is live by then, read what has ended."""
        await self.options.sleep(self._timer.next_wait(moved=self._moved))
        self._moved = False
        before = {id: state.status for id, state in self._live.items()}
        try:
            self._advance(await self._poller.read_statuses(dict(self._live), self.options.clock()))
            over = {id: state for id, state in self._live.items() if state.phase == "reading"}
            if over:
                self._advance(await self._poller.read_outputs(over))
        except (ApiError, Unreachable) as error:
            self._timer.slow_down()
            self.troubles.append(self._outage.tolerate(error).reason)
            return []
        self._outage.reset()
        self._moved = any(self._live[id].status != status for id, status in before.items())
        return [self._finish(id) for id in over if self._live[id].has_ended]

    async def cancel(self, ids: Collection[str] | None = None) -> list[LedgerEntry]:
        wanted = [id for id in self._live if ids is None or id in ids]
        for id in wanted:
            async for event in cancel(self.desk, self._live[id], self.options):
                self._live[id], _ = advance(self._live[id], event)
        return [self._finish(id) for id in wanted if not self._live[id].live_steps]

    def _advance(self, events: Mapping[str, Event]) -> None:
        for id, event in events.items():
            self._live[id], _ = advance(self._live[id], event)

    def _finish(self, id: str) -> LedgerEntry:
        state, entry = self._live.pop(id), self._entries.pop(id)
        result = result_of(state)
        failed = next((step for step in state.steps if step.has_failed), None)
        texts = [f"{failed.id}: {line}" for line in failed.error] if failed else []
        status = result.status
        if status == "success" and result.problems:
            status = "error"  # a row is a success only with its outputs
        return replace(
            entry,
            stage="ended",
            status=status,
            outputs=self.redactor.json(result.outputs),
            error=self.redactor.text("\n".join([*texts, *map(str, result.problems)])) or None,
            facts={**entry.facts, "runs": state.run_times},
        )


def _may_pass(error: ApiError | Unreachable) -> bool:
    return error.transient or (isinstance(error, ApiError) and not error.meaning.nothing_was_made)


def _accept_row(entry: LedgerEntry, request: RunRequest, session_id: str | None, run_ids: list[str]) -> LedgerEntry:
    if len(run_ids) != len(request.steps):
        text = f"the service made {len(run_ids)} runs for {len(request.steps)} steps"
        return replace(entry, stage="refused", session_id=session_id, run_ids=tuple(run_ids), error=text)
    return replace(entry, stage="accepted", session_id=session_id, run_ids=tuple(run_ids))
