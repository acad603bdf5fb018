"""The loop around the reducer: it asks the service what the reducer wants to know, waits in between, and hands every
event out. It decides nothing of a chain. Whoever stops iterating, or is cancelled, has detached: the runs go on.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

from cyberflow.client.cyberdesk.client import Cyberdesk
from cyberflow.client.cyberdesk.wire import RunRecord
from cyberflow.client.http.errors import ApiError, Unreachable
from cyberflow.run.chain.events import (
    CancelAnswered,
    CancelRequested,
    CancelRun,
    ChainState,
    Command,
    Event,
    OutputsRead,
    ReadOutputs,
    ReadStatuses,
    ReleaseSession,
    RunStatus,
    SessionReleased,
    StatusesRead,
    TimedOut,
    Unanswered,
)
from cyberflow.run.chain.reducer import advance, next_commands

LOOK_FIELDS = ("session_id", "error", "started_at", "ended_at")
OUTPUT_FIELDS = (*LOOK_FIELDS, "session_alias", "output_data")
PAGE = 1000
"""The most that one answer may hold: a session fits, so that every look is one request."""
UNSEEN = 3
"""A run that is missing from so many lists in a row is asked for by its id, which tells whether it still exists."""


@dataclass(frozen=True)
class PollInterval:
    """Seconds between looks: `first` after something moved, growing up to `last` while nothing does."""

    first: float = 1.0
    last: float = 5.0
    growth: float = 1.5


LOCAL = PollInterval(0.25, 3.0)
REMOTE = PollInterval()


@dataclass(frozen=True)
class FollowOptions:
    """How to follow. `timeout` is in seconds from the first look; `patience` is how long a service that cannot be
    asked is asked again. A look asks for the message history too when the last one that did is `messages` seconds ago;
    None never does. `clock` only goes forward.
    """

    pace: PollInterval = REMOTE
    timeout: float | None = None
    cancel_on_timeout: bool = False
    patience: float = 300.0
    messages: float | None = None
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep


def follow(desk: Cyberdesk, state: ChainState, watch: FollowOptions) -> AsyncGenerator[Event, None]:
    """Follow to the end, or until the time is over. Gives the events that changed something; `replay` makes the state.

    Raises ApiError and Unreachable when the service refuses, or cannot be asked for longer than `watch.patience`.
    """
    return _drive(desk, (state, next_commands(state)), watch)


def cancel(desk: Cyberdesk, state: ChainState, watch: FollowOptions) -> AsyncGenerator[Event, None]:
    """Cancel what is live, the last step first, release the session, read the statuses again. Raises as `follow`."""
    asked = CancelRequested()
    after, commands = advance(state, asked)
    return _drive(desk, (after, commands or next_commands(after)), watch, () if after == state else (asked,))


async def _drive(
    desk: Cyberdesk, begun: tuple[ChainState, Iterable[Command]], watch: FollowOptions, said: Iterable[Event] = ()
) -> AsyncGenerator[Event, None]:
    for event in said:
        yield event
    state, queue = begun[0], deque(begun[1])
    service = _CommandRunner(desk, watch)
    while queue:
        command = queue.popleft()
        event = await service.perform(command, state)
        before, (state, more) = state, advance(state, event)
        if isinstance(event, Unanswered):
            queue.appendleft(command)
        queue.extend(more)
        service.moved = [step.status for step in before.steps] != [step.status for step in state.steps]
        if state != before:
            yield event


class OutageTimer:
    """How long a service could not be asked, against the patience of who watches."""

    def __init__(self, watch: FollowOptions) -> None:
        self._watch = watch
        self._since: float | None = None

    @property
    def is_running(self) -> bool:
        return self._since is not None

    def reset(self) -> None:
        self._since = None

    def tolerate(self, error: ApiError | Unreachable) -> Unanswered:
        """A failure that may pass, within the patience; every other one is raised."""
        if not error.transient:
            raise error
        now = self._watch.clock()
        self._since = now if self._since is None else self._since
        if now - self._since >= self._watch.patience:
            raise error
        return Unanswered(str(error))


class _CommandRunner:
    """Performs the reducer's commands, one request for each look."""

    def __init__(self, desk: Cyberdesk, watch: FollowOptions) -> None:
        self.desk = desk
        self.watch = watch
        self.moved = False
        self.wait = watch.pace.first
        self.started = watch.clock()
        self.silence = OutageTimer(watch)
        self.unseen: dict[str, int] = {}
        self.heard = self.started

    async def perform(self, command: Command, state: ChainState) -> Event:
        match command:
            case ReadStatuses():
                return await self._look(command, state)
            case ReadOutputs():
                return await self._read_outputs(state)
            case CancelRun():
                return await self._cancel(command)
            case ReleaseSession():
                return await self._release(command)

    async def _look(self, command: ReadStatuses, state: ChainState) -> Event:
        if not command.at_once or self.silence.is_running:
            await self.watch.sleep(self._next_wait(state))
        if self._is_late(state):
            return TimedOut(cancel=self.watch.cancel_on_timeout)
        try:
            runs = await self._list_runs(state, self._status_fields())
            runs += await self._find_missing(state, runs)
        except (ApiError, Unreachable) as error:
            return self.silence.tolerate(error)
        return StatusesRead(self.watch.clock(), tuple(run_status(run) for run in runs))

    def _status_fields(self) -> tuple[str, ...]:
        """What a look asks for. The histories are by far the largest part of a run, so they come seldom."""
        every, now = self.watch.messages, self.watch.clock()
        if every is None or now - self.heard < every:
            return LOOK_FIELDS
        self.heard = now
        return (*LOOK_FIELDS, "run_message_history")

    async def _read_outputs(self, state: ChainState) -> Event:
        if self.silence.is_running:
            await self.watch.sleep(self.watch.pace.last)
        try:
            runs = await self._list_runs(state, OUTPUT_FIELDS)
        except (ApiError, Unreachable) as error:
            return self.silence.tolerate(error)
        return OutputsRead(tuple(run_status(run) for run in runs))

    async def _cancel(self, command: CancelRun) -> Event:
        try:
            await self.desk.runs.cancel(command.run_id)
        except (ApiError, Unreachable) as error:
            return CancelAnswered(command.run_id, str(error))
        return CancelAnswered(command.run_id)

    async def _release(self, command: ReleaseSession) -> Event:
        """Only where the session is: a machine that serves another one by now is left alone."""
        try:
            async for machine in self.desk.machines.list():
                if machine.reserved_session_id == command.session_id:
                    await self.desk.machines.update(machine.id, {"reserved_session_id": None})
        except (ApiError, Unreachable) as error:
            return SessionReleased(str(error))
        return SessionReleased()

    def _next_wait(self, state: ChainState) -> float:
        pace = self.watch.pace
        self.wait = pace.first if self.moved else min(self.wait, pace.last)
        wait, self.wait = self.wait, self.wait * pace.growth
        if self.watch.timeout is None or state.phase != "following":
            return wait
        return max(0.0, min(wait, self.started + self.watch.timeout - self.watch.clock()))

    def _is_late(self, state: ChainState) -> bool:
        timeout = self.watch.timeout
        return timeout is not None and state.phase == "following" and self.watch.clock() - self.started >= timeout

    async def _list_runs(self, state: ChainState, fields: tuple[str, ...]) -> list[RunRecord]:
        """The runs of the session, newest first, or the one run that has none, in one request."""
        where: dict[str, Any] = {"session_id": state.session_id}
        if state.session_id is None:
            where = {"search": state.steps[0].run_id}
        page = await self.desk.runs.page(limit=PAGE, sort_mode="created_at_desc", fields=fields, **where)
        self.silence.reset()
        return list(page.items)

    async def _find_missing(self, state: ChainState, runs: list[RunRecord]) -> list[RunRecord]:
        there = {run.id for run in runs}
        found = []
        for step in state.live_steps:
            self.unseen[step.run_id] = 0 if step.run_id in there else self.unseen.get(step.run_id, 0) + 1
            if self.unseen[step.run_id] >= UNSEEN:
                found.append(await self.desk.runs.get(step.run_id))
        return found


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
