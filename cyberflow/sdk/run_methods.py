"""`run` and `arun`: how whatever is declared is run from Python to its end."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from os import PathLike
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from cyberflow.language.python.declarations import Secret

if TYPE_CHECKING:
    from cyberflow.language.python.keywords import PipelineRunOptions, RunOptions, TaskOptions
    from cyberflow.sdk.call import PythonCall

R = TypeVar("R")
O = TypeVar("O", bound="RunOptions | TaskOptions | PipelineRunOptions")  # noqa: E741 - the options
SecretSources = Mapping[str, "str | Secret"]
"""Secrets of a run: where each is found (`env:VARIABLE`, `file:PATH`, `prompt`, `keyring:SERVICE/USER`), or its value
in a `Secret`.
"""
FileArguments = Mapping[str, "str | PathLike[str]"]


class RunMethods(ABC, Generic[R, O]):
    """What is given is the same for workflows, chains, tasks and pipelines, but for their options."""

    def run(
        self,
        *,
        target: str | None = None,
        secrets: SecretSources | None = None,
        files: FileArguments | None = None,
        options: O | None = None,
        **inputs: Any,
    ) -> R:
        """Submit, follow to the end, and give the typed outputs; those of a task are saved.

        `target` is the project's default one when not given. Raises UsageError when what is given does not fit
        (nothing was sent then), ConflictError when the target is not as declared. RunFailed, TaskFailed or
        PipelineFailed say that it did not end well, StillRunning that the time is over first.
        """
        from cyberflow.sdk.call import PythonCall
        from cyberflow.sdk.handle import run_blocking

        return run_blocking(self._run(PythonCall(target, secrets, files, options, inputs)))

    async def arun(
        self,
        *,
        target: str | None = None,
        secrets: SecretSources | None = None,
        files: FileArguments | None = None,
        options: O | None = None,
        **inputs: Any,
    ) -> R:
        """Do as `run`, inside a running event loop."""
        from cyberflow.sdk.call import PythonCall

        return await self._run(PythonCall(target, secrets, files, options, inputs))

    @abstractmethod
    async def _run(self, call: PythonCall) -> R: ...
