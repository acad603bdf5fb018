"""Workflow-as-code and chain orchestration for Cyberdesk. Importing this package costs next to nothing."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cyberflow.errors import CyberflowError
    from cyberflow.language.python import Chain, Secret, TaskRef, Workflow, chain, task_ref, workflow, workflow_ref
    from cyberflow.pipeline import Handle, RunFailed, StillRunning, TaskFailed, TaskRun

__version__ = "0.1.0"
__all__ = [
    "Chain",
    "CyberflowError",
    "Handle",
    "RunFailed",
    "Secret",
    "StillRunning",
    "TaskFailed",
    "TaskRef",
    "TaskRun",
    "Workflow",
    "__version__",
    "chain",
    "task_ref",
    "workflow",
    "workflow_ref",
]
_OF_PIPELINE = ("Handle", "RunFailed", "StillRunning", "TaskFailed", "TaskRun")
_HOMES = {"CyberflowError": "errors", **dict.fromkeys(_OF_PIPELINE, "pipeline")}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        return getattr(import_module(f"{__name__}.{_HOMES.get(name, 'language.python')}"), name)

    def __dir__() -> list[str]:
        return sorted(__all__)
