"""Tags of workflows and their groups. Which tag means what is no business of this room."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cyberflow.client.cyberdesk.wire import Group, Tag
from cyberflow.client.http.request import get_request, path, write_request
from cyberflow.client.http.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True)
class WorkflowTags:
    transport: Transport

    async def list(self, *, include_archived: bool = False) -> tuple[Tag, ...]:
        return await self.transport.fetch(
            get_request("/v1/workflow-tags", {"include_archived": include_archived}), tuple[Tag, ...]
        )

    async def get(self, id: str) -> Tag:
        return await self.transport.fetch(get_request(path("/v1/workflow-tags/{}", id)), Tag)

    async def create(self, body: Mapping[str, Any], key: str | None = None) -> Tag:
        return await self.transport.fetch(write_request("POST", "/v1/workflow-tags", body, key), Tag)

    async def update(self, id: str, body: Mapping[str, Any], key: str | None = None) -> Tag:
        return await self.transport.fetch(write_request("PATCH", path("/v1/workflow-tags/{}", id), body, key), Tag)

    async def delete(self, id: str, key: str | None = None) -> None:
        """For good, and off every workflow; `archive` can be undone."""
        await self.transport.send(write_request("DELETE", path("/v1/workflow-tags/{}", id), key=key))

    async def archive(self, id: str, key: str | None = None) -> Tag:
        """It stays where it is set, but cannot be newly assigned."""
        return await self.transport.fetch(write_request("POST", path("/v1/workflow-tags/{}/archive", id), key=key), Tag)

    async def unarchive(self, id: str, key: str | None = None) -> Tag:
        return await self.transport.fetch(
            write_request("POST", path("/v1/workflow-tags/{}/unarchive", id), key=key), Tag
        )

    async def reorder(self, ids: Sequence[str], key: str | None = None) -> None:
        await self.transport.send(write_request("PUT", "/v1/workflow-tags/reorder", {"ids": [*ids]}, key))


@dataclass(frozen=True)
class TagGroups:
    """A workflow holds at most one tag of a group."""

    transport: Transport

    async def list(self) -> tuple[Group, ...]:
        return await self.transport.fetch(get_request("/v1/workflow-tag-groups"), tuple[Group, ...])

    async def get(self, id: str) -> Group:
        return await self.transport.fetch(get_request(path("/v1/workflow-tag-groups/{}", id)), Group)

    async def create(self, body: Mapping[str, Any], key: str | None = None) -> Group:
        return await self.transport.fetch(write_request("POST", "/v1/workflow-tag-groups", body, key), Group)

    async def update(self, id: str, body: Mapping[str, Any], key: str | None = None) -> Group:
        return await self.transport.fetch(
            write_request("PATCH", path("/v1/workflow-tag-groups/{}", id), body, key), Group
        )

    async def delete(self, id: str, key: str | None = None) -> None:
        """Its tags stay, without a group."""
        await self.transport.send(write_request("DELETE", path("/v1/workflow-tag-groups/{}", id), key=key))

    async def reorder(self, ids: Sequence[str], key: str | None = None) -> None:
        await self.transport.send(write_request("PUT", "/v1/workflow-tag-groups/reorder", {"ids": [*ids]}, key))
