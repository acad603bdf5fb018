"""Which service an id of `cyberflow runs` belongs to, opened and named; and having a yes before something ends."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import click

from cyberflow.cli.commands.build import target_name
from cyberflow.cli.confirm import is_terminal, yes_to
from cyberflow.cli.options import root
from cyberflow.cli.project import say
from cyberflow.cli.sessions import NO_SUCH_ID, NoSuchRun
from cyberflow.client.http.errors import ApiError
from cyberflow.errors import UsageError
from cyberflow.language.project.load import Sourced, read, target_of
from cyberflow.run.chain.journal import entry_of_task
from cyberflow.run.task.follow import seen
from cyberflow.run.task.request import TaskState
from cyberflow.targets import LOCAL, STATE, GpuService, Service, declared_cyberun, open_cyberun, open_target

Work = Callable[[Service], Awaitable[int]]
TaskWork = Callable[[GpuService, TaskState], Awaitable[int]]
UNNAMED = "task"
"""What a task is called whose submission this project does not know of."""


def on_target(
    project: Path | None, name: str | None, quiet: bool, work: Work, task: tuple[str, TaskWork] | None = None
) -> int:
    """Open the target, say which one it is, and do the work; where the id may be that of a `task`, its work."""
    sourced = read(root(project))
    target = target_name(sourced, name)

    async def go() -> int:
        async with open_target(sourced, target, say) as service:
            _say(service, quiet)
            return await work(service)

    if task is None:
        return asyncio.run(go())
    return asyncio.run(_on_run_or_task((sourced, target, quiet), task, go))


def on_cyberun(
    project: Path | None, name: str | None, quiet: bool, work: Callable[[GpuService], Awaitable[int]]
) -> int:
    """Open the Cyberun of a target, say which one it is, and do the work."""
    sourced = read(root(project))

    async def go() -> int:
        async with open_cyberun(sourced, target_name(sourced, name), say) as service:
            _say(service, quiet)
            return await work(service)

    return asyncio.run(go())


async def _on_run_or_task(
    where: tuple[Sourced, str, bool], task: tuple[str, TaskWork], on_run: Callable[[], Awaitable[int]]
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
            if target != LOCAL and declared_cyberun(target_of(sourced.settings, target)) is None:
                raise
    async with open_cyberun(sourced, target, say) as service:
        if entry is not None:
            _say(service, quiet)
        try:
            found = await service.cyberun.task(id)
        except ApiError as error:
            if error.status not in NO_SUCH_ID:
                raise
            help = "`cyberflow runs list` and `cyberflow runs list --tasks` show them"
            raise UsageError(f"there is no session, no run and no task `{id}`", help=help) from None
        name, workflow = (entry.name, entry.workflow) if entry else (UNNAMED, found.workflow_id)
        return await work(service, seen(TaskState(name, workflow or "", found.id), found))


def agree(question: str, *, yes: bool) -> None:
    """Have a yes. Raises UsageError where nobody can give one, Abort on a no."""
    if yes:
        return
    if not is_terminal():
        raise UsageError(f"nobody is here to answer: {question}", help="give --yes")
    if not yes_to(question):
        raise click.Abort


def _say(service: Service | GpuService, quiet: bool) -> None:
    if not quiet:
        say(service.line)
