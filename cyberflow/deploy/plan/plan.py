"""Bundle and snapshot to plan: what a deployment would change, field by field. Pure and read-only; without `--prune`
it proposes no deletion, what is no longer declared is told and kept.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import Any

from cyberflow.client.cyberdesk.wire import Image
from cyberflow.compiler.bundle import Bundle
from cyberflow.deploy.apply.tags import by_name, tag_change, tag_changes, tag_problems
from cyberflow.deploy.plan.breaking import breaking
from cyberflow.deploy.plan.model import Action, Change, FieldChange, Plan, Problem, Prune
from cyberflow.deploy.plan.prune import candidates, pruned, pruned_images, too_much
from cyberflow.deploy.plan.reconcile import Match, match
from cyberflow.diagnostics import did_you_mean
from cyberflow.errors import UsageError
from cyberflow.remote.canonical import CHECK_FIELDS, canonical, changed, field_hash, wire_fields
from cyberflow.remote.desired import Desired, desire
from cyberflow.remote.identity import Holding, Owner, Standing, holdings, unmarked
from cyberflow.remote.images import orphans, shown
from cyberflow.remote.snapshot import Snapshot


def plan(
    bundle: Bundle, remote: Snapshot, owner: Owner, only: Collection[str] = (), prune: Prune | None = None
) -> Plan:
    """Compare what is declared with what is there. `only` limits the changes to some workflows; a `prune` that is to
    take workflows must have been told which of `candidates` have runs.

    Raises UsageError for a name in `only` that is neither declared nor to be pruned. Everything else that stands in
    the way is in the plan.
    """
    desired = [desire(one, bundle, remote, owner) for one in bundle.workflows]
    held = holdings(remote.workflows, owner)
    matched = match(desired, held)
    prune = prune or Prune(workflows=False)
    going = candidates(matched.kept, only) if prune.workflows else ()
    picked = _picked(desired, only, [one.name for one in going])
    tags = by_name(remote.tags)
    gone = owner.tag not in tags and any(one.marker for one in held)
    workflows = [] if gone else list(_changes(picked, matched, bundle))
    leaving = () if gone else tuple(pruned(going, prune))
    names = {one.name for one in picked}
    unused = _orphans(remote, desired, (*workflows, *leaving))
    managed = sum(one.standing is Standing.MANAGED for one in held)
    return Plan(
        bundle,
        owner,
        (
            *tag_changes(workflows, tags, owner),
            *_uploads(workflows),
            *workflows,
            *leaving,
            *(pruned_images(unused) if prune.images and not gone else ()),
            *(change for change in matched.told if change.action == "copy" or change.name in names),
        ),
        tuple(_errors(picked, matched, remote, owner)),
        (*_tag_is_gone(owner, gone=gone), *(one for one in matched.conflicts if one.name in names)),
        tuple(one for one in matched.kept if one not in going),
        tuple(sorted(only)),
        {name: tag.id for name, tag in tags.items()},
        orphans=unused,
        prune=prune,
        refused=tuple(too_much(going, managed, len(desired), prune)),
    )


def _picked(desired: Sequence[Desired], only: Collection[str], going: Sequence[str]) -> list[Desired]:
    names = [one.name for one in desired]
    for name in sorted(only):
        if name not in (*names, *going):
            raise UsageError(f"no workflow `{name}` is declared", help=did_you_mean(name, [*names, *going]))
    return [one for one in desired if not only or one.name in only]


def _orphans(remote: Snapshot, desired: Sequence[Desired], changes: Sequence[Change]) -> tuple[Image, ...]:
    """The images of ours that nothing will show once the changes are made, nor any declaration when it is applied."""
    after = {one.id: one for one in changes}
    used = [shown(one.fields) for one in desired]
    for workflow in remote.workflows:
        change = after.get(workflow.id)
        if change is None or change.action == "release":
            used.append(shown(workflow))
        elif change.desired:
            used.append(shown({**workflow.sent(), **change.desired.fields}))
    return orphans(remote.images, used)


def _changes(picked: Sequence[Desired], matched: Match, bundle: Bundle) -> Iterator[Change]:
    for desired in picked:
        if desired.name in matched.stopped:
            continue
        holding = matched.found.get(desired.name)
        change = _create(desired) if holding is None else _change(desired, holding)
        if change is None:
            continue
        if change.seen is not None:
            states = canonical(wire_fields(change.seen)), canonical(desired.fields)
            change = replace(change, breaking=tuple(breaking(bundle, desired.name, *states)))
        yield change


def _create(desired: Desired) -> Change:
    fields = tuple(_field(name, None, desired.fields[name]) for name in canonical(desired.fields))
    tags = tag_change(desired, None)
    return Change("create", "workflow", desired.name, None, (*fields, *((tags,) if tags else ())), desired=desired)


def _change(desired: Desired, holding: Holding) -> Change | None:
    before = wire_fields(holding.workflow)
    there = {**before, "name": desired.fields["name"]} if desired.untitled and not before["name"] else before
    fields = tuple(_field(name, there[name], desired.fields[name]) for name in changed(there, desired.fields))
    tags = tag_change(desired, holding.workflow)
    action, reason = _action(desired, holding, before, moved=bool(fields))
    if action is None:
        if tags is None:
            return None
        action = "update"
    fields = (*fields, *((tags,) if tags else ()))
    return Change(action, "workflow", desired.name, holding.id, fields, reason, holding.workflow, desired)


def _action(desired: Desired, holding: Holding, before: dict[str, Any], *, moved: bool) -> tuple[Action | None, str]:
    """What the content asks for. A workflow that says what is declared is in order, whoever wrote it."""
    marker = holding.marker
    if marker is None:
        return "drift", "its schema was rewritten: our marker is gone"
    renamed = f"renamed from {marker.name}" if marker.name != desired.name else ""
    if moved and marker.hash != field_hash(before):
        return "drift", "; ".join(filter(None, ("a person changed it", renamed)))
    if holding.standing is Standing.UNFINISHED:
        return "create", "finishes a create that was interrupted"
    if renamed:
        return "rename", renamed
    return ("update", "") if moved else (None, "")


def _field(name: str, before: Any, after: Any) -> FieldChange:
    return FieldChange(name, _shown(name, before), _shown(name, after))


def _shown(name: str, value: Any) -> Any:
    if name == "input_schema":
        return unmarked(value)
    if name == "post_run_checks":
        return [{key: check[key] for key in CHECK_FIELDS if check.get(key) is not None} for check in value or ()]
    return value


def _uploads(workflows: Sequence[Change]) -> Iterator[Change]:
    missing = {asset.sha256: asset for change in workflows if change.desired for asset in change.desired.missing}
    for asset in sorted(missing.values(), key=lambda asset: asset.filename):
        yield Change("upload", "image", asset.filename, asset=asset)


def _errors(picked: Sequence[Desired], matched: Match, remote: Snapshot, owner: Owner) -> Iterator[Problem]:
    tags = by_name(remote.tags)
    names = {one.name for one in picked}
    yield from (one for one in matched.errors if one.name in names)
    for desired in picked:
        for fault in desired.faults:
            yield Problem(desired.name, f"`{desired.name}`: {fault}")
        holding = matched.found.get(desired.name)
        yield from tag_problems(desired, holding.workflow if holding else None, tags, owner)


def _tag_is_gone(owner: Owner, *, gone: bool) -> Iterator[Problem]:
    if gone:
        message = f"there is no tag `{owner.tag}`, but workflows that carry its marker: ownership is lost"
        yield Problem(None, message, help="`cyberflow adopt` takes the workflows back one by one")
