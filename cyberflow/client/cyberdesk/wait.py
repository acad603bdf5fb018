"""Waiting for runs: a light list request now and then until every status is final, then the runs themselves.
An unknown status is live, and so is `running_checks`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, overload

from cyberflow.client.cyberdesk.records import ChainAccepted
from cyberflow.client.cyberdesk.runs import Runs
from cyberflow.client.cyberdesk.wire import RUN_FIELDS, RunRecord, is_live
from cyberflow.client.http.retry import Retry
from cyberflow.errors import CyberflowError

if TYPE_CHECKING:
    from cyberflow.client.cyberdesk.wire import Page

EVERY = 2.0
LIGHT = ("session_id",)
WHOLE = tuple(name for name in RUN_FIELDS if name != "run_message_history")
MOST = 1000


class StillLive(CyberflowError):
    """The time was up first. The runs go on; `statuses` is what was read last, by run id."""

    def __init__(self, statuses: Mapping[str, str], seconds: float) -> None:
        live = [f"{id} is {status}" for id, status in statuses.items() if is_live(status)]
        super().__init__(f"not over after {seconds:g} s: {', '.join(live)}")
        self.statuses = dict(statuses)


class RunWaiter:
    """`every` is the seconds between two looks; the clock and the sleep are those of the retries."""

    def __init__(self, runs: Runs, policy: Retry, every: float, timeout: float | None) -> None:
        self._runs = runs
        self._policy = policy
        self._every = every
        self._timeout = timeout

    @overload
    async def wait(self, what: RunRecord | str) -> RunRecord: ...
    @overload
    async def wait(self, what: ChainAccepted) -> tuple[RunRecord, ...]: ...
    async def wait(self, what: RunRecord | str | ChainAccepted) -> RunRecord | tuple[RunRecord, ...]:
        if isinstance(what, ChainAccepted):
            await self._until_final(what.run_ids, what.session_id)
            found = await self._list_runs(what.run_ids, what.session_id, WHOLE)
            return tuple([found.get(id) or await self._runs.get(id) for id in what.run_ids])
        id = what if isinstance(what, str) else what.id
        await self._until_final([id], None)
        return await self._runs.get(id)

    async def _until_final(self, ids: Iterable[str], session_id: str | None) -> None:
        begun = self._policy.monotonic()
        waited_for = [*ids]
        while True:
            found = await self._list_runs(waited_for, session_id, LIGHT)
            # What the list does not show may be gone or out of its reach: the run itself says which.
            statuses = {id: (found.get(id) or await self._runs.get(id)).status for id in waited_for}
            if not any(map(is_live, statuses.values())):
                return
            spent = self._policy.monotonic() - begun
            if self._timeout is not None and spent >= self._timeout:
                raise StillLive(statuses, self._timeout)
            rest = self._every if self._timeout is None else min(self._every, self._timeout - spent)
            await self._policy.sleep(rest)

    async def _list_runs(
        self, ids: Iterable[str], session_id: str | None, fields: tuple[str, ...]
    ) -> dict[str, RunRecord]:
        """One list request: a run by itself would bring its whole message history along."""
        wanted = [*ids]
        found: Page[RunRecord]
        if session_id is not None:
            found = await self._runs.page(session_id=session_id, fields=fields, limit=MOST)
        else:
            found = await self._runs.page(search=wanted[0], fields=fields, limit=MOST)
        return {run.id: run for run in found.items if run.id in wanted}
