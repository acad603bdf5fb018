"""Machines and the pools they stand in, as the service offers them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from cyberflow.client.cyberdesk.wire import Machine, Page, Pool
from cyberflow.client.http.paging import PAGE, iterate_items
from cyberflow.client.http.request import format_path, get_request, join_commas, write_request
from cyberflow.client.http.transport import Transport

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from datetime import datetime


class MachineFilters(TypedDict, total=False):
    """`name` matches exactly, though names are not unique; `search` is a substring."""

    name: str | None
    search: str | None
    status: str | None
    created_at_from: datetime | str | None
    created_at_to: datetime | str | None
    include: Sequence[str]


@dataclass(frozen=True)
class Machines:
    transport: Transport

    def list(self, *, limit: int = PAGE, **filters: Unpack[MachineFilters]) -> AsyncIterator[Machine]:
        return iterate_items(lambda skip: self.page(skip=skip, limit=limit, **filters))

    async def page(self, *, skip: int = 0, limit: int = PAGE, **filters: Unpack[MachineFilters]) -> Page[Machine]:
        """With `include=("pools",)` the pools come in `included`, flat."""
        query = {**filters, "include": join_commas(filters.get("include")), "skip": skip, "limit": limit}
        return await self.transport.fetch(get_request("/v1/machines", query), Page[Machine])

    async def get(self, id: str, *, include: Sequence[str] = ()) -> Machine:
        query = {"include": join_commas(include)}
        return await self.transport.fetch(get_request(format_path("/v1/machines/{}", id), query), Machine)

    async def create(self, body: Mapping[str, Any], key: str | None = None) -> Machine:
        """On the service itself this is the machine agent's call: it wants `fingerprint` and `unkey_key_id`."""
        return await self.transport.fetch(write_request("POST", "/v1/machines", body, key), Machine)

    async def update(self, id: str, body: Mapping[str, Any], key: str | None = None) -> Machine:
        """`{}` clears parameters, leaving them out keeps them.

        `reserved_session_id: null` ends the session by force: its live runs are cancelled.
        """
        return await self.transport.fetch(
            write_request("PATCH", format_path("/v1/machines/{}", id), body, key), Machine
        )

    async def clear_session(self, id: str, key: str | None = None) -> Machine:
        """End the session that holds it by force: its live runs are cancelled and the machine is free."""
        return await self.update(id, {"reserved_session_id": None}, key)

    async def pools(self, id: str) -> tuple[Pool, ...]:
        return await self.transport.fetch(get_request(format_path("/v1/machines/{}/pools", id)), tuple[Pool, ...])

    async def set_pools(self, id: str, pool_ids: Sequence[str], key: str | None = None) -> Machine:
        """These and no others."""
        body = {"pool_ids": [*pool_ids]}
        return await self.transport.fetch(
            write_request("PUT", format_path("/v1/machines/{}/pools", id), body, key), Machine
        )

    async def delete(self, id: str, key: str | None = None) -> None:
        """Its runs stay, with `machine_id` null."""
        await self.transport.send(write_request("DELETE", format_path("/v1/machines/{}", id), key=key))


@dataclass(frozen=True)
class Pools:
    transport: Transport

    def list(self, *, limit: int = PAGE, include: Sequence[str] = ()) -> AsyncIterator[Pool]:
        return iterate_items(lambda skip: self.page(skip=skip, limit=limit, include=include))

    async def page(self, *, skip: int = 0, limit: int = PAGE, include: Sequence[str] = ()) -> Page[Pool]:
        query = {"include": join_commas(include), "skip": skip, "limit": limit}
        return await self.transport.fetch(get_request("/v1/pools", query), Page[Pool])

    async def get(self, id: str, *, include: Sequence[str] = ()) -> Pool:
        query = {"include": join_commas(include)}
        return await self.transport.fetch(get_request(format_path("/v1/pools/{}", id), query), Pool)

    async def create(self, body: Mapping[str, Any], key: str | None = None) -> Pool:
        return await self.transport.fetch(write_request("POST", "/v1/pools", body, key), Pool)

    async def update(self, id: str, body: Mapping[str, Any], key: str | None = None) -> Pool:
        """`{}` clears parameters, leaving them out keeps them."""
        return await self.transport.fetch(write_request("PATCH", format_path("/v1/pools/{}", id), body, key), Pool)

    async def delete(self, id: str, key: str | None = None) -> None:
        await self.transport.send(write_request("DELETE", format_path("/v1/pools/{}", id), key=key))

    async def add_machines(self, id: str, machine_ids: Sequence[str], key: str | None = None) -> Pool:
        body = {"machine_ids": [*machine_ids]}
        return await self.transport.fetch(
            write_request("POST", format_path("/v1/pools/{}/machines", id), body, key), Pool
        )

    async def remove_machines(self, id: str, machine_ids: Sequence[str], key: str | None = None) -> None:
        body = {"machine_ids": [*machine_ids]}
        await self.transport.send(write_request("DELETE", format_path("/v1/pools/{}/machines", id), body, key))
