"""Machines and the pools they stand in, as the service offers them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict, Unpack

from cyberflow.client.cyberdesk.collection import Call, Collection
from cyberflow.client.cyberdesk.wire import Machine, Page, Pool
from cyberflow.client.http.paging import PAGE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from datetime import datetime


class MachineFilters(TypedDict, total=False):
    """`name` matches exactly, though names are not unique; `search` is a substring."""

    name: str | None
    search: str | None
    status: str | None
    created_at_from: datetime | str | None
    created_at_to: datetime | str | None
    include: Sequence[str]


class Machines(Collection[Machine], path="/v1/machines", record=Machine):
    """With `include=("pools",)` the pools come in `included`, flat. The runs of a deleted one stay.

    In an update `{}` clears parameters, leaving them out keeps them; `reserved_session_id: null` ends the session by
    force. On the service itself `create` is the machine agent's call: it wants `fingerprint` and `unkey_key_id`.
    """

    def list(self, *, limit: int = PAGE, **filters: Unpack[MachineFilters]) -> AsyncIterator[Machine]:
        return self._list(limit, filters)

    def page(self, *, skip: int = 0, limit: int = PAGE, **filters: Unpack[MachineFilters]) -> Call[Page[Machine]]:
        return self._page(skip, limit, filters)

    def clear_session(self, id: str, key: str | None = None) -> Call[Machine]:
        """End the session that holds it by force: its live runs are cancelled and the machine is free."""
        return self.update(id, {"reserved_session_id": None}, key)

    def pools(self, id: str) -> Call[tuple[Pool, ...]]:
        return self._read("/{}/pools", tuple[Pool, ...], id)

    def set_pools(self, id: str, pool_ids: Sequence[str], key: str | None = None) -> Call[Machine]:
        """These and no others."""
        return self._write("PUT /{}/pools", Machine, (id,), {"pool_ids": [*pool_ids]}, key)


class Pools(Collection[Pool], path="/v1/pools", record=Pool):
    """In an update `{}` clears parameters, leaving them out keeps them."""

    def list(self, *, limit: int = PAGE, include: Sequence[str] = ()) -> AsyncIterator[Pool]:
        return self._list(limit, {"include": include})

    def page(self, *, skip: int = 0, limit: int = PAGE, include: Sequence[str] = ()) -> Call[Page[Pool]]:
        return self._page(skip, limit, {"include": include})

    def add_machines(self, id: str, machine_ids: Sequence[str], key: str | None = None) -> Call[Pool]:
        return self._write("POST /{}/machines", Pool, (id,), {"machine_ids": [*machine_ids]}, key)

    def remove_machines(self, id: str, machine_ids: Sequence[str], key: str | None = None) -> Call[None]:
        return self._send("DELETE /{}/machines", id, body={"machine_ids": [*machine_ids]}, key=key)
