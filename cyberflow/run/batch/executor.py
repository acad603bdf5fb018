"""Who carries rows out: submits them and follows them to their end. `LocalExecutor` does it in this process, all chains looked
after together; what a row's end means to the batch is not known here.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from cyberflow.client.http.errors import ApiError, Unreachable
from cyberflow.redact import Redactor
from cyberflow.run.batch.ledger import LedgerEntry, Stage
from cyberflow.run.batch.policy import KEY_LIFE
from cyberflow.run.batch.poller import BulkPoller
from cyberflow.run.chain.events import ChainState, Event, StepRun
from cyberflow.run.chain.follow import FollowOptions, OutageTimer
from cyberflow.run.chain.reducer import advance
from cyberflow.run.chain.request import RunRequest
from cyberflow.run.chain.result import result_of
from cyberflow.run.chain.submit import send_request

if TYPE_CHECKING:
    from cyberflow.client.cyberdesk.client import Cyberdesk

FIRST_PAUSE, LONGEST_PAUSE = 2.0, 60.0


class Executor(Protocol):
    """`troubles` are what went wrong on the way and is tried again; whoever tells them takes them out."""

    troubles: list[str]

    async def submit(
        self, entry: LedgerEntry, submission: RunRequest, key: str, *, repeated: bool = False
    ) -> LedgerEntry:
        """Make it happen once, however often it is asked for under this key; `repeated` says that it was before, and
        the answer lost. Gives the entry as it is then: accepted, refused or unknown. Raises what would stop every
        other row too, an ApiError with `lost` when this one may have been carried out.
        """
        ...

    def follow(self, entry: LedgerEntry, submission: RunRequest) -> None:
        """Look after an accepted row from now on."""
        ...

    async def poll(self) -> list[LedgerEntry]:
        """Wait a while and give the rows that are over since the last look. Raises when patience is at its end."""
        ...


@dataclass
class LocalExecutor:
    """`prepare` is called with a key before it is sent."""

    desk: Cyberdesk
    watch: FollowOptions
    redactor: Redactor = field(default_factory=Redactor)
    prepare: Callable[[str], Awaitable[None]] | None = None
    wall: Callable[[], float] = time.time
    troubles: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._sweep = BulkPoller(self.desk)
        self._silence = OutageTimer(self.watch)
        self._live: dict[int, ChainState] = {}
        self._entries: dict[int, LedgerEntry] = {}
        self._wait = self.watch.pace.first

    @property
    def live_states(self) -> list[ChainState]:
        """What is being followed."""
        return list(self._live.values())

    async def submit(
        self, entry: LedgerEntry, submission: RunRequest, key: str, *, repeated: bool = False
    ) -> LedgerEntry:
        """Submit until there is an answer that counts, or the key is too old to be used again."""
        if self.prepare is not None:
            await self.prepare(key)
        pause, lost = FIRST_PAUSE, repeated
        while True:
            wait = pause
            try:
                session_id, run_ids = await send_request(self.desk, submission, key)
            except ApiError as error:
                lost = error.earlier_try_may_have_arrived = error.earlier_try_may_have_arrived or lost
                if error.about_request:
                    stage: Stage = "unknown" if lost else "refused"
                    return replace(entry, stage=stage, error=self.redactor.text(str(error)))
                if error.meaning.nothing_was_made and not error.transient:
                    raise
                lost = lost or not error.nothing_was_made
                wait = max(pause, error.retry_after or 0.0)
                self.troubles.append(str(error))
            except Unreachable as error:
                lost = lost or error.may_have_arrived
                self.troubles.append(str(error))
            else:
                return _accept_row(entry, submission, session_id, run_ids)
            if self.wall() - (entry.sent_at or 0.0) + wait >= KEY_LIFE:
                return replace(entry, stage="unknown")
            await self.watch.sleep(wait)
            pause = min(pause * 2, LONGEST_PAUSE)

    def follow(self, entry: LedgerEntry, submission: RunRequest) -> None:
        pairs = zip(submission.steps, entry.run_ids, strict=True)
        steps = tuple(StepRun(id, workflow, run) for (id, workflow), run in pairs)
        self._live[entry.number] = ChainState(submission.name, steps, entry.session_id, submission.outputs)
        self._entries[entry.number] = entry

    async def poll(self) -> list[LedgerEntry]:
        """Wait as long as the pace says, look at everything that is live by then, read what has ended."""
        pace = self.watch.pace
        await self.watch.sleep(self._wait)
        before = {number: state.status for number, state in self._live.items()}
        try:
            self._advance(await self._sweep.read_statuses(dict(self._live), self.watch.clock()))
            over = {number: state for number, state in self._live.items() if state.phase == "reading"}
            if over:
                self._advance(await self._sweep.read_outputs(over))
        except (ApiError, Unreachable) as error:
            self._wait = pace.last
            self.troubles.append(self._silence.tolerate(error).reason)
            return []
        self._silence.reset()
        moved = any(self._live[number].status != status for number, status in before.items())
        self._wait = pace.first if moved else min(self._wait * pace.growth, pace.last)
        return [self._finish_row(number) for number in over if self._live[number].has_ended]

    def _advance(self, events: Mapping[int, Event]) -> None:
        for number, event in events.items():
            self._live[number], _ = advance(self._live[number], event)

    def _finish_row(self, number: int) -> LedgerEntry:
        state, entry = self._live.pop(number), self._entries.pop(number)
        result = result_of(state)
        failed = next((step for step in state.steps if step.has_failed), None)
        said = [f"{failed.id}: {line}" for line in failed.error] if failed else []
        return replace(
            entry,
            stage="ended",
            status=result.status,
            outputs=self.redactor.json(result.outputs),
            error=self.redactor.text("\n".join(said)) or None,
        )


def _accept_row(entry: LedgerEntry, submission: RunRequest, session_id: str | None, run_ids: list[str]) -> LedgerEntry:
    if len(run_ids) != len(submission.steps):
        text = f"the service made {len(run_ids)} runs for {len(submission.steps)} steps"
        return replace(entry, stage="refused", session_id=session_id, run_ids=tuple(run_ids), error=text)
    return replace(entry, stage="accepted", session_id=session_id, run_ids=tuple(run_ids))
