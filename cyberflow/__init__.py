"""Workflow-as-code and chain orchestration for Cyberdesk. Importing this package costs next to nothing."""

from __future__ import annotations

import sys

if "-m" in sys.orig_argv and sys.argv[:1] == ["-m"] and not sys.flags.safe_path:
    # `python -m cyberflow`: what lies in the working directory is data, whatever it is called, and is never imported.
    sys.path[:1] = []

from cyberflow.version import __version__

TYPE_CHECKING = False  # known to type checkers, and `typing` is not imported where nothing else needs it
if TYPE_CHECKING:
    from typing import Any

    from cyberflow.errors import CyberflowError
    from cyberflow.language.python.declarations import Secret
    from cyberflow.language.python.tracing.pipeline import files_of
    from cyberflow.sdk.decorators import ChainDeclaration as Chain
    from cyberflow.sdk.decorators import PipelineDeclaration as Pipeline
    from cyberflow.sdk.decorators import WorkflowDeclaration as Workflow
    from cyberflow.sdk.decorators import chain, pipeline, workflow, workflow_ref
    from cyberflow.sdk.flow_tests.flow import FlowFixture, FlowRun
    from cyberflow.sdk.handle import Handle, RunFailed, StillRunning
    from cyberflow.sdk.pipelines.from_python import PipelineFailed
    from cyberflow.sdk.script.journal import Journal, journal
    from cyberflow.sdk.script.steps import SubmissionUnknown
    from cyberflow.sdk.steps import call, each, pluck, signal, wait
    from cyberflow.sdk.task import TaskFailed, TaskRun
    from cyberflow.sdk.task_ref import TaskRef, task_ref

__all__ = [
    "Chain",
    "CyberflowError",
    "FlowFixture",
    "FlowRun",
    "Handle",
    "Journal",
    "Pipeline",
    "PipelineFailed",
    "RunFailed",
    "Secret",
    "StillRunning",
    "SubmissionUnknown",
    "TaskFailed",
    "TaskRef",
    "TaskRun",
    "Workflow",
    "__version__",
    "call",
    "chain",
    "each",
    "files_of",
    "journal",
    "pipeline",
    "pluck",
    "signal",
    "task_ref",
    "wait",
    "workflow",
    "workflow_ref",
]
_HOMES = {
    "errors": ("CyberflowError",),
    "language.python.declarations": ("Secret",),
    "sdk.decorators": (
        "ChainDeclaration",
        "WorkflowDeclaration",
        "chain",
        "workflow",
        "workflow_ref",
        "PipelineDeclaration",
        "pipeline",
    ),
    "sdk.steps": ("call", "each", "pluck", "signal", "wait"),
    "language.python.tracing.pipeline": ("files_of",),
    "sdk.flow_tests.flow": ("FlowFixture", "FlowRun"),
    "sdk.pipelines.from_python": ("PipelineFailed",),
    "sdk.handle": ("Handle", "RunFailed", "StillRunning"),
    "sdk.script.journal": ("Journal", "journal"),
    "sdk.script.steps": ("SubmissionUnknown",),
    "sdk.task": ("TaskFailed", "TaskRun"),
    "sdk.task_ref": ("TaskRef", "task_ref"),
}
_PUBLIC = {"Pipeline": "PipelineDeclaration", "Chain": "ChainDeclaration", "Workflow": "WorkflowDeclaration"}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        name = _PUBLIC.get(name, name)
        return getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)

    def __dir__() -> list[str]:
        return sorted(__all__)
