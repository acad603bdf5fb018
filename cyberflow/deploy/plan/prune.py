"""Pruning of workflows that are no longer declared and of images that nothing shows, and when that would be too much.
Pure; whether a workflow has runs is told.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from cyberflow.client.cyberdesk.wire import Image
from cyberflow.deploy.plan.model import Change, KeptWorkflow, PlanProblem, PruneOptions
from cyberflow.remote.canonical import field_hash, wire_fields
from cyberflow.remote.identity import Marker

MANY = 10
SHARE = 0.3
_FORCE = "look at the list, then say --force"


def prune_candidates(kept: Iterable[KeptWorkflow], only: Collection[str] = ()) -> tuple[KeptWorkflow, ...]:
    """The workflows that a prune is about; with `only`, those it names."""
    return tuple(one for one in kept if one.prunable and (not only or one.name in only))


def prune_changes(kept: Iterable[KeptWorkflow], prune: PruneOptions) -> Iterator[Change]:
    """A workflow with runs loses our tag and stays, for deleting it would delete its runs; any other one goes."""
    for one in kept:
        if one.id in (prune.runs or ()) and not prune.delete_runs:
            reason = "no longer declared; it has runs, so it stays, without our tag"
            yield Change("release", "workflow", one.name, one.id, reason=reason, seen=one.seen)
        else:
            with_runs = ", and its runs with it" if one.id in (prune.runs or ()) else ""
            yield Change("delete", "workflow", one.name, one.id, reason=f"no longer declared{with_runs}", seen=one.seen)


def image_prune_changes(images: Iterable[Image]) -> Iterator[Change]:
    for one in images:
        yield Change("delete", "image", one.filename, one.supabase_url, reason="nothing shows it")


def prune_problems(
    going: Sequence[KeptWorkflow], ours: int, declared: int, prune: PruneOptions
) -> Iterator[PlanProblem]:
    """Why this prune wants `--force`. `ours` counts every workflow that is managed, those that stay included."""
    if not going or prune.force:
        return
    if not declared:
        yield PlanProblem(None, "no workflow is declared, so --prune would take everything", _ids(going), _FORCE)
    elif ours == len(going) > 1:
        yield PlanProblem(None, f"--prune would take all {ours} workflows of this project", _ids(going), _FORCE)
    elif ours >= MANY and len(going) > ours * SHARE:
        message = f"--prune would take {len(going)} of {ours} workflows, more than {SHARE:.0%}"
        yield PlanProblem(None, message, _ids(going), _FORCE)
    for one in going:
        if one.id in prune.live:
            yield PlanProblem(one.name, f"--prune would take `{one.name}`, which has live runs", (one.id,), _FORCE)
        if _has_drift(one):
            message = f"--prune would take `{one.name}`, which a person changed since it was applied"
            yield PlanProblem(one.name, message, (one.id,), _FORCE)


def _ids(going: Sequence[KeptWorkflow]) -> tuple[str, ...]:
    return tuple(one.id for one in going)


def _has_drift(one: KeptWorkflow) -> bool:
    if one.seen is None:
        return False
    marker = Marker.find_in(one.seen.input_schema)
    return marker is None or marker.hash != field_hash(wire_fields(one.seen))
