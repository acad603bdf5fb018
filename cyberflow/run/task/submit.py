"""Submitting a task: held against what its workflow takes, its files sent in, then sent once. Cyberun knows no
idempotency key, so nothing here sends a task a second time.
"""

from __future__ import annotations

import asyncio
import mimetypes
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from math import inf
from typing import Any

from cyberflow.client.cyberdesk.wire import parse_time
from cyberflow.client.cyberun.client import CyberunClient
from cyberflow.client.cyberun.wire import CyberunWorkflow, TaskRecord
from cyberflow.client.http.errors import ApiError, Unreachable
from cyberflow.compiler.bundle import BundledTask
from cyberflow.errors import UsageError
from cyberflow.run.inputs.hints import Hint, HintedText
from cyberflow.run.task.request import TaskRequest, TaskState, check_request, unknown_workflow_error
from cyberflow.run.work.journal import Invocation, entries, follow_command
from cyberflow.run.work.polling import GRACE, Deadline, FollowOptions
from cyberflow.run.work.submit import SubmissionTimedOut, record_and_send

SKEW = timedelta(minutes=2)
"""How far the service's clock may be from ours when it is asked what it took since."""
SHOWN, SEARCHED = 5, 2000


async def prepare_task(cyberun: CyberunClient, task: BundledTask, request: TaskRequest) -> CyberunWorkflow:
    """Read what the workflow takes and hold the request against it. Raises UsageError, and what the service raises."""
    workflow = await find_workflow(cyberun, request.workflow)
    check_request(task, request, workflow)
    return workflow


async def find_workflow(cyberun: CyberunClient, name: str) -> CyberunWorkflow:
    """Read what a workflow takes. Raises UsageError where there is none of that name."""
    try:
        return await cyberun.workflow(name)
    except ApiError as error:
        if not error.not_found:
            raise
        known = [one.workflow_slug or one.id async for one in cyberun.workflows()]
        raise unknown_workflow_error(name, known) from None


async def script_outcome(
    cyberun: CyberunClient, task: BundledTask, outcomes: Mapping[str, Any] | None, *, local: bool
) -> str | None:
    """Script the outcome where it is asked for, by the name of the task or its workflow. Raises UsageError where the
    target is not the local platform.
    """
    if outcomes is None:
        return None
    if not local:
        text = HintedText(Hint("simulate"), " scripts the local platform")
        raise UsageError(text, help="take it away, or run with --target local")
    slug = task.workflow.partition("@")[0]
    return await cyberun.simulate({slug if name == task.name else name: item for name, item in outcomes.items()})


async def submit_task(
    cyberun: CyberunClient,
    request: TaskRequest,
    workflow: CyberunWorkflow,
    invocation: Invocation,
    script: str | None = None,
    options: FollowOptions | None = None,
) -> TaskState:
    """Submit, and give the state to follow it from. The time given in `options` counts from here.

    Raises ApiError and Unreachable as the service has it, SubmissionTimedOut when the time is over. Where the fate of
    the submission is unknown, the journal says so, and the error says what is known and which tasks may be the one.
    """
    options = options or FollowOptions()
    begun, deadline = options.clock(), Deadline(options, None)

    async def explain(error: ApiError | Unreachable | SubmissionTimedOut) -> None:
        await _explain_unknown_fate(cyberun, workflow, invocation, error)

    try:
        async with asyncio.timeout(None if deadline.seconds_left == inf else deadline.seconds_left):
            parameters = {**request.parameters, **await upload_files(cyberun, request)}
    except TimeoutError:
        raise SubmissionTimedOut(f"the time is over; `{request.name}` was not submitted") from None
    id = await record_and_send(
        invocation,
        {"name": request.name, "target": invocation.target, "kind": "task", "workflow": request.workflow},
        lambda: cyberun.submit(request.workflow, parameters, script=script, secrets=request.secrets),
        explain,
        deadline.seconds_left,
    )
    invocation.record("accepted", task_id=id)
    return TaskState(request.name, request.workflow, id, submitted_at=begun)


async def upload_files(cyberun: CyberunClient, request: TaskRequest) -> dict[str, str]:
    """Send in the files of a task, and give their keys by parameter."""
    return {
        key: await cyberun.upload(
            file.filename, file.content, mimetypes.guess_type(file.filename)[0] or "application/octet-stream"
        )
        for key, file in request.files.items()
    }


async def _explain_unknown_fate(
    cyberun: CyberunClient,
    workflow: CyberunWorkflow,
    invocation: Invocation,
    error: ApiError | Unreachable | SubmissionTimedOut,
) -> None:
    look = f"`cyberflow runs list --tasks --target {invocation.target}`"
    known = {entry.task_id for entry in entries(invocation.state)}
    try:
        async with asyncio.timeout(GRACE if isinstance(error, SubmissionTimedOut) else None):
            found, all_seen = await find_candidates(cyberun, workflow, invocation.started_at - SKEW, known)
    except (ApiError, Unreachable, TimeoutError):
        invocation.record("unknown")
        error.help = f"it may have been submitted all the same, and the list of tasks cannot be read: look with {look}"
        return
    invocation.record("unknown", candidates=[task.id for task in found])
    if not found:
        where = "" if all_seen else f" among the first {SEARCHED}"
        name = workflow.workflow_slug or workflow.id
        error.help = f"no new task of `{name}` is there{where}; look again with {look} before running it again"
        return
    shown = "".join(f"\n    {task.id}  {task.task_status}  {(task.created_at or '')[:19]}" for task in found[:SHOWN])
    command = follow_command(invocation.target, None, [found[0].id])
    error.help = f"it may be one of these tasks; then follow it with `{command}`, and do not run it again:{shown}"


async def find_candidates(
    cyberun: CyberunClient, workflow: CyberunWorkflow, since: datetime, known: Collection[str | None]
) -> tuple[list[TaskRecord], bool]:
    """Tasks of this workflow that came up since and are not `known`, and whether all were seen: the order of the list
    is not documented.
    """
    found, read = [], 0
    async for task in cyberun.tasks():
        made = parse_time(task.created_at)
        if task.workflow_id in (workflow.id, None) and task.id not in known and (made is None or made >= since):
            found.append(task)
        read += 1
        if read >= SEARCHED:
            return found, False
    return found, True
