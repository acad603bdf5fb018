"""A pipeline as data: what `--format json` prints, and what `--plan` says beforehand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from cyberflow.redact import Redactor
from cyberflow.run.pipeline.changes import top_step
from cyberflow.run.pipeline.reducer import UNFORGIVEN, pending_retries, scope_status, waiting_entries
from cyberflow.run.pipeline.state import KINDS, PipelineState, StepProgress
from cyberflow.run.work.entry import LedgerEntry

VERSION = 1
SUBMITTED = ("chain", "run", "task")


def pipeline_status(state: PipelineState) -> str:
    """`success`, the first status that nothing forgave, `waiting` where waits or retries are left, `stopped` before the
    end.
    """
    status = scope_status(state, state.root)
    if status != "success":
        return status
    if any(state.entries[id].stage in ("sending", "accepted") for id in _live_ids(state)):
        return "running"
    if waiting_entries(state) or pending_retries(state):
        return "waiting"
    if not state.root.is_over:
        return "stopped"
    return "success" if len(state.root.steps) == len(state.root.pipeline.steps) else "stopped"


def _live_ids(state: PipelineState) -> Iterator[str]:
    """What is submitted or called and not over."""
    live = (id for scope in state.scopes.values() for one in scope.steps.values() for id in one.live)
    return (id for id in live if state.entries[id].kind in (*SUBMITTED, "call"))


def pipeline_outputs(state: PipelineState) -> dict[str, Any]:
    """The declared outputs, as far as there is something for them."""
    return state.filler(state.root).values(state.root.pipeline.outputs, "output")


def pipeline_json(state: PipelineState, name: str, ledger: str, redactor: Redactor) -> dict[str, Any]:
    """What `--format json` prints."""
    status = pipeline_status(state)
    return {
        "version": VERSION,
        "name": name,
        "status": status,
        "ledger": ledger,
        "steps": [_step_json(state, step.id, redactor) for step in state.root.pipeline.steps],
        "outputs": redactor.json(pipeline_outputs(state)) if status == "success" else {},
    }


def step_status(state: PipelineState, progress: StepProgress | None) -> str:
    """The status of a step: the first of its items' that nothing forgave, `running` while some are under way,
    `waiting` before.
    """
    if progress is None or not progress.expanded:
        return "waiting"
    if progress.left_out:
        return "skipped"
    if progress.problem is not None:
        return "error"
    entries = step_entries(state, progress)
    if progress.failures:
        failed = [entry.display_status for entry in entries if entry.is_over and not entry.has_succeeded]
        return next((status for status in failed if status in UNFORGIVEN), failed[0])
    if progress.is_over:
        return "success" if progress.step.each or not entries else entries[0].display_status
    # what is only tried again later is over for now
    running = progress.step.kind != "wait" and any(not state.entries[id].is_over for id in progress.live)
    return "running" if running else "waiting"


def step_entries(state: PipelineState, progress: StepProgress) -> list[LedgerEntry]:
    """The entries of a step's items, in their order."""
    return [state.entries[id] for id in progress.items if id in state.entries]


def item_counts(state: PipelineState, progress: StepProgress | None) -> dict[str, int]:
    """How many items of a step are how far."""
    if progress is None or not progress.expanded or progress.left_out:
        return {}
    counts = Counter(entry.display_status for entry in step_entries(state, progress))
    if rest := len(progress.items) - sum(counts.values()):
        counts["waiting"] += rest
    return dict(sorted(counts.items()))


def _step_json(state: PipelineState, id: str, redactor: Redactor) -> dict[str, Any]:
    progress, step = state.root.steps.get(id), state.root.pipeline.step(id)
    assert step is not None  # noqa: S101 - it is one of its own
    problem = progress.problem if progress else None
    return {
        "id": id,
        "kind": "workflow" if KINDS[step.kind] == "run" else step.kind,
        "status": step_status(state, progress),
        "items": item_counts(state, progress),
        **({"error": redactor.text(problem)} if problem else {}),
        "runs": list(_runs_json(state, id, redactor)),
    }


def _runs_json(state: PipelineState, id: str, redactor: Redactor) -> Iterator[dict[str, Any]]:
    """What was submitted, called or waited for by a step, and by the pipelines that it runs; these where they
    themselves could not go on.
    """
    for entry in state.entries.values():
        joins = entry.kind == "each" or (entry.kind == "pipeline" and entry.error is None)
        if joins or top_step(entry) != id:
            continue
        if not entry.attempt and entry.stage == "waiting":
            continue
        yield {
            "id": entry.id,
            "key": entry.id[len(entry.step) + 1 : -1] or None,
            "session_id": entry.session_id,
            "run_ids": [] if entry.kind == "task" else list(entry.run_ids),
            "task_id": entry.task_id,
            "status": entry.display_status,
            "error": redactor.text(entry.error) if entry.error else None,
        }


def plan_json(state: PipelineState, name: str, ledger: str | None) -> dict[str, Any]:
    """The steps with what they run, how many items are known so far, and where it waits."""
    steps = []
    for step in state.root.pipeline.steps:
        progress = state.root.steps.get(step.id)
        known = progress is not None and progress.expanded
        wait = step.wait and (step.wait.signal or step.wait.duration or "until a moment")
        steps.append(
            {
                "id": step.id,
                "kind": step.kind,
                "runs": step.run or (step.call.function if step.call else None),
                "waits": wait,
                "each": step.each is not None,
                "total": (len(progress.items) if progress and known else None) if step.each else 1,
                "items": item_counts(state, progress),
                "status": step_status(state, progress),
            }
        )
    return {"version": VERSION, "name": name, "ledger": ledger, "steps": steps}
