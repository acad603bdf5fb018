"""Lists that come in pages, as one stream. It promises each id at most once, not a snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from cyberflow.client.cyberdesk.wire import Page

PAGE = 100
"""The service's default; no larger limit is promised for every list."""


class HasId(Protocol):
    @property
    def id(self) -> str: ...


T = TypeVar("T", bound=HasId)


async def iterate_items(page: Callable[[int], Awaitable[Page[T]]]) -> AsyncIterator[T]:
    """Go on until `total` is reached or a page is empty, asking `page(skip)` for each next one.

    The service pages by offset, so what is written meanwhile moves: an item that slides to the next page is given
    once, one that slides back over the edge is missed. Who needs the whole compares the ids of two passes.
    """
    seen: set[str] = set()
    skip = 0
    while True:
        got = await page(skip)
        for item in got.items:
            if item.id not in seen:
                seen.add(item.id)
                yield item
        skip += len(got.items)
        if not got.items or skip >= got.total:
            return
