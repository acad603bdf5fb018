"""Lists that come in pages, as one stream. It promises each id at most once, not a snapshot."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

PAGE = 100
"""What one page holds by default; no larger limit is promised for every list."""


class HasId(Protocol):
    @property
    def id(self) -> str: ...


T = TypeVar("T", bound=HasId)


async def iterate_items(
    read: Callable[[int], Awaitable[tuple[Sequence[T], int | None]]], first: int
) -> AsyncIterator[T]:
    """Every item once. `read` takes where a page begins and gives its items, and where the next one begins, if any.

    A service pages by offset, so what is written meanwhile moves: an item that slides to the next page is given once,
    one that slides back over the edge is missed. Who needs the whole compares the ids of two passes.
    """
    seen: set[str] = set()
    at: int | None = first
    while at is not None:
        items, at = await read(at)
        for item in items:
            if item.id not in seen:
                seen.add(item.id)
                yield item
