"""The writes of one deployment: a workflow created, finished, brought up to date; images uploaded. Each looks before it
writes and reads the answer. In which order and how many at once is for `apply` to say.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from cyberflow.client.cyberdesk.wire import Image, WorkflowRecord
from cyberflow.compiler.bundle import AssetReader
from cyberflow.deploy.apply.idempotent_create import CreateRequest, Maker, create_once, none_if_missing
from cyberflow.deploy.apply.payload import create_payload, fields_without_effect, update_payload
from cyberflow.deploy.apply.tag_writer import TagWriter
from cyberflow.deploy.plan.model import Change, Outcome
from cyberflow.deploy.plan.tags import tag_names_to_set
from cyberflow.errors import ConflictError, CyberflowError
from cyberflow.remote.canonical import differing_fields, field_hash, wire_fields
from cyberflow.remote.desired import DesiredWorkflow, images_of, with_images
from cyberflow.remote.identity import NEW, PREFIX, Marker, Owner, Ownership, list_owned_workflows, ownership_of
from cyberflow.remote.images import image_path
from cyberflow.remote.live_runs import has_runs
from cyberflow.remote.snapshot import read_all_workflows

if TYPE_CHECKING:
    from cyberflow.client.cyberdesk.client import Cyberdesk


@dataclass(frozen=True)
class Writer:
    """`addresses` (of images, by sha256) grow while images are uploaded; `commit` is the word of new content."""

    tags: TagWriter
    assets: AssetReader
    commit: str | None = None
    addresses: dict[str, str] = field(default_factory=dict)

    @property
    def desk(self) -> Cyberdesk:
        return self.tags.desk

    @property
    def owner(self) -> Owner:
        return self.tags.owner

    async def upload_image(self, change: Change) -> Outcome:
        """Upload an image; its bytes must still be those that were compiled."""
        asset = change.asset
        if asset is None:
            raise AssertionError
        content = self.assets(asset.sha256)
        if sha256(content).hexdigest() != asset.sha256:
            raise ConflictError(f"the image {asset.filename} changed after it was compiled", help="run it again")

        async def create(key: str) -> str:
            made = await self.desk.images.upload(asset.filename, content, asset.content_type, key)
            return made.supabase_url

        async def find(url: str) -> Image | None:
            return next((one for one in await self.desk.images.list() if one.supabase_url == url), None)

        async def ids() -> list[str]:
            return []

        recipe = CreateRequest(self.owner, "image", asset.filename, asset.sha256)
        made = await create_once(recipe, (), Maker(create, find, ids, self.tags.sleep))
        self.addresses[asset.sha256] = made.supabase_url
        return Outcome.of(change, "done", id=made.supabase_url)

    async def create_workflow(self, change: Change, seen: Collection[str]) -> WorkflowRecord:
        """Create a workflow under the marker `new`; `seen` are the ids already found under that name. An old answer
        may lead to one that is no longer ours or no longer of that name: that key is spent as well.
        """
        desired, fields = self._resolve_fields(change)
        self.tags.ids_of(tag_names_to_set(desired, None, self.owner))
        body = create_payload(fields, Marker(self.owner.tag, desired.name, NEW, field_hash(fields), self.commit))

        async def create(key: str) -> str:
            return (await self.desk.workflows.create(body, key)).id

        async def find(id: str) -> WorkflowRecord | None:
            found = await none_if_missing(self.desk.workflows.get(id))
            return found if found and self._is_ours(found, desired.name) else None

        async def ids() -> list[str]:
            held = list_owned_workflows(await read_all_workflows(self.desk), self.owner)
            return [one.id for one in held if one.name == desired.name]

        recipe = CreateRequest(self.owner, "workflow", desired.name, body)
        return await create_once(recipe, seen, Maker(create, find, ids, self.tags.sleep))

    async def reread(self, change: Change) -> WorkflowRecord:
        """Read a workflow again before it is written. Raises ConflictError when it is no longer what the plan saw."""
        now, moved = await self._look_again(change)
        if now is None:
            raise ConflictError("it was deleted since the plan was made")
        if moved and not self._is_up_to_date(change, now):
            raise ConflictError(moved)
        return now

    async def release_or_delete(self, change: Change, *, delete_runs: bool) -> Outcome:
        """Take our tag off a workflow that is no longer declared, or delete it, if it has no new runs."""
        now, moved = await self._look_again(change)
        if now is None:
            return Outcome.of(change, "unchanged")
        if moved:
            raise ConflictError(moved)
        if change.action == "release":
            ours = next(tag.id for tag in now.tags or () if tag.name == self.owner.tag)
            await none_if_missing(self.desk.workflows.remove_tag(now.id, ours))
            outcome = Outcome.of(change, "done")
            return replace(outcome, after=outcome.before)
        if not delete_runs and await has_runs(self.desk, now.id):
            raise ConflictError("it has runs now, which deleting it would delete")
        await none_if_missing(self.desk.workflows.delete(now.id))
        return Outcome.of(change, "done")

    async def _look_again(self, change: Change) -> tuple[WorkflowRecord | None, str]:
        """A workflow as it is now, None when it is gone, and what of it moved since the plan saw it."""
        if change.seen is None:
            raise AssertionError
        now = await none_if_missing(self.desk.workflows.get(change.seen.id))
        moved = _differences(change.seen, now, self.owner) if now else ()
        return now, f"it moved since the plan was made: {', '.join(moved)}" if moved else ""

    async def delete_image(self, change: Change) -> Outcome:
        await none_if_missing(self.desk.images.delete(image_path(change.id or "")))
        return Outcome.of(change, "done")

    async def bring_up_to_date(self, change: Change, now: WorkflowRecord) -> Outcome:
        """Bring what was just read to what is declared: for a create that is not finished the tag, then the id."""
        desired, fields = self._resolve_fields(change)
        if self._is_up_to_date(change, now):
            return replace(Outcome.of(change, "unchanged", id=now.id), after=field_hash(fields))
        unfinished = ownership_of(now, self.owner) is Ownership.UNFINISHED
        if change.seen is None and not unfinished:
            raise ConflictError("another deployment made it meanwhile, and made it differently")
        wanted = tag_names_to_set(desired, now, self.owner)
        faults = await self.tags.set_names(now, wanted) if unfinished else []
        if not faults:
            faults += await self._patch(now, fields, self._marker(desired, now, fields))
            faults += [] if unfinished else await self.tags.set_names(now, wanted)
        if faults:
            message = f"the service did not take {', '.join(faults)}"
            return Outcome.of(change, "conflict", message, now.id)
        return replace(Outcome.of(change, "done", id=now.id), after=field_hash(fields))

    async def _patch(self, now: WorkflowRecord, fields: Mapping[str, Any], marker: Marker) -> list[str]:
        body = update_payload(now, fields, marker)
        if not body:
            return []
        answer = await self.desk.workflows.update(now.id, body)
        if answer.post_run_checks is None and fields["post_run_checks"]:
            answer = await self.desk.workflows.get(now.id)
        return list(fields_without_effect(answer, fields, marker))

    def _is_ours(self, workflow: WorkflowRecord, name: str) -> bool:
        marker = Marker.find_in(workflow.input_schema)
        ours = ownership_of(workflow, self.owner) in {Ownership.UNFINISHED, Ownership.MANAGED}
        return ours and marker is not None and marker.name == name

    def _is_up_to_date(self, change: Change, now: WorkflowRecord) -> bool:
        """Whether there is nothing to write: it says what is declared, is ours and finished, and bears its tags."""
        desired, fields = self._resolve_fields(change)
        there = {tag.name for tag in now.tags or ()}
        return (
            ownership_of(now, self.owner) is Ownership.MANAGED
            and there == tag_names_to_set(desired, now, self.owner)
            and not update_payload(now, fields, self._marker(desired, now, fields))
        )

    def _marker(self, desired: DesiredWorkflow, now: WorkflowRecord, fields: Mapping[str, Any]) -> Marker:
        marker = Marker(self.owner.tag, desired.name, now.id, field_hash(fields))
        return marker.with_commit(self.commit, Marker.find_in(now.input_schema), field_hash(wire_fields(now)))

    def _resolve_fields(self, change: Change) -> tuple[DesiredWorkflow, dict[str, Any]]:
        if change.desired is None:
            raise AssertionError
        fields = with_images(change.desired.fields, self.addresses)
        if missing := images_of(fields):
            names = [one.filename for one in change.desired.missing if one.sha256 in missing]
            raise CyberflowError(f"it shows {', '.join(names)}, which could not be uploaded")
        return change.desired, fields


def _differences(seen: WorkflowRecord, now: WorkflowRecord, owner: Owner) -> Sequence[str]:
    """What of a workflow moved, in words; its time of change alone is nothing."""
    if names := differing_fields(wire_fields(seen), wire_fields(now)):
        return names
    if Marker.find_in(seen.input_schema) != Marker.find_in(now.input_schema):
        return ["our marker"]
    return [] if ownership_of(seen, owner) is ownership_of(now, owner) else [f"our tag {PREFIX}…"]
