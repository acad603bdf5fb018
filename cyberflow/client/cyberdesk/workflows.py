"""Workflows and the images of their prompts, as the service offers them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from cyberflow.client.cyberdesk.wire import Image, Json, Page, SignedUrl, TagRecord, WorkflowRecord
from cyberflow.client.http.paging import PAGE, iterate_items
from cyberflow.client.http.request import format_path, get_request, join_commas, multipart_request, write_request
from cyberflow.client.http.transport import Transport

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
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


@dataclass(frozen=True)
class Workflows:
    transport: Transport

    def list(self, *, limit: int = PAGE, **filters: Unpack[WorkflowFilters]) -> AsyncIterator[WorkflowRecord]:
        """All pages, newest update first, tags and checks filled in; see `paging` for what moves meanwhile."""
        return iterate_items(lambda skip: self.page(skip=skip, limit=limit, **filters))

    async def page(
        self, *, skip: int = 0, limit: int = PAGE, **filters: Unpack[WorkflowFilters]
    ) -> Page[WorkflowRecord]:
        query = {
            **filters,
            "tag_ids": join_commas(filters.get("tag_ids")),
            "include": join_commas(filters.get("include", EVERYTHING)),
        }
        return await self.transport.fetch(
            get_request("/v1/workflows", {**query, "skip": skip, "limit": limit}), Page[WorkflowRecord]
        )

    async def get(self, id: str) -> WorkflowRecord:
        return await self.transport.fetch(
            get_request(format_path("/v1/workflows/{}", id), {"include": join_commas(EVERYTHING)}), WorkflowRecord
        )

    async def create(self, body: Mapping[str, Any], key: str | None = None) -> WorkflowRecord:
        return await self.transport.fetch(write_request("POST", "/v1/workflows", body, key), WorkflowRecord)

    async def update(self, id: str, body: Mapping[str, Any], key: str | None = None) -> WorkflowRecord:
        """Only the keys sent change; every update makes a version. `post_run_checks` replaces the whole set."""
        return await self.transport.fetch(
            write_request("PATCH", format_path("/v1/workflows/{}", id), body, key), WorkflowRecord
        )

    async def delete(self, id: str, key: str | None = None) -> None:
        """Its runs and trajectories go with it: the service cascades."""
        await self.transport.send(write_request("DELETE", format_path("/v1/workflows/{}", id), key=key))

    async def duplicate(self, id: str, *, include_trajectories: bool = False, key: str | None = None) -> WorkflowRecord:
        """Copies prompt, schemas (a marker in them included), checks, settings and tags under the name `(Copy) …`."""
        body = {"include_trajectories": include_trajectories}
        return await self.transport.fetch(
            write_request("POST", format_path("/v1/workflows/{}/duplicate", id), body, key), WorkflowRecord
        )

    async def merge(
        self, id: str, target_workflow_id: str, *, copy_trajectories: bool = False, key: str | None = None
    ) -> WorkflowRecord:
        """Put this workflow in place of the target, which keeps its id and name; this one is then deleted.

        The answer is the target; its former state is in its versions.
        """
        body = {"target_workflow_id": target_workflow_id, "copy_trajectories": copy_trajectories}
        return await self.transport.fetch(
            write_request("POST", format_path("/v1/workflows/{}/merge", id), body, key), WorkflowRecord
        )

    async def versions(self, id: str) -> tuple[Json, ...]:
        """Earlier states as free-form objects; the service promises no more of their form."""
        return await self.transport.fetch(get_request(format_path("/v1/workflows/{}/versions", id)), tuple[Json, ...])

    async def tags(self, id: str) -> tuple[TagRecord, ...]:
        return await self.transport.fetch(get_request(format_path("/v1/workflows/{}/tags", id)), tuple[TagRecord, ...])

    async def add_tags(self, id: str, tag_ids: Sequence[str], key: str | None = None) -> tuple[TagRecord, ...]:
        """A workflow holds one tag of a group: adding another takes the first off. Archived ones are refused."""
        body = {"tag_ids": [*tag_ids]}
        return await self.transport.fetch(
            write_request("POST", format_path("/v1/workflows/{}/tags", id), body, key), tuple[TagRecord, ...]
        )

    async def add_tags_to_many(self, ids: Sequence[str], tag_ids: Sequence[str], key: str | None = None) -> None:
        body = {"workflow_ids": [*ids], "tag_ids": [*tag_ids]}
        await self.transport.send(write_request("POST", "/v1/workflows/bulk/tags", body, key))

    async def remove_tag(self, id: str, tag_id: str, key: str | None = None) -> None:
        await self.transport.send(write_request("DELETE", format_path("/v1/workflows/{}/tags/{}", id, tag_id), key=key))


@dataclass(frozen=True)
class PromptImages:
    """They belong to the organisation, not to a workflow; a prompt names one by its `supabase_url`."""

    transport: Transport

    async def list(self) -> tuple[Image, ...]:
        return await self.transport.fetch(get_request("/v1/workflows/prompt-images"), tuple[Image, ...])

    async def upload(self, filename: str, content: bytes, content_type: str, key: str | None = None) -> Image:
        """PNG, JPEG, GIF or WebP of at most 10 MB; the service may change the filename, so read it from the answer."""
        return await self.transport.fetch(
            multipart_request("/v1/workflows/prompt-image", filename, content, content_type, key), Image
        )

    async def delete(self, path: str, key: str | None = None) -> None:
        """`path` is the `supabase_url` behind `supabase://workflow-prompt-images/`."""
        await self.transport.send(write_request("DELETE", "/v1/workflows/prompt-image", key=key, params={"path": path}))

    async def signed_url(self, path: str) -> SignedUrl:
        return await self.transport.fetch(
            get_request("/v1/workflows/prompt-image/signed-url", {"path": path}), SignedUrl
        )
