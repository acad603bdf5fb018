"""Which service an id of `cyberflow runs` belongs to, opened and named; and having a yes before something ends."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import click

from cyberflow.cli.commands.build import resolve_target_name
from cyberflow.cli.confirm import ask_yes_no, is_terminal
from cyberflow.cli.options import project_root
from cyberflow.cli.project import say
from cyberflow.cli.sessions import NoSuchRun
from cyberflow.client.http.errors import ApiError
from cyberflow.errors import UsageError
from cyberflow.language.project.load import RawProject, read_project, target_of
from cyberflow.run.chain.journal import entry_of_task
from cyberflow.run.task.follow import merge_task
from cyberflow.run.task.request import TaskState
from cyberflow.targets import (
    LOCAL,
    STATE,
    CyberdeskService,
    CyberunService,
    cyberun_settings,
    open_cyberun,
    open_target,
)

Work = Callable[[CyberdeskService], Awaitable[int]]
TaskWork = Callable[[CyberunService, TaskState], Awaitable[int]]
UNNAMED = "task"
"""What a task is called whose submission this project does not know of."""


def run_on_target(
    project: Path | None, name: str | None, quiet: bool, work: Work, task: tuple[str, TaskWork] | None = None
) -> int:
    """Open the target, say which one it is, and do the work; where the id may be that of a `task`, its work."""
    sourced = read_project(project_root(project))
    target = resolve_target_name(sourced, name)

    async def go() -> int:
        async with open_target(sourced, target, say) as service:
            _print_target_line(service, quiet)
            return await work(service)

    if task is None:
        return asyncio.run(go())
    return asyncio.run(_run_on_owner((sourced, target, quiet), task, go))


def run_on_cyberun(
    project: Path | None, name: str | None, quiet: bool, work: Callable[[CyberunService], Awaitable[int]]
) -> int:
    """Open the Cyberun of a target, say which one it is, and do the work."""
    sourced = read_project(project_root(project))

    async def go() -> int:
        async with open_cyberun(sourced, resolve_target_name(sourced, name), say) as service:
            _print_target_line(service, quiet)
            return await work(service)

    return asyncio.run(go())


async def _run_on_owner(
    where: tuple[RawProject, str, bool], task: tuple[str, TaskWork], on_run: Callable[[], Awaitable[int]]
) -> int:
    """What the journal knows as a task is one, and so may be what Cyberdesk does not know, where the target has a
    Cyberun. Raises UsageError when it is neither.
    """
    (sourced, target, quiet), (id, work) = where, task
    entry = entry_of_task(sourced.root / STATE, id)
    if entry is None:
        try:
            return await on_run()
        except NoSuchRun:
            if target != LOCAL and cyberun_settings(target_of(sourced.settings, target)) is None:
                raise
    async with open_cyberun(sourced, target, say) as service:
        if entry is not None:
            _print_target_line(service, quiet)
        try:
            found = await service.cyberun.task(id)
        except ApiError as error:
            if not error.names_nothing:
                raise
            help = "`cyberflow runs list` and `cyberflow runs list --tasks` show them"
            raise UsageError(f"there is no session, no run and no task `{id}`", help=help) from None
        name, workflow = (entry.name, entry.workflow) if entry else (UNNAMED, found.workflow_id)
        return await work(service, merge_task(TaskState(name, workflow or "", found.id), found))


def confirm_or_abort(question: str, *, yes: bool) -> None:
    """Have a yes. Raises UsageError where nobody can give one, Abort on a no."""
    if yes:
        return
    if not is_terminal():
        raise UsageError(f"nobody is here to answer: {question}", help="give --yes")
    if not ask_yes_no(question):
        raise click.Abort


def _print_target_line(service: CyberdeskService | CyberunService, quiet: bool) -> None:
    if not quiet:
        say(service.line)
