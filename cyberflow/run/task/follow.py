"""Following a task: its stream of events while there is one, looks now and then where it ends too soon. What counts in
the end is what the service says when it is asked, never an event.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from math import inf

from cyberflow.client.cyberun.client import CyberunClient
from cyberflow.client.cyberun.events import TaskEvent
from cyberflow.client.cyberun.wire import FINAL_STATUSES, TaskRecord
from cyberflow.client.http.errors import ApiError, Unreachable
from cyberflow.run.task.request import TaskState
from cyberflow.run.work.polling import GRACE, Deadline, FollowOptions, OutageTimer, PollTimer

SETTLE = 30.0
"""Seconds in which a cancelled task is expected to end."""


def follow_task(
    cyberun: CyberunClient, state: TaskState, options: FollowOptions, limit: float | None = None
) -> AsyncGenerator[TaskState, None]:
    """Follow to the end, or until the time is over. Past `limit` seconds from its submission, wherever it stands, the
    task is cancelled and its status read again: a cancel may come too late.

    Gives the states that differ. Raises ApiError and Unreachable when the service refuses, or cannot be asked for
    longer than the patience.
    """
    return _TaskFollower(cyberun, state, options, limit).states(state)


async def cancel_task(
    cyberun: CyberunClient, state: TaskState, options: FollowOptions
) -> AsyncGenerator[TaskState, None]:
    """Ask for the end of a task, then read its status until it is over, or `SETTLE` seconds have passed: fewer where
    the time given is over.
    """
    options = replace(options, timeout=GRACE if state.timed_out and options.timeout is not None else SETTLE)
    state = replace(state, cancelled=True, submitted_at=None)
    follower = _TaskFollower(cyberun, state, options, None)
    try:
        async with asyncio.timeout(options.timeout):
            await cyberun.cancel(state.task_id)
    except TimeoutError:
        state = replace(state, refused="no answer came in the time that was left")
    except (ApiError, Unreachable) as error:
        state = replace(state, refused=str(error))
    state = await follower.read_status(state)
    yield state
    async for after in follower.poll(state):
        yield after


class _TaskFollower:
    def __init__(self, cyberun: CyberunClient, state: TaskState, options: FollowOptions, limit: float | None) -> None:
        self._cyberun = cyberun
        self._options = options
        self._cancels = options.cancel_on_timeout or (limit or inf) <= (options.timeout or inf)
        self._deadline = Deadline(options, state.submitted_at, limit)
        self._outage = OutageTimer(options)

    async def states(self, state: TaskState) -> AsyncGenerator[TaskState, None]:
        state = await self.read_status(state)
        yield state
        async with aclosing(self._listen(state)) as heard:
            async for state in heard:
                yield state
        async with aclosing(self.poll(state, at_once=self._cyberun.transport.streams)) as seen:
            async for state in seen:
                yield state
        if not state.is_live:
            return
        state = replace(state, timed_out=True)
        yield state
        if self._cancels:
            async for after in cancel_task(self._cyberun, state, self._options):
                yield after

    async def poll(self, state: TaskState, *, at_once: bool = False) -> AsyncGenerator[TaskState, None]:
        """Look until the task is over, or the time is."""
        timer, moved = PollTimer(self._options.interval), False
        pause = 0.0 if at_once else timer.next_wait()
        while state.is_live and not self._deadline.has_passed:
            await self._options.sleep(min(pause, self._deadline.seconds_left))
            before, state = state, await self.read_status(state)
            moved = before.status != state.status or not pause
            pause = timer.next_wait(moved=moved)
            if state != before:
                yield state

    async def read_status(self, state: TaskState) -> TaskState:
        """Look once, within the time that is left; what cannot be read now is the state's `trouble`."""
        left = self._deadline.seconds_left
        try:
            async with asyncio.timeout(None if left == inf else left):
                task = await self._cyberun.task(state.task_id)
        except TimeoutError:
            return replace(state, trouble="no answer came in the time that was left")
        except (ApiError, Unreachable) as error:
            return replace(state, trouble=self._outage.tolerate(error).reason)
        self._outage.reset()
        return merge_task(state, task)

    async def _listen(self, state: TaskState) -> AsyncGenerator[TaskState, None]:
        """Events until one says that the task is over, the stream ends or fails, or the time is over."""
        if not state.is_live or self._deadline.has_passed:
            return
        try:
            async with aclosing(self._cyberun.events(state.task_id)) as stream:
                while (event := await self._next_event(stream)) is not None and event.kind not in FINAL_STATUSES:
                    before, state = state, merge_event(state, event)
                    if state != before:
                        yield state
        except (ApiError, Unreachable, TimeoutError):
            return

    async def _next_event(self, stream: AsyncIterator[TaskEvent]) -> TaskEvent | None:
        left = self._deadline.seconds_left
        return await asyncio.wait_for(anext(stream, None), None if left == inf else left)


def merge_task(state: TaskState, task: TaskRecord) -> TaskState:
    """The state after a look."""
    return replace(
        state,
        status=task.task_status,
        error=(task.task_error,) if task.task_error else (),
        started_at=task.started_at,
        ended_at=task.completed_at,
        message=state.message if task.live else None,
        trouble=None,
    )


def merge_event(state: TaskState, event: TaskEvent) -> TaskState:
    """The state after an event. The end of a task is never taken from one."""
    status = event.data.get("status")
    if event.kind == "status" and isinstance(status, str) and status not in FINAL_STATUSES:
        return replace(state, status=status, message=None)
    if event.kind == "progress":
        return replace(state, status="running", message=_progress_text(event))
    return state


def _progress_text(event: TaskEvent) -> str | None:
    """How far it is: `KSampler 12/20, 60 %`, or the stage and what it says."""
    data = event.data
    parts = [str(data[key]) for key in ("stage", "current_node", "message") if data.get(key)]
    if isinstance(total := data.get("step_total"), int) and total > 0:
        parts.append(f"{data.get('step_current', 0)}/{total}")
    if isinstance(done := data.get("progress"), int | float):
        parts.append(f"{done:.0%}")
    return " ".join(parts) or None
