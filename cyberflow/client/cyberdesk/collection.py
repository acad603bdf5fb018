"""One kind of thing that the service keeps below one path: listed, read, created, updated, deleted.

The calls are plain functions that give what is to be awaited: no frame of them holds a body while it is sent.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from typing import Any, ClassVar, Generic, TypeVar, cast

from cyberflow.client.cyberdesk.wire import Page, WireRecord
from cyberflow.client.http.paging import HasId, iterate_items
from cyberflow.client.http.request import Params, format_path, get_request, join_commas, write_request
from cyberflow.client.http.transport import Transport

T = TypeVar("T", bound=HasId)
A = TypeVar("A")
Call = Coroutine[Any, Any, A]
Body = Mapping[str, Any]
JOINED = ("include", "tag_ids")
"""Parameters whose words go out in one, with commas; every other list repeats its key."""


class ApiGroup:
    """A path of the service and the ways to ask below it; `{}` in a suffix stands for an id."""

    path: ClassVar[str]

    def __init_subclass__(cls, path: str = "", **options: Any) -> None:
        super().__init_subclass__(**options)
        cls.path = path

    def __init__(self, transport: Transport) -> None:
        self.transport = transport

    def _read(self, suffix: str, shape: type[A], *ids: str, query: Params | None = None) -> Call[A]:
        return self.transport.fetch(get_request(format_path(self.path + suffix, *ids), query), shape)

    def _write(
        self, what: str, shape: type[A], ids: Sequence[str] = (), body: Body | None = None, key: str | None = None
    ) -> Call[A]:
        """`what` is a method and a suffix."""
        method, _, suffix = what.partition(" ")
        return self.transport.fetch(write_request(method, format_path(self.path + suffix, *ids), body, key), shape)

    async def _send(self, what: str, *ids: str, body: Body | None = None, key: str | None = None) -> None:
        method, _, suffix = what.partition(" ")
        request = write_request(method, format_path(self.path + suffix, *ids), body, key)
        del body
        await self.transport.send(request)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.transport!r})"


class Collection(ApiGroup, Generic[T]):
    """Things with an id. A write takes its idempotency key, or makes one that its retries share."""

    record: ClassVar[type[WireRecord]]

    def __init_subclass__(cls, path: str = "", record: type[WireRecord] = WireRecord, **options: Any) -> None:
        super().__init_subclass__(path=path, **options)
        cls.record = record

    @property
    def _shape(self) -> type[T]:
        return cast("type[T]", self.record)

    def get(self, id: str, *, include: Sequence[str] = ()) -> Call[T]:
        return self._read("/{}", self._shape, id, query={"include": join_commas(include)})

    def create(self, body: Body, key: str | None = None) -> Call[T]:
        return self._write("POST", self._shape, (), body, key)

    def update(self, id: str, body: Body, key: str | None = None) -> Call[T]:
        """Only the keys sent change."""
        return self._write("PATCH /{}", self._shape, (id,), body, key)

    def delete(self, id: str, key: str | None = None) -> Call[None]:
        return self._send("DELETE /{}", id, key=key)

    def _page(self, skip: int, limit: int, filters: Mapping[str, object]) -> Call[Page[T]]:
        joined = {name: join_commas(cast("Sequence[str]", filters[name])) for name in JOINED if filters.get(name)}
        query = {**filters, **joined, "skip": skip, "limit": limit}
        return self._read("", cast("Any", Page)[self.record], query=query)

    def _list(self, limit: int, filters: Mapping[str, object]) -> AsyncIterator[T]:
        async def read(skip: int) -> tuple[Sequence[T], int | None]:
            page = await self._page(skip, limit, filters)
            after = skip + len(page.items)
            return page.items, after if page.items and after < page.total else None

        return iterate_items(read, 0)


class UnpagedCollection(Collection[T]):
    """Things of which there are so few that a list is one answer."""

    def list(self) -> Call[tuple[T, ...]]:
        return self._read("", cast("type[tuple[T, ...]]", tuple[self.record, ...]))  # type: ignore[name-defined]
