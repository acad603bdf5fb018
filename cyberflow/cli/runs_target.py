"""The target that a command of `cyberflow runs` works on, opened and announced."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from cyberflow.cli.console import announce, say
from cyberflow.cli.interrupts import run_cancellable
from cyberflow.cli.options import project_root
from cyberflow.language.project.load import read_project
from cyberflow.run.task.request import TaskState
from cyberflow.sdk.project import resolve_target_name
from cyberflow.sdk.runs.owner import RunWork, TaskWork, work_on_owner, work_on_run
from cyberflow.targets.service import CyberunService, OpenTarget, open_cyberun


def run_on_target(
    project: Path | None, name: str | None, quiet: bool, work: RunWork, task: tuple[str, TaskWork] | None = None
) -> int:
    """Open the target, say which one it is, and do the work; where the id may be that of a `task`, its work."""
    sourced = read_project(project_root(project))
    target = resolve_target_name(sourced, name)
    said: list[str] = []

    def tell(service: OpenTarget[Any]) -> None:
        if not said:
            announce(service, quiet=quiet)
            said.append(service.line)

    async def on_run(service: Any) -> int:
        tell(service)
        return await work(service)

    async def on_task(service: CyberunService, state: TaskState) -> int:
        tell(service)
        return await task[1](service, state) if task else 0

    if task is None:
        return run_cancellable(work_on_run(sourced, target, say, on_run))
    return run_cancellable(work_on_owner(sourced, target, say, (on_run, (task[0], on_task))))


def run_on_cyberun(
    project: Path | None, name: str | None, quiet: bool, work: Callable[[CyberunService], Awaitable[int]]
) -> int:
    """Open the Cyberun of a target, say which one it is, and do the work."""
    sourced = read_project(project_root(project))

    async def go() -> int:
        async with open_cyberun(sourced, resolve_target_name(sourced, name), say) as service:
            announce(service, quiet=quiet)
            return await work(service)

    return run_cancellable(go())
