"""What `cyberflow runs` does with Cyberun tasks: found by their ids, wherever they were submitted from."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from cyberflow.cli.main import INTERRUPTED
from cyberflow.cli.project import say
from cyberflow.cli.runner import cancel_on_sigterm
from cyberflow.cli.task_runner import FollowInterrupted, follow_and_show
from cyberflow.cli.views.run_view import STATUS
from cyberflow.cli.views.task_view import download_hint, print_task, raise_save_failures, task_notes
from cyberflow.client.cyberun.client import CyberunClient
from cyberflow.client.cyberun.outputs import Outputs
from cyberflow.run.task.follow import cancel_task
from cyberflow.run.task.outputs import SavedOutput, save_outputs
from cyberflow.run.task.request import TaskState
from cyberflow.run.work.journal import follow_command
from cyberflow.run.work.polling import LOCAL, REMOTE, FollowOptions
from cyberflow.targets import CyberunService


async def show_task(service: CyberunService, state: TaskState, format: str) -> int:
    data = (await service.cyberun.task(state.task_id)).to_json()
    if format == "json":
        click.echo(json.dumps({"version": 1, **data}, ensure_ascii=False, indent=2))
        return 0
    width = max(len(key) for key in data)
    for key, value in data.items():
        if value not in (None, "", [], {}):
            click.echo(f"{key:<{width}}  {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}")
    return 0


async def watch_task(service: CyberunService, state: TaskState, format: str, *, quiet: bool) -> int:
    cancel_on_sigterm()
    try:
        state = await follow_and_show(service.cyberun, state, _follow_options(service), quiet=quiet)
    except FollowInterrupted:
        say(
            f"it goes on without this terminal; follow it with\n  {follow_command(service.name, None, [state.task_id])}"
        )
        return INTERRUPTED
    if state.status == "completed" and not quiet:
        say(f"save its outputs with\n  {download_hint(state.task_id, service.name)}")
    print_task(state, await _output_urls(service.cyberun, state), {"format": format})
    return state.exit_code


async def cancel_and_print_task(
    service: CyberunService, state: TaskState, format: str, agree: Callable[[str], None]
) -> int:
    if not state.is_live:
        say("nothing is live there")
        return 0
    agree(f"cancel {state.name}?")
    state = [one async for one in cancel_task(service.cyberun, state, _follow_options(service))][-1]
    for line in task_notes(state):
        say(line)
    print_task(state, [], {"format": format})
    return 0


async def download_task(service: CyberunService, state: TaskState, folder: Callable[[], Path]) -> int:
    if state.status != "completed":
        say(f"the task is {state.status}: there is nothing to save")
        return 0
    saved = [one async for one in save_outputs(Outputs(service.cyberun, state.task_id), folder())]
    for one in saved:
        if one.path:
            click.echo(str(one.path))
    if not saved:
        say("there is nothing to save")
    raise_save_failures(saved)
    return 0


async def list_tasks(service: CyberunService, format: str, limit: int, status: str | None) -> int:
    rows: list[dict[str, Any]] = []
    async for task in service.cyberun.tasks(status=status):
        rows.append(
            {"id": task.id, "status": task.task_status, "workflow_id": task.workflow_id, "created_at": task.created_at}
        )
        if len(rows) == limit:
            break
    if format == "json":
        click.echo(json.dumps({"version": 1, "tasks": rows}, ensure_ascii=False, indent=2))
        return 0
    for row in rows:
        click.echo(
            f"{(row['created_at'] or '')[:19]}  {row['status']:<{STATUS}}  {row['workflow_id'] or '':<36}  {row['id']}"
        )
    if not rows:
        say("no tasks")
    return 0


async def _output_urls(cyberun: CyberunClient, state: TaskState) -> list[SavedOutput]:
    if state.status != "completed":
        return []
    return [SavedOutput(one.key, url=one.url) for one in await Outputs(cyberun, state.task_id).read()]


def _follow_options(service: CyberunService) -> FollowOptions:
    return FollowOptions(LOCAL if service.local else REMOTE)
