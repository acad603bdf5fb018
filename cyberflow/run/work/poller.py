"""The poller: one list request for the runs of many chains, the newest first and no deeper than the oldest one that is
waited for. What a look means to each chain is the reducer's business.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from cyberflow.client.cyberdesk.wire import RunRecord
from cyberflow.client.http.errors import ApiError
from cyberflow.run.chain.events import ChainState, Event, OutputsRead, RunStatus, StatusesRead

if TYPE_CHECKING:
    from cyberflow.client.cyberdesk.client import Cyberdesk

K = TypeVar("K")
STATUS_FIELDS = ("session_id",)
"""The base fields hold the status; something must be named, or everything comes."""
OUTPUT_FIELDS = (*STATUS_FIELDS, "error", "started_at", "ended_at", "session_alias", "output_data")
PAGE = 1000
"""The most that one answer may hold: a session fits, so that every look at one is one request."""
UNSEEN = 3
"""A run that is missing from so many lists in a row is asked for by its id, which tells whether it still exists."""
DEEPEST = 5
"""So many pages are read at most; chains that lie deeper are asked for one by one."""
ONE_BY_ONE = 20
"""So many chains at most are asked for one by one in a look."""
SPARE = 20
"""So many places more are read than the deepest run needed last time: others may have come before it."""


@dataclass
class BulkPoller:
    """Reads the runs of many chains. `depth` is how deep in the list the last one was that was looked for; what no
    page showed is looked for one by one from then on. A run that is gone ends in an error, so that who has many goes
    on with the others; with `raise_missing` the service's 404 is raised.
    """

    desk: Cyberdesk
    depth: int = 0
    raise_missing: bool = False
    _unseen: Counter[str] = field(default_factory=Counter)
    _deep: set[str] = field(default_factory=set)

    async def read_statuses(
        self, states: Mapping[K, ChainState], at: float, fields: Sequence[str] = STATUS_FIELDS
    ) -> dict[K, Event]:
        """One look at each state. Raises ApiError and Unreachable; a chain whose runs are gone gets its last look."""
        wanted = {step.run_id for state in states.values() for step in state.live_steps}
        found = await self._newest_runs(wanted, len(states), fields)
        found += await self._find_missing(states, wanted - {run.id for run in found}, fields)
        statuses = _group_by_chain(states, found)
        return {number: StatusesRead(at, tuple(map(run_status, runs))) for number, runs in statuses.items() if runs}

    async def read_outputs(self, states: Mapping[K, ChainState]) -> dict[K, Event]:
        """The outputs of chains that have ended, all in one request where that is less than one for each."""
        wanted = {step.run_id for state in states.values() for step in state.steps}
        found = await self._newest_runs(wanted, len(states), OUTPUT_FIELDS)
        seen = {run.id for run in found}
        for state in states.values():
            if not {step.run_id for step in state.steps} <= seen:
                found += await self._runs_of_chain(state, OUTPUT_FIELDS)
        return {
            number: OutputsRead(tuple(map(run_status, runs))) for number, runs in _group_by_chain(states, found).items()
        }

    async def _newest_runs(self, wanted: set[str], chains: int, fields: Sequence[str]) -> list[RunRecord]:
        """The newest runs, as many as it takes to see the wanted ones; none where asking one by one is cheaper."""
        if chains < 2 or self.depth > PAGE * chains:  # noqa: PLR2004 - one chain is one request anyhow
            self.depth = 0 if chains < 2 else self.depth  # noqa: PLR2004
            return []
        found: list[RunRecord] = []
        left, deepest = wanted - self._deep, 0
        for _ in range(DEEPEST):
            limit = min(PAGE, max(self.depth, len(wanted)) + SPARE) if not found else PAGE
            page = await self.desk.runs.page(skip=len(found), limit=limit, sort_mode="created_at_desc", fields=fields)
            for place, run in enumerate(page.items, len(found) + 1):
                if run.id in left:
                    left.discard(run.id)
                    deepest = place
            found += page.items
            if not left or not page.items or len(found) >= page.total:
                break
        self.depth = deepest
        self._deep = (self._deep & wanted) | left
        return found

    async def _find_missing(
        self, states: Mapping[K, ChainState], unseen: set[str], fields: Sequence[str]
    ) -> list[RunRecord]:
        """Ask for what the list did not show, by session; a run that stays away is asked for by its id."""
        found: list[RunRecord] = []
        behind = [state for state in states.values() if any(step.run_id in unseen for step in state.live_steps)]
        for state in behind[:ONE_BY_ONE]:
            found += await self._runs_of_chain(state, fields)
            there = {run.id for run in found}
            for step in state.live_steps:
                self._unseen[step.run_id] = 0 if step.run_id in there else self._unseen[step.run_id] + 1
                if self._unseen[step.run_id] >= UNSEEN:
                    found.append(await self._run_by_id(step.run_id))
        return found

    async def _run_by_id(self, id: str) -> RunRecord:
        try:
            return await self.desk.runs.get(id)
        except ApiError as error:
            if self.raise_missing or not error.not_found:
                raise
            return RunRecord(
                id=id, workflow_id="", status="error", created_at="", error=["the run is gone from the service"]
            )

    async def _runs_of_chain(self, state: ChainState, fields: Sequence[str]) -> list[RunRecord]:
        where: dict[str, Any] = {"session_id": state.session_id}
        if state.session_id is None:
            where = {"search": state.steps[0].run_id}
        page = await self.desk.runs.page(limit=PAGE, sort_mode="created_at_desc", fields=fields, **where)
        return list(page.items)


def _group_by_chain(states: Mapping[K, ChainState], found: Iterable[RunRecord]) -> dict[K, list[RunRecord]]:
    """The runs of each chain: those of its session, or the one run that has none."""
    by_session: defaultdict[str | None, dict[str, RunRecord]] = defaultdict(dict)
    by_id: dict[str, RunRecord] = {}
    for run in found:
        by_session[run.session_id][run.id] = run
        by_id[run.id] = run
    return {
        number: list(
            {
                **(by_session[state.session_id] if state.session_id else {}),
                **{step.run_id: by_id[step.run_id] for step in state.steps if step.run_id in by_id},
            }.values()
        )
        for number, state in states.items()
    }


def run_status(run: RunRecord) -> RunStatus:
    return RunStatus(
        run.id,
        run.status,
        tuple(str(text) for text in run.error or ()),
        run.machine_id,
        run.started_at,
        run.ended_at,
        run.session_alias,
        run.output_data,
        _last_message(run.run_message_history),
    )


def _last_message(history: list[Any] | None) -> str | None:
    """The first line of what the agent said last; None where no history was asked for, or it said nothing."""
    for message in reversed(history or ()):
        if not isinstance(message, dict) or message.get("role") != "assistant":
            continue
        content = message.get("content")
        blocks = content if isinstance(content, list) else [{"type": "text", "text": content}]
        for block in reversed(blocks):
            text = block.get("text") if isinstance(block, dict) and block.get("type") == "text" else None
            if isinstance(text, str) and text.strip():
                return text.strip().splitlines()[0]
    return None
