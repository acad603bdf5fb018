"""Connections of machine agents, and what an organisation has used: what the service counts, not what it does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from cyberflow.client.cyberdesk.records import Connection, Usage
from cyberflow.client.cyberdesk.wire import Page
from cyberflow.client.http.paging import PAGE, iterate_items
from cyberflow.client.http.request import format_path, get_request, write_request
from cyberflow.client.http.transport import Transport

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from datetime import datetime


class ConnectionFilters(TypedDict, total=False):
    """`status` is `connected`, `disconnected` or `error`."""

    machine_id: str | None
    status: str | None


@dataclass(frozen=True)
class Connections:
    transport: Transport

    def list(self, *, limit: int = PAGE, **filters: Unpack[ConnectionFilters]) -> AsyncIterator[Connection]:
        return iterate_items(lambda skip: self.page(skip=skip, limit=limit, **filters))

    async def page(self, *, skip: int = 0, limit: int = PAGE, **filters: Unpack[ConnectionFilters]) -> Page[Connection]:
        query = {**filters, "skip": skip, "limit": limit}
        return await self.transport.fetch(get_request("/v1/connections", query), Page[Connection])

    async def get(self, id: str) -> Connection:
        return await self.transport.fetch(get_request(format_path("/v1/connections/{}", id)), Connection)

    async def create(self, body: Mapping[str, Any], key: str | None = None) -> Connection:
        """On the service itself this is the machine agent's call."""
        return await self.transport.fetch(write_request("POST", "/v1/connections", body, key), Connection)

    async def update(self, id: str, body: Mapping[str, Any], key: str | None = None) -> Connection:
        return await self.transport.fetch(
            write_request("PATCH", format_path("/v1/connections/{}", id), body, key), Connection
        )

    async def delete(self, id: str, key: str | None = None) -> None:
        await self.transport.send(write_request("DELETE", format_path("/v1/connections/{}", id), key=key))


@dataclass(frozen=True)
class Usages:
    transport: Transport

    async def aggregate(self, from_date: datetime | str, to_date: datetime | str, *, mode: str | None = None) -> Usage:
        """`from_date` is inclusive. Of `to_date` the service says both; only a period that ends between runs is sure.

        `mode` is `simulated` (the service's default: all steps but those of infrastructure failures) or `billed`.
        """
        query = {"from_date": from_date, "to_date": to_date, "mode": mode}
        return await self.transport.fetch(get_request("/v1/usage/aggregate", query), Usage)
