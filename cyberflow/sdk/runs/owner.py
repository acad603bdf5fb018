"""Which service an id belongs to: a run and a session are Cyberdesk's, a task is Cyberun's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from cyberflow.client.http.errors import ApiError
from cyberflow.errors import UsageError
from cyberflow.language.project.load import RawProject, target_of
from cyberflow.run.task.follow import merge_task
from cyberflow.run.task.request import TaskState
from cyberflow.sdk.runs.ids import NoSuchRun, complete_task_id, find_task_entry
from cyberflow.targets.local_platform import LOCAL, STATE, Say
from cyberflow.targets.service import CyberdeskService, CyberunService, cyberun_settings, open_cyberun, open_target

RunWork = Callable[[CyberdeskService], Awaitable[int]]
TaskWork = Callable[[CyberunService, TaskState], Awaitable[int]]
UNNAMED = "task"
"""What a task is called whose submission this project does not know of."""


async def work_on_run(sourced: RawProject, target: str, say: Say, work: RunWork) -> int:
    """Open Cyberdesk at a target and do the work."""
    async with open_target(sourced, target, say) as service:
        return await work(service)


async def work_on_owner(sourced: RawProject, target: str, say: Say, works: tuple[RunWork, tuple[str, TaskWork]]) -> int:
    """Do the work of the service that the id belongs to. What the journal knows as a task is one, and so may be what
    Cyberdesk does not know, where the target has a Cyberun. Raises UsageError when it is neither.
    """
    on_run, (id, on_task) = works
    entry = find_task_entry(sourced.root / STATE, id)
    if entry is None:
        try:
            return await work_on_run(sourced, target, say, on_run)
        except NoSuchRun:
            if target != LOCAL and cyberun_settings(target_of(sourced.settings, target)) is None:
                raise
    async with open_cyberun(sourced, target, say) as service:
        try:
            known = entry.task_id if entry else None
            found = await service.client.task(known or await complete_task_id(service.client, id))
        except ApiError as error:
            if not error.names_nothing:
                raise
            help = "`cyberflow runs list` and `cyberflow runs list --tasks` show them"
            raise UsageError(f"there is no session, no run and no task `{id}`", help=help) from None
        name, workflow = (entry.step, entry.facts.get("workflow")) if entry else (UNNAMED, found.workflow_id)
        return await on_task(service, merge_task(TaskState(name, workflow or "", found.id), found))
