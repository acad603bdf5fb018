"""The Python door: running what was declared and giving typed results, and the part of a run that the command line
shares with it. Prints nothing.

`run`, `arun` and `submit` stand behind the methods of decorated functions.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cyberflow.pipeline.applied import look_up
    from cyberflow.pipeline.call import Call, ProjectErrors
    from cyberflow.pipeline.handle import Handle, RunFailed, StillRunning, arun, run, submit
    from cyberflow.pipeline.prepared import Compiled, find, give, owner, request, script
    from cyberflow.pipeline.task import TaskFailed, TaskOutput, TaskRun, arun_task, run_task

_HOMES = {
    "applied": ("look_up",),
    "call": ("Call", "ProjectErrors"),
    "handle": ("Handle", "RunFailed", "StillRunning", "arun", "run", "submit"),
    "task": ("TaskFailed", "TaskOutput", "TaskRun", "arun_task", "run_task"),
    "prepared": ("Compiled", "find", "give", "owner", "request", "script"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Call",
    "Compiled",
    "Handle",
    "ProjectErrors",
    "RunFailed",
    "StillRunning",
    "TaskFailed",
    "TaskOutput",
    "TaskRun",
    "arun",
    "arun_task",
    "find",
    "give",
    "look_up",
    "owner",
    "request",
    "run",
    "run_task",
    "script",
    "submit",
]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name not in _HOME_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)

    def __dir__() -> list[str]:
        return sorted(__all__)
