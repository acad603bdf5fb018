"""The stream of what happens to a simulated task: read off the clock again and again, sent when it has changed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from cyberflow.emulator.contract.clock import stamp
from cyberflow.emulator.contract.errors import HttpError
from cyberflow.emulator.cyberun import tasks
from cyberflow.emulator.cyberun.auth import CyberunDispatcher
from cyberflow.emulator.cyberun.timeline import SimulatedTaskState, state_at

POLL_SECONDS = 0.1
STEPS = 20
Sleep = Callable[[float], Awaitable[object]]


async def serve(dispatcher: CyberunDispatcher, request: Request, sleep: Sleep = asyncio.sleep) -> Response:
    dispatcher.admit(request)
    task = _find(dispatcher, request.path_params["task_id"])
    return StreamingResponse(_stream(dispatcher, task["id"], sleep), media_type="text/event-stream")


def _find(dispatcher: CyberunDispatcher, id: str) -> dict[str, Any]:
    try:
        wanted = str(UUID(id))
    except ValueError:
        raise HttpError(400, "invalid task id") from None
    with dispatcher.store.lock:
        found = dispatcher.store.find(tasks.KIND, wanted)
    if found is None:
        raise HttpError(404, "task not found")
    return found


async def _stream(dispatcher: CyberunDispatcher, id: str, sleep: Sleep) -> AsyncIterator[str]:
    """Ends after the event of a task that is over, and when the platform does."""
    said: tuple[str, int | None] | None = None
    while not dispatcher.store.is_closing:
        task, now = _find(dispatcher, id), dispatcher.clock()
        at = state_at(task, now)
        if at.is_over:
            yield _final_event(task, at)
            return
        step = None if at.progress is None else int(at.progress * STEPS)
        told = {"task_id": id, "timestamp": stamp(now)}
        if said is None or said[0] != at.status:
            yield _event("status", {**told, "status": at.status})
        if step is not None and said != (at.status, step):
            yield _event(
                "progress",
                {
                    **told,
                    "progress": step / STEPS,
                    "current_node": "KSampler",
                    "step_current": step,
                    "step_total": STEPS,
                },
            )
        said = (at.status, step)
        await sleep(POLL_SECONDS)


def _final_event(task: dict[str, Any], at: SimulatedTaskState) -> str:
    told: dict[str, Any] = {"task_id": task["id"], "status": at.status}
    if at.status == "completed":
        told["output"] = {"image_count": len(task["outputs"])}
    if at.status == "failed":
        told["error"] = task["error"] or "the agent reported an error"
    return _event(at.status, told)


def _event(name: str, data: dict[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"
