"""Lists read as a whole: what a service pages by offset, with the proof that nothing is missing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from cyberflow.client.cyberdesk.wire import Page
from cyberflow.client.http.paging import HasId
from cyberflow.errors import CyberflowError

T = TypeVar("T", bound=HasId)


@dataclass(frozen=True)
class ListPass(Generic[T]):
    """One way through a list: what came, by id, how much the last page says there is, and in how many pages."""

    items: dict[str, T]
    total: int
    pages: int

    @property
    def complete(self) -> bool:
        return len(self.items) == self.total


class IncompleteList(CyberflowError):
    """The service gave another number of things than it says there are."""

    def __init__(self, what: str, came: int, total: int) -> None:
        super().__init__(
            f"the list of {what} is incomplete: the service says that there are {total}, and gave {came}",
            help="nothing was changed; try again later",
        )


async def read_pass(page: Callable[[int], Awaitable[Page[T]]]) -> ListPass[T]:
    """Go through a list once; `page(skip)` asks for what begins there. A page that brings nothing new ends it."""
    found: dict[str, T] = {}
    skip = pages = 0
    while True:
        got = await page(skip)
        known = len(found)
        found.update((one.id, one) for one in got.items)
        skip, pages = skip + len(got.items), pages + 1
        if skip >= got.total or len(found) == known:
            return ListPass(found, got.total, pages)


async def read_list(what: str, page: Callable[[int], Awaitable[Page[T]]]) -> tuple[T, ...]:
    """Everything in a list that is only looked at. Raises IncompleteList."""
    read = await read_pass(page)
    if not read.complete:
        raise IncompleteList(what, len(read.items), read.total)
    return tuple(read.items.values())
