"""`task_ref`: a Cyberun task that is declared in YAML, to be run from Python."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from os import PathLike
from typing import TYPE_CHECKING, Any

from cyberflow.language.python.declarations import TaskReference
from cyberflow.language.python.keywords import TaskOptions
from cyberflow.sdk.decorators import SecretSources

if TYPE_CHECKING:
    from cyberflow.sdk.task import TaskRun

FileArguments = Mapping[str, "str | PathLike[str]"]


class TaskRef(TaskReference):
    """A reference to a task, with the ways to run it."""

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
