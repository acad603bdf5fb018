"""Taking a workflow of the platform under a declared name: the marker by one PATCH, then our tag; its content stays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cyberflow.client.cyberdesk.wire import WorkflowRecord
from cyberflow.compiler.bundle import Bundle
from cyberflow.deploy.apply.idempotent_create import none_if_missing
from cyberflow.deploy.apply.tags import tags_by_name
from cyberflow.deploy.apply.write import Writer
from cyberflow.deploy.plan.model import Change, Outcome
from cyberflow.diagnostics import did_you_mean
from cyberflow.errors import ConflictError, UsageError
from cyberflow.remote.canonical import differing_fields, field_hash, wire_fields
from cyberflow.remote.identity import Marker, OwnedWorkflow, Owner, Ownership, list_owned_workflows, strip_marker
from cyberflow.remote.snapshot import read_snapshot

if TYPE_CHECKING:
    from cyberflow.client.cyberdesk.client import Cyberdesk

_OURS = frozenset({Ownership.MANAGED, Ownership.UNFINISHED, Ownership.LOST})


async def adopt(desk: Cyberdesk, bundle: Bundle, owner: Owner, name: str, id: str) -> Outcome:
    """Adopt the workflow `id` as `name`; done twice, the second time does nothing.

    Raises UsageError when nothing is declared under that name or nothing has that id, ConflictError when the one is
    taken or the other is somebody's.
    """
    if bundle.workflow(name) is None:
        known = did_you_mean(name, [one.name for one in bundle.workflows])
        raise UsageError(f"no workflow `{name}` is declared", help=known or "`cyberflow pull` writes a declaration")
    remote = await read_snapshot(desk)
    now = next((one for one in remote.workflows if one.id == id.casefold()), None)
    if now is None:
        raise UsageError(f"the target has no workflow with the id {id}", help="`cyberflow pull --all` lists them")
    _check_adoptable(now, list_owned_workflows(remote.workflows, owner), owner, name)
    fields = wire_fields(now)
    marker = Marker(owner.tag, name, now.id, field_hash(fields))
    change = Change("adopt", "workflow", name, now.id)
    tag = tags_by_name(remote.tags).get(owner.tag)
    writer = Writer(desk, owner, lambda _: b"", {owner.tag: tag.id} if tag else {})
    tagged = any(one.name == owner.tag for one in now.tags or ())
    if Marker.find_in(now.input_schema) == marker and tagged:
        return Outcome.of(change, "unchanged")
    if Marker.find_in(now.input_schema) != marker:
        await _write_marker(desk, now, marker)
    if not tagged:
        if tag is None or tag.is_archived:
            await writer.write_tag(Change("create", "tag", owner.tag, tag.id if tag else None))
        borne = await desk.workflows.add_tags(now.id, [writer.tags[owner.tag]])
        if all(one.name != owner.tag for one in borne):
            raise ConflictError(f"the service did not take the tag `{owner.tag}`")
    return Outcome.of(change, "done")


async def _write_marker(desk: Cyberdesk, seen: WorkflowRecord, marker: Marker) -> None:
    now = await none_if_missing(desk.workflows.get(seen.id))
    if now is None or differing_fields(wire_fields(seen), wire_fields(now)):
        raise ConflictError("it moved while it was adopted; try again")
    answer = await desk.workflows.update(now.id, {"input_schema": marker.insert_into(strip_marker(now.input_schema))})
    if Marker.find_in(answer.input_schema) != marker:
        raise ConflictError("the service did not take our marker")


def _check_adoptable(now: WorkflowRecord, held: Sequence[OwnedWorkflow], owner: Owner, name: str) -> None:
    marker = Marker.find_in(now.input_schema)
    if marker is not None and marker.owner != owner.tag:
        raise ConflictError(f"{now.id} is `{marker.name}` of {marker.owner.removeprefix('cyberflow:')}")
    if marker is not None and marker.id == now.id and marker.name != name:
        help = f"to rename it, declare `was: {marker.name}`"
        raise ConflictError(f"{now.id} is `{marker.name}` of this project already", help=help)
    rivals = [one.id for one in held if one.name == name and one.id != now.id and one.ownership in _OURS]
    if rivals:
        help = "delete it in the dashboard, or adopt under another name"
        raise ConflictError(f"`{name}` is {', '.join(rivals)} already", help=help)
