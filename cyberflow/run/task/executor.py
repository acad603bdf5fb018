"""The executor of tasks: each is sent once, and never again where its answer was lost; each is followed by itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from cyberflow.client.cyberun.client import CyberunClient
from cyberflow.client.http.errors import ApiError, Unreachable
from cyberflow.redact import Redactor
from cyberflow.run.task.follow import cancel_task, follow_task
from cyberflow.run.task.request import TaskJob, TaskState
from cyberflow.run.task.submit import SKEW, find_candidates, upload_files
from cyberflow.run.work.entry import LedgerEntry, Stage
from cyberflow.run.work.executor import JobRequest
from cyberflow.run.work.policy import KEY_LIFE
from cyberflow.run.work.polling import FollowOptions
from cyberflow.run.work.submit import Resend, send_until_answered

LOST = "the answer to its submission was lost"


@dataclass
class TaskExecutor:
    """Over one Cyberun account. `prepare` gives the script of a simulation; `known` are the tasks that are somebody
    else's already, and no candidates for one whose answer was lost.
    """

    cyberun: CyberunClient
    options: FollowOptions
    redactor: Redactor = field(default_factory=Redactor)
    prepare: Callable[[LedgerEntry, TaskJob], Awaitable[str | None]] | None = None
    known: Callable[[], Collection[str]] = frozenset
    wall: Callable[[], float] = time.time
    troubles: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._follows: dict[asyncio.Task[None], LedgerEntry] = {}
        self._states: dict[str, TaskState] = {}
        self._over: asyncio.Queue[LedgerEntry | BaseException] = asyncio.Queue()

    @property
    def is_busy(self) -> bool:
        return bool(self._follows) or not self._over.empty()

    def takes(self, request: JobRequest) -> bool:
        return isinstance(request, TaskJob)

    async def submit(self, entry: LedgerEntry, request: JobRequest, *, repeated: bool = False) -> LedgerEntry:
        """Send in the files, then the task. It is sent again only where the service has surely not taken it."""
        assert isinstance(request, TaskJob)  # noqa: S101 - it takes nothing else
        if repeated:
            return replace(await self.find_candidates(entry, request), stage="unknown", error=LOST)
        made = request.request
        resend = Resend(
            KEY_LIFE,
            lambda error: error.transient and error.nothing_was_made,
            tell=self.troubles.append,
            sleep=self.options.sleep,
            clock=self.options.clock,
        )

        async def send() -> str:
            script = await self.prepare(entry, request) if self.prepare else None
            return await self.cyberun.submit(made.workflow, parameters, script=script, secrets=made.secrets)

        sent = False
        try:
            harmless = replace(resend, again=lambda error: error.transient)
            uploaded = await send_until_answered(lambda: upload_files(self.cyberun, made), harmless)
            parameters = {**made.parameters, **uploaded}
            sent = True
            id = await send_until_answered(send, resend)
        except (ApiError, Unreachable) as error:
            return await self._explain(entry, request, error, sent=sent)
        return replace(entry, stage="accepted", run_ids=(id,))

    async def _explain(
        self, entry: LedgerEntry, job: TaskJob, error: ApiError | Unreachable, *, sent: bool
    ) -> LedgerEntry:
        """The entry after a failure. Raises one that every other task would meet too."""
        text = self.redactor.text(str(error))
        if sent and not error.nothing_was_made:
            return replace(await self.find_candidates(entry, job), stage="unknown", error=text)
        if isinstance(error, Unreachable) or error.credentials or error.transient:
            raise error
        stage: Stage = "refused"
        return replace(entry, stage=stage, error=text)

    async def find_candidates(self, entry: LedgerEntry, job: TaskJob) -> LedgerEntry:
        """The entry with the tasks that may be it; a person looks, none is taken by itself."""
        since = datetime.fromtimestamp(entry.sent_at or 0.0, UTC) - SKEW
        try:
            found, _ = await find_candidates(self.cyberun, job.workflow, since, self.known())
        except (ApiError, Unreachable):
            return entry
        return replace(entry, facts={**entry.facts, "candidates": [task.id for task in found]})

    def follow(self, entry: LedgerEntry, request: JobRequest) -> None:
        assert isinstance(request, TaskJob)  # noqa: S101 - it takes nothing else
        self._follows[asyncio.create_task(self._follow(entry, request), name="follow")] = entry

    async def _follow(self, entry: LedgerEntry, job: TaskJob) -> None:
        age = max(0.0, self.wall() - (entry.sent_at or self.wall()))
        begun = TaskState(job.name, job.request.workflow, entry.run_ids[0], submitted_at=self.options.clock() - age)
        try:
            async for state in follow_task(self.cyberun, begun, self.options, job.request.limit):
                self._states[entry.id] = state
                if state.trouble:
                    self.troubles.append(state.trouble)
            self._over.put_nowait(self._finish(entry))
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 - whoever waits for it is told, whatever it is
            self._over.put_nowait(error)

    async def poll(self) -> list[LedgerEntry]:
        found = [await self._over.get()]
        while not self._over.empty():
            found.append(self._over.get_nowait())
        self._follows = {task: entry for task, entry in self._follows.items() if not task.done()}
        if failure := next((one for one in found if isinstance(one, BaseException)), None):
            raise failure
        return [one for one in found if isinstance(one, LedgerEntry)]

    async def cancel(self, ids: Collection[str] | None = None) -> list[LedgerEntry]:
        live = {task: entry for task, entry in self._follows.items() if ids is None or entry.id in ids}
        self._follows = {task: entry for task, entry in self._follows.items() if task not in live}
        for task in live:
            task.cancel()
        await asyncio.gather(*live, return_exceptions=True)
        for entry in live.values():
            state = self._states.get(entry.id) or TaskState(entry.step, "", entry.run_ids[0])
            async for seen in cancel_task(self.cyberun, state, self.options):
                self._states[entry.id] = seen
        return [self._finish(entry) for entry in live.values() if not self._states[entry.id].is_live]

    def _finish(self, entry: LedgerEntry) -> LedgerEntry:
        state = self._states.pop(entry.id)
        text = self.redactor.text("\n".join(state.error)) or None
        return replace(entry, stage="ended", status=state.status, error=text)
