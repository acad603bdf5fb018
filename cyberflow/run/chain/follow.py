"""Following a chain: performs the reducer's commands and yields its events. It decides nothing of a chain; whoever
stops iterating, or is cancelled, has detached: the runs go on.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Iterable
from math import inf

from cyberflow.client.cyberdesk.client import Cyberdesk
from cyberflow.client.http.errors import ApiError, Unreachable
from cyberflow.run.chain.events import (
    CancelAnswered,
    CancelRequested,
    CancelRun,
    ChainState,
    Command,
    Event,
    GivenUp,
    OutputsRead,
    ReadOutputs,
    ReadStatuses,
    ReleaseSession,
    SessionReleased,
    StatusesRead,
    TimedOut,
    Unanswered,
)
from cyberflow.run.chain.reducer import advance, next_commands
from cyberflow.run.work.poller import BulkPoller
from cyberflow.run.work.polling import Deadline, FollowOptions, OutageTimer, PollTimer

LOOK_FIELDS = ("session_id", "error", "started_at", "ended_at")
NO_TIME = "no answer came in the time that was left"


def follow(desk: Cyberdesk, state: ChainState, options: FollowOptions) -> AsyncGenerator[Event, None]:
    """Follow to the end, or until the time is over. Gives the events that changed something; `replay` makes the state.

    Raises ApiError and Unreachable when the service refuses, or cannot be asked for longer than the patience.
    """
    return _drive(desk, (state, next_commands(state)), options)


def cancel(desk: Cyberdesk, state: ChainState, options: FollowOptions) -> AsyncGenerator[Event, None]:
    """Cancel what is live, the last step first, release the session, read the statuses again. Raises as `follow`."""
    request = CancelRequested()
    after, commands = advance(state, request)
    return _drive(desk, (after, commands or next_commands(after)), options, () if after == state else (request,))


async def _drive(
    desk: Cyberdesk, begun: tuple[ChainState, Iterable[Command]], options: FollowOptions, first: Iterable[Event] = ()
) -> AsyncGenerator[Event, None]:
    for event in first:
        yield event
    state, queue = begun[0], deque(begun[1])
    service = _CommandRunner(desk, options, state)
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


class _CommandRunner:
    """Performs the reducer's commands, one request for each look, each within the time that is left."""

    def __init__(self, desk: Cyberdesk, options: FollowOptions, state: ChainState) -> None:
        self._desk = desk
        self._options = options
        self._deadline = Deadline(options, state.submitted_at)
        self._poller = BulkPoller(desk, raise_missing=True)
        self._timer = PollTimer(options.interval)
        self._outage = OutageTimer(options)
        self._messages_read_at = options.clock()
        self.moved = False

    async def perform(self, command: Command, state: ChainState) -> Event:
        left = self._seconds_left(state)
        if left == inf:
            return await self._perform(command, state)
        if isinstance(command, CancelRun):  # those that follow, the release and a last look need their share
            left /= len(state.pending) + 2
        try:
            async with asyncio.timeout(left):
                return await self._perform(command, state)
        except TimeoutError:
            return self._stop_waiting(command, state)
        except (ApiError, Unreachable) as error:
            if not state.timed_out:
                raise
            return GivenUp(str(error))

    def _seconds_left(self, state: ChainState) -> float:
        """The time given does not count for what a person cancelled before it was over."""
        return inf if state.cancelled and not state.timed_out else self._deadline.seconds_left

    def _stop_waiting(self, command: Command, state: ChainState) -> Event:
        """What a command that got no answer in time comes to."""
        if state.phase == "following":
            return self._time_out()
        match command:
            case CancelRun():
                return CancelAnswered(command.run_id, NO_TIME)
            case ReleaseSession():
                return SessionReleased(NO_TIME)
        return GivenUp(NO_TIME)

    def _time_out(self) -> TimedOut:
        self._deadline.extend()
        return TimedOut(cancel=self._options.cancel_on_timeout)

    async def _perform(self, command: Command, state: ChainState) -> Event:
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
        if not command.at_once or self._outage.is_running:
            await self._options.sleep(min(self._timer.next_wait(moved=self.moved), self._seconds_left(state)))
        if state.phase == "following" and self._deadline.has_passed:
            return self._time_out()
        try:
            read = await self._poller.read_statuses({0: state}, self._options.clock(), self._status_fields())
        except (ApiError, Unreachable) as error:
            return self._outage.tolerate(error)
        self._outage.reset()
        return read.get(0) or StatusesRead(self._options.clock(), ())

    def _status_fields(self) -> tuple[str, ...]:
        """What a look asks for. The histories are by far the largest part of a run, so they come seldom."""
        every, now = self._options.messages, self._options.clock()
        if every is None or now - self._messages_read_at < every:
            return LOOK_FIELDS
        self._messages_read_at = now
        return (*LOOK_FIELDS, "run_message_history")

    async def _read_outputs(self, state: ChainState) -> Event:
        if self._outage.is_running:
            await self._options.sleep(min(self._options.interval.last, self._seconds_left(state) / 2))
        try:
            read = await self._poller.read_outputs({0: state})
        except (ApiError, Unreachable) as error:
            return self._outage.tolerate(error)
        self._outage.reset()
        return read.get(0) or OutputsRead(())

    async def _cancel(self, command: CancelRun) -> Event:
        try:
            await self._desk.runs.cancel(command.run_id)
        except (ApiError, Unreachable) as error:
            return CancelAnswered(command.run_id, str(error))
        return CancelAnswered(command.run_id)

    async def _release(self, command: ReleaseSession) -> Event:
        """Only where the session is: a machine that serves another one by now is left alone."""
        try:
            async for machine in self._desk.machines.list():
                if machine.reserved_session_id == command.session_id:
                    await self._desk.machines.update(machine.id, {"reserved_session_id": None})
        except (ApiError, Unreachable) as error:
            return SessionReleased(str(error))
        return SessionReleased()
