"""What `--prune` takes, and when that would be too much: workflows of ours that are no longer declared, images that
nothing shows. Pure; whether a workflow has runs is told.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from cyberflow.client.cyberdesk.wire import Image
from cyberflow.deploy.plan.model import Change, Kept, Problem, Prune
from cyberflow.remote.canonical import field_hash, wire_fields
from cyberflow.remote.identity import Marker

MANY = 10
SHARE = 0.3
_FORCE = "look at the list, then say --force"


def candidates(kept: Iterable[Kept], only: Collection[str] = ()) -> tuple[Kept, ...]:
    """The workflows that a prune is about; with `only`, those it names."""
    return tuple(one for one in kept if one.prunable and (not only or one.name in only))


def pruned(kept: Iterable[Kept], prune: Prune) -> Iterator[Change]:
    """A workflow with runs loses our tag and stays, for deleting it would delete its runs; any other one goes."""
    for one in kept:
        if one.id in (prune.runs or ()) and not prune.delete_runs:
            reason = "no longer declared; it has runs, so it stays, without our tag"
            yield Change("release", "workflow", one.name, one.id, reason=reason, seen=one.seen)
        else:
            with_runs = ", and its runs with it" if one.id in (prune.runs or ()) else ""
            yield Change("delete", "workflow", one.name, one.id, reason=f"no longer declared{with_runs}", seen=one.seen)


def pruned_images(images: Iterable[Image]) -> Iterator[Change]:
    for one in images:
        yield Change("delete", "image", one.filename, one.supabase_url, reason="nothing shows it")


def too_much(going: Sequence[Kept], ours: int, declared: int, prune: Prune) -> Iterator[Problem]:
    """Why this prune wants `--force`. `ours` counts every workflow that is managed, those that stay included."""
    if not going or prune.force:
        return
    if not declared:
        yield Problem(None, "no workflow is declared, so --prune would take everything", _ids(going), _FORCE)
    elif ours == len(going) > 1:
        yield Problem(None, f"--prune would take all {ours} workflows of this project", _ids(going), _FORCE)
    elif ours >= MANY and len(going) > ours * SHARE:
        message = f"--prune would take {len(going)} of {ours} workflows, more than {SHARE:.0%}"
        yield Problem(None, message, _ids(going), _FORCE)
    for one in going:
        if one.id in prune.live:
            yield Problem(one.name, f"--prune would take `{one.name}`, which has live runs", (one.id,), _FORCE)
        if _drifted(one):
            message = f"--prune would take `{one.name}`, which a person changed since it was applied"
            yield Problem(one.name, message, (one.id,), _FORCE)


def _ids(going: Sequence[Kept]) -> tuple[str, ...]:
    return tuple(one.id for one in going)


def _drifted(one: Kept) -> bool:
    if one.seen is None:
        return False
    marker = Marker.of(one.seen.input_schema)
    return marker is None or marker.hash != field_hash(wire_fields(one.seen))
