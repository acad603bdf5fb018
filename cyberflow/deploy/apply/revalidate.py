"""Revalidates a plan against the account as it is now, before the first create."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cyberflow.deploy.plan.model import Change, Outcome, Plan
from cyberflow.deploy.plan.plan import plan as compare
from cyberflow.remote.identity import OwnedWorkflow, Ownership, list_owned_workflows, ownership_of
from cyberflow.remote.snapshot import read_snapshot

if TYPE_CHECKING:
    from cyberflow.client.cyberdesk.client import Cyberdesk


@dataclass(frozen=True)
class RevalidatedPlan:
    """`plan` is the one to go by, `todo` what of it still holds, `outcomes` what became of the rest."""

    plan: Plan
    todo: tuple[Change, ...]
    outcomes: tuple[Outcome, ...] = ()
    workflows: tuple[OwnedWorkflow, ...] = ()

    def ids_of(self, name: str) -> frozenset[str]:
        """The ids already seen under the marker of a name, copies included."""
        return frozenset(one.id for one in self.workflows if one.name == name)


async def revalidate(plan: Plan, todo: Sequence[Change], desk: Cyberdesk) -> RevalidatedPlan:
    """Read the account once more when something is to be made, for another deployment may have made it. A plan that
    makes nothing needs no second look: each workflow is read again before it is written.
    """
    if not any(change.seen is None for change in todo):
        return RevalidatedPlan(plan, tuple(todo))
    remote = await read_snapshot(desk, plan.bundle.assets)
    held = list_owned_workflows(remote.workflows, plan.owner)
    now = compare(plan.bundle, remote, plan.owner, plan.only, plan.prune)
    kept: list[Change] = []
    outcomes: list[Outcome] = []
    for change in todo:
        found = _revalidate_change(change, now, held)
        if isinstance(found, Outcome):
            outcomes.append(found)
        else:
            kept.append(found)
    return RevalidatedPlan(now, tuple(kept), tuple(outcomes), held)


def _revalidate_change(change: Change, now: Plan, held: Iterable[OwnedWorkflow]) -> Change | Outcome:
    found = next(
        (one for one in now.changes if (one.kind, one.name) == (change.kind, change.name) and one.pending), None
    )
    if change.action in {"delete", "release"} and change.kind == "workflow":
        still = found is not None and found.action == change.action and found.id == change.id
        return change if still else Outcome.of(change, "conflict", "it moved since the plan was made")
    if change.kind == "image" and change.action == "delete":
        return change
    if change.kind != "workflow":
        return found or Outcome.of(change, "unchanged", id=now.tags.get(change.name))
    if stopped := [one.message for one in now.conflicts if one.name is None]:
        return Outcome.of(change, "conflict", stopped[0])
    if found is None and (told := [one.message for one in now.conflicts if one.name == change.name]):
        return Outcome.of(change, "conflict", told[0])
    lost = [one for one in now.changes if one.action == "lost" and one.name == change.name]
    if found is None and not lost:
        id = next((one.id for one in held if one.name == change.name and one.ownership is Ownership.MANAGED), None)
        return Outcome.of(change, "unchanged", id=id)
    if found is None or not _still_applies(change, found, now):
        seen = found.id if found else lost[0].id
        return Outcome.of(change, "conflict", "it moved since the plan was made", seen)
    return replace(found, seen=change.seen or found.seen)


def _still_applies(change: Change, found: Change, now: Plan) -> bool:
    """Whether a change may still be made: nothing was there and nothing is, or a create of ours died; what was there
    is compared once more right before it is written.
    """
    if change.seen is None:
        return found.seen is None or (
            found.action != "drift" and ownership_of(found.seen, now.owner) is Ownership.UNFINISHED
        )
    return found.seen is not None and found.seen.id == change.seen.id
