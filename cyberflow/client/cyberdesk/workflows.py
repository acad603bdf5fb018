"""Workflows and the images of their prompts, as the service offers them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict, Unpack

from cyberflow.client.cyberdesk.collection import ApiGroup, Call, Collection
from cyberflow.client.cyberdesk.records import SignedUrl, WorkflowId
from cyberflow.client.cyberdesk.wire import Image, Json, Page, TagRecord, WorkflowRecord
from cyberflow.client.http.paging import PAGE
from cyberflow.client.http.request import multipart_request, write_request

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from datetime import datetime

EVERYTHING = ("tags", "post_run_checks")


class WorkflowFilters(TypedDict, total=False):
    """Of several tags all must be set; `search` is a substring of id or name."""

    tag_ids: Sequence[str]
    search: str | None
    include: Sequence[str]
    created_at_from: datetime | str | None
    created_at_to: datetime | str | None
    updated_at_from: datetime | str | None
    updated_at_to: datetime | str | None


class Workflows(Collection[WorkflowRecord], path="/v1/workflows", record=WorkflowRecord):
    """Lists come newest update first, tags and checks filled in. Every update makes a version; `post_run_checks` in one
    replaces the whole set. Deleting one takes its runs and trajectories along: the service cascades.
    """

    def list(self, *, limit: int = PAGE, **filters: Unpack[WorkflowFilters]) -> AsyncIterator[WorkflowRecord]:
        return self._list(limit, {"include": EVERYTHING, **filters})

    def page(
        self, *, skip: int = 0, limit: int = PAGE, **filters: Unpack[WorkflowFilters]
    ) -> Call[Page[WorkflowRecord]]:
        return self._page(skip, limit, {"include": EVERYTHING, **filters})

    def id_page(self, *, skip: int = 0, limit: int = PAGE) -> Call[Page[WorkflowId]]:
        """The same page, of which only the ids are read."""
        return self._read("", Page[WorkflowId], query={"skip": skip, "limit": limit})

    def get(self, id: str, *, include: Sequence[str] = EVERYTHING) -> Call[WorkflowRecord]:
        return super().get(id, include=include)

    def duplicate(self, id: str, *, include_trajectories: bool = False, key: str | None = None) -> Call[WorkflowRecord]:
        """Copies prompt, schemas (a marker in them included), checks, settings and tags under the name `(Copy) …`."""
        body = {"include_trajectories": include_trajectories}
        return self._write("POST /{}/duplicate", WorkflowRecord, (id,), body, key)

    def merge(
        self, id: str, target_workflow_id: str, *, copy_trajectories: bool = False, key: str | None = None
    ) -> Call[WorkflowRecord]:
        """Put this workflow in place of the target, which keeps its id and name; this one is then deleted.

        The answer is the target; its former state is in its versions.
        """
        body = {"target_workflow_id": target_workflow_id, "copy_trajectories": copy_trajectories}
        return self._write("POST /{}/merge", WorkflowRecord, (id,), body, key)

    def versions(self, id: str) -> Call[tuple[Json, ...]]:
        """Earlier states as free-form objects; the service promises no more of their form."""
        return self._read("/{}/versions", tuple[Json, ...], id)

    def tags(self, id: str) -> Call[tuple[TagRecord, ...]]:
        return self._read("/{}/tags", tuple[TagRecord, ...], id)

    def add_tags(self, id: str, tag_ids: Sequence[str], key: str | None = None) -> Call[tuple[TagRecord, ...]]:
        """A workflow holds one tag of a group: adding another takes the first off. Archived ones are refused."""
        return self._write("POST /{}/tags", tuple[TagRecord, ...], (id,), {"tag_ids": [*tag_ids]}, key)

    def add_tags_to_many(self, ids: Sequence[str], tag_ids: Sequence[str], key: str | None = None) -> Call[None]:
        return self._send("POST /bulk/tags", body={"workflow_ids": [*ids], "tag_ids": [*tag_ids]}, key=key)

    def remove_tag(self, id: str, tag_id: str, key: str | None = None) -> Call[None]:
        return self._send("DELETE /{}/tags/{}", id, tag_id, key=key)


class PromptImages(ApiGroup, path="/v1/workflows/prompt-image"):
    """They belong to the organisation, not to a workflow; a prompt names one by its `supabase_url`."""

    def list(self) -> Call[tuple[Image, ...]]:
        return self._read("s", tuple[Image, ...])

    def upload(self, filename: str, content: bytes, content_type: str, key: str | None = None) -> Call[Image]:
        """PNG, JPEG, GIF or WebP of at most 10 MB; the service may change the filename, so read it from the answer."""
        return self.transport.fetch(multipart_request(self.path, filename, content, content_type, key), Image)

    async def delete(self, path: str, key: str | None = None) -> None:
        """`path` is the `supabase_url` behind `supabase://workflow-prompt-images/`."""
        await self.transport.send(write_request("DELETE", self.path, key=key, params={"path": path}))

    def signed_url(self, path: str) -> Call[SignedUrl]:
        return self._read("/signed-url", SignedUrl, query={"path": path})
