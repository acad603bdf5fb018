"""`task_ref`: a Cyberun task that is declared in YAML, to be run from Python."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Unpack, cast

from cyberflow.language.python.declarations import TaskReference
from cyberflow.language.python.keywords import StepKeywords, TaskOptions
from cyberflow.language.python.tracing.pipeline import TaskStep, pipeline_trace
from cyberflow.sdk.run_methods import RunMethods

if TYPE_CHECKING:
    from cyberflow.sdk.call import PythonCall
    from cyberflow.sdk.task import TaskRun


class TaskRef(TaskReference, RunMethods["TaskRun", TaskOptions]):
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

    async def _run(self, call: PythonCall) -> TaskRun:
        from cyberflow.sdk.task import arun_task

        return await arun_task(self, call)


def task_ref(name: str) -> TaskRef:
    """Refer to a task that the project of the calling file declares."""
    return TaskRef(name, sys._getframe(1).f_code.co_filename)  # noqa: SLF001 - the one way to know who calls
