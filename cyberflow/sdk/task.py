"""Running a task from Python: submitted, followed, its outputs saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cyberflow.compiler.bundle import BundledTask
from cyberflow.diagnostics import did_you_mean
from cyberflow.errors import CyberflowError, UsageError
from cyberflow.language.python.declarations import TaskReference
from cyberflow.language.python.keywords import TaskOptions
from cyberflow.run.task.request import TaskState
from cyberflow.run.work.polling import FollowOptions
from cyberflow.sdk.call import PythonCall, compile_enclosing_project, submit_options
from cyberflow.sdk.execution import TaskExecution
from cyberflow.sdk.handle import follow_to_end, python_wording, say
from cyberflow.sdk.project import CompiledProject


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


async def arun_task(one: TaskReference, call: PythonCall) -> TaskRun:
    with python_wording():
        return await _run_task(one, call)


def compile_task(one: TaskReference, call: PythonCall) -> CompiledProject:
    """Compile the project that declares a task. Raises ProjectErrors, and UsageError when there is no such task."""
    project = compile_enclosing_project(one.file, one.name, call, TaskOptions)
    find_task(project, one.name)
    return project


def find_task(project: CompiledProject, name: str) -> BundledTask:
    """The task of a name. Raises UsageError when there is none."""
    task = project.bundle.task(name)
    if task is None:
        help = did_you_mean(name, (task.name for task in project.bundle.tasks))
        raise UsageError(f"the project `{project.bundle.project}` declares no task `{name}`", help=help)
    return task


async def _run_task(one: TaskReference, call: PythonCall) -> TaskRun:
    project = compile_task(one, call)
    task = find_task(project, one.name)
    execution = TaskExecution(project, task, submit_options(one, call), lambda _: None)
    late = bool(call.option("cancel_on_timeout"))
    below = call.option("download")
    async with execution.open(say):
        await execution.prepare()
        begun = await execution.submit(FollowOptions(timeout=call.timeout))
        state = await follow_to_end(execution, begun, call.timeout, cancel_on_timeout=late)
        await execution.record_end(state)
        if state.status != "completed":
            raise TaskFailed(state, execution.redactor.text(" ".join(state.error)))
        saved = [found async for found in execution.save(state, Path(below) if below else None)]
    for found in saved:
        if found.failure is not None:
            raise found.failure
    return TaskRun(state.task_id, {one.key: TaskOutput(one.key, one.path) for one in saved if one.path})
