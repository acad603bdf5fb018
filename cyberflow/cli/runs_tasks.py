"""What `cyberflow runs` does with Cyberun tasks: found by their ids, wherever they were submitted from."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import click

from cyberflow.cli.confirm import confirm_end
from cyberflow.cli.console import print_json, print_record, say
from cyberflow.cli.runner import FollowInterrupted, follow_and_show, say_detached
from cyberflow.cli.views.runs.run_view import task_rows
from cyberflow.cli.views.runs.task_view import download_hint, raise_save_failures, task_json, task_lines, task_notes
from cyberflow.client.cyberun.client import CyberunClient
from cyberflow.client.cyberun.outputs import Outputs
from cyberflow.redact import Redactor
from cyberflow.run.task.follow import cancel_task, follow_task
from cyberflow.run.task.outputs import SavedOutput, save_outputs
from cyberflow.run.task.request import TaskState
from cyberflow.run.work.journal import follow_command
from cyberflow.run.work.polling import FollowOptions
from cyberflow.sdk.runs.sessions import list_tasks
from cyberflow.targets.service import CyberunService


async def show_task(service: CyberunService, state: TaskState, format: str) -> int:
    print_record((await service.client.task(state.task_id)).to_json(), format)
    return 0


async def watch_task(service: CyberunService, state: TaskState, format: str, *, quiet: bool) -> int:
    command = follow_command(service.name, None, [state.task_id])
    try:
        state = await follow_and_show(
            partial(follow_task, service.client), state, FollowOptions(service.pace), quiet=quiet
        )
    except FollowInterrupted:
        return say_detached(command)
    if state.status == "completed" and not quiet:
        say(f"save its outputs with\n  {download_hint(state.task_id, service.name)}")
    _print_end(state, await _output_urls(service.client, state), format)
    return state.exit_code


async def cancel_and_print_task(service: CyberunService, state: TaskState, format: str, *, yes: bool) -> int:
    if not state.is_live:
        say("nothing is live there")
        return 0
    confirm_end(f"cancel {state.name}?", yes=yes)
    async for seen in cancel_task(service.client, state, FollowOptions(service.pace)):
        state = seen
    for line in task_notes(state):
        say(line)
    _print_end(state, [], format)
    return 0


async def download_task(service: CyberunService, state: TaskState, folder: Callable[[], Path]) -> int:
    if state.status != "completed":
        say(f"the task is {state.status}: there is nothing to save")
        return 0
    saved = [one async for one in save_outputs(Outputs(service.client, state.task_id), folder())]
    for one in saved:
        if one.path:
            click.echo(str(one.path))
    if not saved:
        say("there is nothing to save")
    raise_save_failures(saved)
    return 0


async def print_tasks(service: CyberunService, format: str, wanted: tuple[int, str | None], state: Path) -> int:
    rows = await list_tasks(service.client, *wanted, state)
    if format == "json":
        print_json({"version": 1, "tasks": rows})
        return 0
    for line in task_rows(rows):
        click.echo(line)
    if not rows:
        say("no tasks")
    return 0


def _print_end(state: TaskState, outputs: list[SavedOutput], format: str) -> None:
    if format == "json":
        print_json(task_json(state, outputs, Redactor()))
    else:
        click.echo("\n".join(task_lines(state, outputs)))


async def _output_urls(cyberun: CyberunClient, state: TaskState) -> list[SavedOutput]:
    if state.status != "completed":
        return []
    return [SavedOutput(one.key, url=one.url) for one in await Outputs(cyberun, state.task_id).read()]
