"""`task_ref`: a Cyberun task that is declared in YAML, to be run from Python."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from os import PathLike
from typing import TYPE_CHECKING, Any, Unpack, cast

from cyberflow.language.python.declarations import TaskReference
from cyberflow.language.python.keywords import StepKeywords, TaskOptions
from cyberflow.language.python.tracing.pipeline import TaskStep, pipeline_trace
from cyberflow.sdk.decorators import SecretSources

if TYPE_CHECKING:
    from cyberflow.sdk.task import TaskRun

FileArguments = Mapping[str, "str | PathLike[str]"]


class TaskRef(TaskReference):
    """A reference to a task, with the ways to run it."""

    def __call__(self, **inputs: Any) -> TaskStep:
        """In a pipeline, a step; `.files["KEY"]` of what it gives is a file that the task makes."""
        return pipeline_trace(self.name).task(self.name, self.name, inputs)

    def step(self, alias: str, **options: Unpack[StepKeywords]) -> Callable[..., TaskStep]:
        """Name the step of a pipeline, and say what else stands in it."""

        def add(**inputs: Any) -> TaskStep:
            trace = pipeline_trace(self.name)
            found = trace.task(self.name, alias, inputs)
            trace.set_options(cast("dict[str, Any]", options))
            return found

        return add

    def run(
        self,
        *,
        target: str | None = None,
        secrets: SecretSources | None = None,
        files: FileArguments | None = None,
        options: TaskOptions | None = None,
        **inputs: Any,
    ) -> TaskRun:
        """Submit, follow to the end, and save the outputs.

        Raises UsageError when inputs, secrets or files do not fit (nothing was sent then), TaskFailed when the task
        does not end in `completed`, StillRunning when the time is over first.
        """
        from cyberflow.sdk import task
        from cyberflow.sdk.call import PythonCall

        return task.run_task(self, PythonCall(target, secrets, files, options, inputs))

    async def arun(
        self,
        *,
        target: str | None = None,
        secrets: SecretSources | None = None,
        files: FileArguments | None = None,
        options: TaskOptions | None = None,
        **inputs: Any,
    ) -> TaskRun:
        """Do as `run`, inside a running event loop."""
        from cyberflow.sdk import task
        from cyberflow.sdk.call import PythonCall

        return await task.arun_task(self, PythonCall(target, secrets, files, options, inputs))


def task_ref(name: str) -> TaskRef:
    """Refer to a task that the project of the calling file declares."""
    return TaskRef(name, sys._getframe(1).f_code.co_filename)  # noqa: SLF001 - the one way to know who calls
