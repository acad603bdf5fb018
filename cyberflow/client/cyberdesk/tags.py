"""Tags of workflows and their groups. Which tag means what is no business of this room."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cyberflow.client.cyberdesk.wire import TagGroup, TagRecord
from cyberflow.client.http.request import format_path, get_request, write_request
from cyberflow.client.http.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True)
class WorkflowTags:
    transport: Transport

    async def list(self, *, include_archived: bool = False) -> tuple[TagRecord, ...]:
        return await self.transport.fetch(
            get_request("/v1/workflow-tags", {"include_archived": include_archived}), tuple[TagRecord, ...]
        )

    async def get(self, id: str) -> TagRecord:
        return await self.transport.fetch(get_request(format_path("/v1/workflow-tags/{}", id)), TagRecord)

    async def create(self, body: Mapping[str, Any], key: str | None = None) -> TagRecord:
        return await self.transport.fetch(write_request("POST", "/v1/workflow-tags", body, key), TagRecord)

    async def update(self, id: str, body: Mapping[str, Any], key: str | None = None) -> TagRecord:
        return await self.transport.fetch(
            write_request("PATCH", format_path("/v1/workflow-tags/{}", id), body, key), TagRecord
        )

    async def delete(self, id: str, key: str | None = None) -> None:
        """For good, and off every workflow; `archive` can be undone."""
        await self.transport.send(write_request("DELETE", format_path("/v1/workflow-tags/{}", id), key=key))

    async def archive(self, id: str, key: str | None = None) -> TagRecord:
        """It stays where it is set, but cannot be newly assigned."""
        return await self.transport.fetch(
            write_request("POST", format_path("/v1/workflow-tags/{}/archive", id), key=key), TagRecord
        )

    async def unarchive(self, id: str, key: str | None = None) -> TagRecord:
        return await self.transport.fetch(
            write_request("POST", format_path("/v1/workflow-tags/{}/unarchive", id), key=key), TagRecord
        )

    async def reorder(self, ids: Sequence[str], key: str | None = None) -> None:
        await self.transport.send(write_request("PUT", "/v1/workflow-tags/reorder", {"ids": [*ids]}, key))


@dataclass(frozen=True)
class TagGroups:
    """A workflow holds at most one tag of a group."""

    transport: Transport

    async def list(self) -> tuple[TagGroup, ...]:
        return await self.transport.fetch(get_request("/v1/workflow-tag-groups"), tuple[TagGroup, ...])

    async def get(self, id: str) -> TagGroup:
        return await self.transport.fetch(get_request(format_path("/v1/workflow-tag-groups/{}", id)), TagGroup)

    async def create(self, body: Mapping[str, Any], key: str | None = None) -> TagGroup:
        return await self.transport.fetch(write_request("POST", "/v1/workflow-tag-groups", body, key), TagGroup)

    async def update(self, id: str, body: Mapping[str, Any], key: str | None = None) -> TagGroup:
        return await self.transport.fetch(
            write_request("PATCH", format_path("/v1/workflow-tag-groups/{}", id), body, key), TagGroup
        )

    async def delete(self, id: str, key: str | None = None) -> None:
        """Its tags stay, without a group."""
        await self.transport.send(write_request("DELETE", format_path("/v1/workflow-tag-groups/{}", id), key=key))

    async def reorder(self, ids: Sequence[str], key: str | None = None) -> None:
        await self.transport.send(write_request("PUT", "/v1/workflow-tag-groups/reorder", {"ids": [*ids]}, key))
