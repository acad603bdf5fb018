"""The plan of a deployment: what it would change, field by field. Pure and read-only; without `--prune`
it proposes no deletion, what is no longer declared is told and kept.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from cyberflow.client.cyberdesk.wire import Image, TagRecord
from cyberflow.compiler.bundle import Bundle
from cyberflow.deploy.plan.breaking import find_breaking_changes
from cyberflow.deploy.plan.model import Action, Change, FieldChange, Plan, PlanProblem, PruneOptions
from cyberflow.deploy.plan.prune import image_prune_changes, prune_candidates, prune_changes, prune_problems
from cyberflow.deploy.plan.reconcile import Reconciliation, adoption_hint, reconcile, unowned_ids
from cyberflow.deploy.plan.tags import tag_change, tag_changes, tag_problems, tags_by_name
from cyberflow.deploy.plan.verdicts import judge_edit
from cyberflow.diagnostics import did_you_mean
from cyberflow.errors import UsageError
from cyberflow.remote.canonical import CHECK_FIELDS, canonicalize, differing_fields, field_hash, wire_fields
from cyberflow.remote.desired import DesiredWorkflow, resolve_workflow
from cyberflow.remote.identity import OwnedWorkflow, Owner, Ownership, list_owned_workflows, strip_marker
from cyberflow.remote.images import image_addresses, name_without_hash, orphans
from cyberflow.remote.snapshot import Snapshot


def plan(
    bundle: Bundle, remote: Snapshot, owner: Owner, only: Collection[str] = (), prune: PruneOptions | None = None
) -> Plan:
    """Compare what is declared with what is there. `only` limits the changes to some workflows; a `prune` that is to
    take workflows must have been told which of `prune_candidates` have runs.

    Raises UsageError for a name in `only` that is neither declared nor to be pruned. Everything else that stands in
    the way is in the plan.
    """
    desired = [resolve_workflow(one, bundle, remote, owner) for one in bundle.workflows]
    held = list_owned_workflows(remote.workflows, owner)
    whole = matched = reconcile(desired, held)
    prune = prune or PruneOptions(workflows=False)
    going = prune_candidates(matched.kept, only) if prune.workflows else ()
    picked = _select(desired, only, [one.name for one in going])
    matched = matched.about({one.name for one in picked})
    tags = tags_by_name(remote.tags)
    gone = owner.tag not in tags and any(one.marker for one in held)
    strangers = unowned_ids(remote.workflows)
    found = () if gone else _changes(picked, matched, bundle, strangers)
    workflows = [_judge_change(one, remote, bundle) for one in found]
    leaving = () if gone else tuple(prune_changes(going, prune))
    unused = _orphans(remote, desired, (*workflows, *leaving))
    needed = (*tag_changes(workflows, tags, owner), *_uploads(workflows))
    images = tuple(image_prune_changes(unused)) if prune.images and not gone else ()
    managed = sum(one.ownership is Ownership.MANAGED for one in held)
    return Plan(
        bundle,
        owner,
        (*needed, *workflows, *leaving, *images, *matched.notices),
        tuple(_errors(picked, matched, tags, owner)),
        (*_missing_tag_problem(owner, gone=gone), *matched.conflicts),
        tuple(one for one in matched.kept if one not in going),
        tuple(sorted(only)),
        {name: tag.id for name, tag in tags.items()},
        {name: one.id for name, one in whole.found.items()},
        orphans=unused,
        prune=prune,
        refused=tuple(prune_problems(going, managed, len(desired), prune)),
    )


def _select(desired: Sequence[DesiredWorkflow], only: Collection[str], going: Sequence[str]) -> list[DesiredWorkflow]:
    names = [one.name for one in desired]
    for name in sorted(only):
        if name not in (*names, *going):
            raise UsageError(f"no workflow `{name}` is declared", help=did_you_mean(name, [*names, *going]))
    return [one for one in desired if not only or one.name in only]


def _orphans(remote: Snapshot, desired: Sequence[DesiredWorkflow], changes: Sequence[Change]) -> tuple[Image, ...]:
    """The images of ours that nothing will show once the changes are made, nor any declaration when it is applied."""
    after = {one.id: one for one in changes}
    used = [image_addresses(one.fields) for one in desired]
    for workflow in remote.workflows:
        change = after.get(workflow.id)
        if change is None or change.action == "release":
            used.append(image_addresses(workflow))
        elif change.desired:
            used.append(image_addresses({**workflow.to_json(), **change.desired.fields}))
    return orphans(remote.images, used)


def _changes(
    picked: Sequence[DesiredWorkflow], matched: Reconciliation, bundle: Bundle, strangers: Mapping[str, list[str]]
) -> Iterator[Change]:
    for desired in picked:
        if desired.name in matched.stopped:
            continue
        holding = matched.found.get(desired.name)
        hint = adoption_hint(desired, strangers, bundle.target)
        change = _create(desired, hint) if holding is None else _change(desired, holding)
        if change is None:
            continue
        if change.seen is not None:
            states = canonicalize(wire_fields(change.seen)), canonicalize(desired.fields)
            change = replace(change, breaking=tuple(find_breaking_changes(bundle, desired.name, *states)))
        yield change


def _judge_change(change: Change, remote: Snapshot, bundle: Bundle) -> Change:
    """The change with what its edit means."""
    if change.action not in {"update", "rename", "drift"}:
        return change
    edits = {one.path: (one.before, one.after) for one in change.fields}
    files = {image.supabase_url: image.filename for image in remote.images} | bundle.asset_names
    names = {address: name_without_hash(name) for address, name in files.items()}
    verdict = judge_edit(edits, breaks=bool(change.breaking), pixels=remote.pixels, names=names)
    return replace(change, verdict=verdict)


def _create(desired: DesiredWorkflow, reason: str) -> Change:
    fields = tuple(_field_change(name, None, desired.fields[name]) for name in canonicalize(desired.fields))
    tags = tag_change(desired, None)
    return Change(
        "create", "workflow", desired.name, None, (*fields, *((tags,) if tags else ())), reason, desired=desired
    )


def _change(desired: DesiredWorkflow, holding: OwnedWorkflow) -> Change | None:
    before = wire_fields(holding.workflow)
    there = {**before, "name": desired.fields["name"]} if desired.untitled and not before["name"] else before
    fields = tuple(
        _field_change(name, there[name], desired.fields[name]) for name in differing_fields(there, desired.fields)
    )
    tags = tag_change(desired, holding.workflow)
    action, reason = _action(desired, holding, before, moved=bool(fields))
    if action is None:
        if tags is None:
            return None
        action = "update"
    fields = (*fields, *((tags,) if tags else ()))
    return Change(action, "workflow", desired.name, holding.id, fields, reason, holding.workflow, desired)


def _action(
    desired: DesiredWorkflow, holding: OwnedWorkflow, before: dict[str, Any], *, moved: bool
) -> tuple[Action | None, str]:
    """What the content asks for. A workflow that says what is declared is in order, whoever wrote it."""
    marker = holding.marker
    if marker is None:
        return "drift", "its schema was rewritten: our marker is gone"
    renamed = f"renamed from {marker.name}" if marker.name != desired.name else ""
    if moved and marker.hash != field_hash(before):
        return "drift", "; ".join(filter(None, ("a person changed it", renamed)))
    if holding.ownership is Ownership.UNFINISHED:
        return "create", "finishes a create that was interrupted"
    if renamed:
        return "rename", renamed
    return ("update", "") if moved else (None, "")


def _field_change(name: str, before: Any, after: Any) -> FieldChange:
    return FieldChange(name, _value_for_display(name, before), _value_for_display(name, after))


def _value_for_display(name: str, value: Any) -> Any:
    if name == "input_schema":
        return strip_marker(value)
    if name == "post_run_checks":
        return [{key: check[key] for key in CHECK_FIELDS if check.get(key) is not None} for check in value or ()]
    return value


def _uploads(workflows: Sequence[Change]) -> Iterator[Change]:
    missing = {asset.sha256: asset for change in workflows if change.desired for asset in change.desired.missing}
    for asset in sorted(missing.values(), key=lambda asset: asset.filename):
        yield Change("upload", "image", asset.filename, asset=asset)


def _errors(
    picked: Sequence[DesiredWorkflow], matched: Reconciliation, tags: Mapping[str, TagRecord], owner: Owner
) -> Iterator[PlanProblem]:
    yield from matched.errors
    for desired in picked:
        for fault in desired.faults:
            yield PlanProblem(desired.name, f"`{desired.name}`: {fault}")
        holding = matched.found.get(desired.name)
        yield from tag_problems(desired, holding.workflow if holding else None, tags, owner)


def _missing_tag_problem(owner: Owner, *, gone: bool) -> Iterator[PlanProblem]:
    if gone:
        message = f"there is no tag `{owner.tag}`, but workflows that carry its marker: ownership is lost"
        yield PlanProblem(None, message, help="`cyberflow adopt` takes the workflows back one by one")
