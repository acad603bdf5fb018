"""Running a task from Python: submitted, followed, its outputs saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cyberflow.client.cyberun.outputs import Outputs
from cyberflow.diagnostics import did_you_mean
from cyberflow.errors import CyberflowError, UsageError
from cyberflow.language.python.declarations import TaskReference
from cyberflow.language.python.keywords import TaskOptions
from cyberflow.run.chain.downloads import output_folder
from cyberflow.run.chain.follow import LOCAL, REMOTE, FollowOptions
from cyberflow.run.chain.journal import follow_command, open_journal
from cyberflow.run.task.follow import follow_task
from cyberflow.run.task.outputs import save_outputs
from cyberflow.run.task.request import TaskState, task_request
from cyberflow.run.task.submit import prepare_task, script_outcome, submit_task
from cyberflow.sdk.call import PythonCall, compile_enclosing_project, raw_arguments
from cyberflow.sdk.handle import StillRunning, run_blocking, say, translate_errors
from cyberflow.sdk.prepare import resolve_run_arguments
from cyberflow.targets import open_cyberun, state_folder


@dataclass(frozen=True)
class TaskOutput:
    """A file that a task made, on this disk."""

    key: str
    path: Path


@dataclass(frozen=True)
class TaskRun:
    """A task that is completed, and its outputs by the keys that the service gives them."""

    task_id: str
    outputs: Mapping[str, TaskOutput]


class TaskFailed(CyberflowError):
    """The task did not end in `completed`. Exit code 1."""

    exit_code = 1

    def __init__(self, state: TaskState, said: str) -> None:
        super().__init__(f"`{state.name}` ended in `{state.status}`{f': {said}' if said else ''}")
        self.task_id = state.task_id
        self.status = state.status


def run_task(one: TaskReference, call: PythonCall) -> TaskRun:
    return run_blocking(arun_task(one, call))


async def arun_task(one: TaskReference, call: PythonCall) -> TaskRun:
    with translate_errors():
        return await _run_task(one, call)


async def _run_task(one: TaskReference, call: PythonCall) -> TaskRun:
    project = compile_enclosing_project(one.file, one.name, call, TaskOptions)
    task = project.bundle.task(one.name)
    if task is None:
        help = did_you_mean(one.name, (task.name for task in project.bundle.tasks))
        raise UsageError(f"the project `{project.bundle.project}` declares no task `{one.name}`", help=help)
    given = resolve_run_arguments(project, task, *raw_arguments(one, call))
    request = task_request(task, given, project.bundle, project.assets)
    redactor = given.redactor()
    async with open_cyberun(project.sourced, project.target, say) as service:
        workflow = await prepare_task(service.cyberun, task, request)
        script = await script_outcome(service.cyberun, task, call.option("simulate"), local=service.local)
        journal = open_journal(state_folder(project.sourced.root), service.name)
        state = await submit_task(service.cyberun, request, workflow, journal, script)
        watch = FollowOptions(LOCAL if service.local else REMOTE, call.timeout, bool(call.option("cancel_on_timeout")))
        state = [seen async for seen in follow_task(service.cyberun, state, watch, request.limit)][-1]
        if state.is_live:
            help = f"follow it with `{follow_command(service.name, None, [state.task_id])}`"
            raise StillRunning(f"`{state.name}` still runs", help=help)
        journal.record("ended", status=state.status)
        if state.status != "completed":
            raise TaskFailed(state, redactor.text(" ".join(state.error)))
        below = call.option("download")
        folder = output_folder(state.name, state.task_id, Path(below) if below else None)
        saved = [found async for found in save_outputs(Outputs(service.cyberun, state.task_id), folder)]
    for found in saved:
        if found.failure is not None:
            raise found.failure
    return TaskRun(state.task_id, {one.key: TaskOutput(one.key, one.path) for one in saved if one.path})
