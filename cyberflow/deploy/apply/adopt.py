"""Adopts a workflow of the platform under a declared name: the marker by one PATCH, then our tag; its content stays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cyberflow.client.cyberdesk.wire import WorkflowRecord, canonical_id
from cyberflow.compiler.bundle import Bundle
from cyberflow.deploy.apply.idempotent_create import none_if_missing
from cyberflow.deploy.apply.tag_writer import TagWriter
from cyberflow.deploy.plan.model import Change, Outcome
from cyberflow.deploy.plan.tags import tags_by_name
from cyberflow.diagnostics import did_you_mean
from cyberflow.errors import ConflictError, UsageError
from cyberflow.remote.canonical import differing_fields, field_hash, wire_fields
from cyberflow.remote.desired import resolve_workflow
from cyberflow.remote.identity import Marker, OwnedWorkflow, Owner, list_owned_workflows, strip_marker
from cyberflow.remote.snapshot import read_snapshot

if TYPE_CHECKING:
    from cyberflow.client.cyberdesk.client import Cyberdesk


_SHORTEST = 8


async def adopt(
    desk: Cyberdesk, bundle: Bundle, owner: Owner, name: str, id: str, *, commit: str | None = None
) -> Outcome:
    """Adopt the workflow `id` as `name`; done twice, the second time does nothing. The marker names `commit` where the
    workflow says what is declared: what a person made of it no commit wrote.

    Raises UsageError when nothing is declared under that name or nothing has that id, ConflictError when the one is
    taken or the other is somebody's.
    """
    declared = bundle.workflow(name)
    if declared is None:
        known = did_you_mean(name, [one.name for one in bundle.workflows])
        raise UsageError(f"no workflow `{name}` is declared", help=known or "`cyberflow pull` writes a declaration")
    remote = await read_snapshot(desk, bundle.assets)
    now = _find(id.casefold(), remote.workflows)
    _check_adoptable(now, list_owned_workflows(remote.workflows, owner), owner, name)
    fields = wire_fields(now)
    content = field_hash(fields)
    same = content == field_hash(resolve_workflow(declared, bundle, remote, owner).fields)
    before = Marker.find_in(now.input_schema)
    marker = Marker(owner.tag, name, now.id, content).with_commit(commit if same else None, before, content)
    change = Change("adopt", "workflow", name, now.id)
    names = {one.name for one in now.tags or ()}
    marked = before == marker
    if marked and owner.tag in names:
        return Outcome.of(change, "unchanged")
    if not marked:
        await write_marker(desk, now, marker)
    if owner.tag not in names:
        tag = tags_by_name(remote.tags).get(owner.tag)
        tags = TagWriter(desk, owner, {owner.tag: tag.id} if tag else {})
        if tag is None or tag.is_archived:
            await tags.write(Change("create", "tag", owner.tag, tag.id if tag else None))
        if faults := await tags.set_names(now, {*names, owner.tag}):
            raise ConflictError(f"the service did not take {faults[0]}")
    return Outcome.of(change, "done")


async def write_marker(desk: Cyberdesk, seen: WorkflowRecord, marker: Marker) -> None:
    """Mark a workflow that is still as it was seen, its content as it is. Raises ConflictError when it moved."""
    now = await none_if_missing(desk.workflows.get(seen.id))
    if now is None or differing_fields(wire_fields(seen), wire_fields(now)):
        raise ConflictError("it moved in the meantime; try again")
    answer = await desk.workflows.update(now.id, {"input_schema": marker.insert_into(strip_marker(now.input_schema))})
    if Marker.find_in(answer.input_schema) != marker:
        raise ConflictError("the service did not take our marker")


def _find(id: str, workflows: Sequence[WorkflowRecord]) -> WorkflowRecord:
    """The workflow of an id, or of its first characters where no other begins so."""
    found = [one for one in workflows if one.id == canonical_id(id)]
    if not found and len(id) >= _SHORTEST:
        found = [one for one in workflows if one.id.startswith(id)]
    if len(found) > 1:
        raise UsageError(
            f"{len(found)} workflows of the target have an id that begins with {id}", help="write it whole"
        )
    if not found:
        raise UsageError(f"the target has no workflow with the id {id}", help="`cyberflow pull --all` lists them")
    return found[0]


def _check_adoptable(now: WorkflowRecord, held: Sequence[OwnedWorkflow], owner: Owner, name: str) -> None:
    marker = Marker.find_in(now.input_schema)
    if marker is not None and marker.owner != owner.tag:
        raise ConflictError(f"{now.id} is `{marker.name}` of {marker.owner.removeprefix('cyberflow:')}")
    if marker is not None and marker.id == now.id and marker.name != name:
        help = f"to rename it, declare `was: {marker.name}`"
        raise ConflictError(f"{now.id} is `{marker.name}` of this project already", help=help)
    rivals = [one.id for one in held if one.name == name and one.id != now.id and one.ownership.is_ours]
    if rivals:
        help = "delete it in the dashboard, or adopt under another name"
        raise ConflictError(f"`{name}` is {', '.join(rivals)} already", help=help)
