"""The Python door: running what was declared and giving typed results, and every operation of the command line as a
function. Prints nothing but where a command would wait. Begin reading at `decorators` and `operations`.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cyberflow.deploy.plan.model import PruneOptions
    from cyberflow.deploy.replay.model import ReplayRange
    from cyberflow.sdk.deployments.deployment import ApplyOptions, PlanOptions, read_saved_plan
    from cyberflow.sdk.deployments.pulls import PullOptions
    from cyberflow.sdk.operations import Applied, BatchResult, adopt, apply, batch, merge, plan, pull, resume, worker
    from cyberflow.sdk.pipelines.operations import PipelineResult, resume_pipeline, run_pipeline
    from cyberflow.sdk.pipelines.setup import PipelineOptions
    from cyberflow.sdk.pipelines.signals import adopt_task, signal
    from cyberflow.sdk.project import ProjectErrors
    from cyberflow.sdk.rows.setup import BadRows, BatchOptions
    from cyberflow.sdk.rows.workers import WorkerOptions

_HOMES = {
    "deploy.plan.model": ("PruneOptions",),
    "deploy.replay.model": ("ReplayRange",),
    "sdk.rows.setup": ("BadRows", "BatchOptions"),
    "sdk.rows.workers": ("WorkerOptions",),
    "sdk.deployments.deployment": ("ApplyOptions", "PlanOptions", "read_saved_plan"),
    "sdk.operations": (
        "Applied",
        "BatchResult",
        "adopt",
        "adopt_task",
        "apply",
        "batch",
        "merge",
        "plan",
        "pull",
        "resume",
        "resume_pipeline",
        "run_pipeline",
        "signal",
        "worker",
    ),
    "sdk.pipelines.operations": ("PipelineResult", "resume_pipeline", "run_pipeline"),
    "sdk.pipelines.setup": ("PipelineOptions",),
    "sdk.pipelines.signals": ("adopt_task", "signal"),
    "sdk.project": ("ProjectErrors",),
    "sdk.deployments.pulls": ("PullOptions",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}
__all__ = [
    "Applied",
    "ApplyOptions",
    "BadRows",
    "BatchOptions",
    "BatchResult",
    "PipelineOptions",
    "PipelineResult",
    "PlanOptions",
    "ProjectErrors",
    "PruneOptions",
    "PullOptions",
    "ReplayRange",
    "WorkerOptions",
    "adopt",
    "adopt_task",
    "apply",
    "batch",
    "merge",
    "plan",
    "pull",
    "read_saved_plan",
    "resume",
    "resume_pipeline",
    "run_pipeline",
    "signal",
    "worker",
]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name not in _HOME_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        return getattr(import_module(f"cyberflow.{_HOME_OF[name]}"), name)
