"""Revalidates a plan against the account as it is now, before the first create."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
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
        return self._ids_by_name.get(name, frozenset())

    @cached_property
    def _ids_by_name(self) -> dict[str | None, frozenset[str]]:
        ids: defaultdict[str | None, set[str]] = defaultdict(set)
        for one in self.workflows:
            ids[one.name].add(one.id)
        return {name: frozenset(found) for name, found in ids.items()}


async def revalidate(plan: Plan, todo: Sequence[Change], desk: Cyberdesk) -> RevalidatedPlan:
    """Read the account once more when something is to be made, for another deployment may have made it. A plan that
    makes nothing needs no second look: each workflow is read again before it is written.
    """
    if not any(change.seen is None for change in todo):
        return RevalidatedPlan(plan, tuple(todo))
    remote = await read_snapshot(desk, plan.bundle.assets)
    held = list_owned_workflows(remote.workflows, plan.owner)
    now = compare(plan.bundle, remote, plan.owner, plan.only, plan.prune)
    seen = _Account.of(now, held)
    kept: list[Change] = []
    outcomes: list[Outcome] = []
    for change in todo:
        found = _revalidate_change(change, now, seen)
        if isinstance(found, Outcome):
            outcomes.append(found)
        else:
            kept.append(found)
    return RevalidatedPlan(now, tuple(kept), tuple(outcomes), held)


@dataclass(frozen=True)
class _Account:
    """What was read once more, by what is asked of it for each change: a plan may have thousands."""

    pending: Mapping[tuple[str, str], Change]
    lost: Mapping[str, Change]
    conflicts: Mapping[str | None, str]
    managed: Mapping[str | None, str]

    @classmethod
    def of(cls, now: Plan, held: Iterable[OwnedWorkflow]) -> _Account:
        """The first of each name counts, as in the plan."""
        return cls(
            {(one.kind, one.name): one for one in reversed(now.changes) if one.pending},
            {one.name: one for one in reversed(now.changes) if one.action == "lost"},
            {one.name: one.message for one in reversed(now.conflicts)},
            {one.name: one.id for one in reversed([*held]) if one.ownership is Ownership.MANAGED},
        )


def _revalidate_change(change: Change, now: Plan, account: _Account) -> Change | Outcome:
    found = account.pending.get((change.kind, change.name))
    if change.action in {"delete", "release"} and change.kind == "workflow":
        still = found is not None and found.action == change.action and found.id == change.id
        return change if still else Outcome.of(change, "conflict", "it moved since the plan was made")
    if change.kind == "image" and change.action == "delete":
        return change
    if change.kind != "workflow":
        return found or Outcome.of(change, "unchanged", id=now.tags.get(change.name))
    if (stopped := account.conflicts.get(None)) is not None:
        return Outcome.of(change, "conflict", stopped)
    if found is None and (told := account.conflicts.get(change.name)) is not None:
        return Outcome.of(change, "conflict", told)
    lost = account.lost.get(change.name)
    if found is None and lost is None:
        return Outcome.of(change, "unchanged", id=account.managed.get(change.name))
    if found is None or not _still_applies(change, found, now):
        seen = found.id if found else lost.id if lost else None
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
