"""Entries of lists that are left out of data, so that places still lead to what stands in the file."""

from __future__ import annotations

from collections.abc import Iterator

from cyberflow.source import Route


class ListMoves:
    """Which entries of which lists are left. In a route of the data an entry has the index that it has among those that
    are left, in a written route the one that it has in the file. One that is left out gets an index behind all others:
    the finding about it has a place in the data as well.
    """

    def __init__(self) -> None:
        self._lists: dict[Route, tuple[int, list[int]]] = {}
        """By route in the data as it is now: how long the list was, and the entries that are left."""

    def leave_out(self, route: Route, length: int) -> None:
        """The entry at a route of the data as it is now goes; its list is that long now."""
        *above, index = route
        first, left = self._lists.pop(tuple(above), (length, list(range(length))))
        del left[int(index)]
        moved = {_without(one, tuple(above), int(index)): found for one, found in self._lists.items()}
        self._lists = {one: found for one, found in moved.items() if one is not None}
        self._lists[tuple(above)] = first, left

    def route_in_file(self, route: Route) -> Route:
        """A route of the data as it is now, as it is written."""
        return tuple(
            self._lists[route[:depth]][1][int(step)] if route[:depth] in self._lists else step
            for depth, step in enumerate(route)
        )

    def route_in_data(self, written: Route) -> Route:
        """A written route, in the data as it is now."""
        route: Route = ()
        for step in written:
            length, left = self._lists.get(route, (0, None))
            index = step if left is None else left.index(int(step)) if step in left else length + int(step)
            route = (*route, index)
        return route

    def pairs(self) -> Iterator[tuple[Route, int]]:
        """The routes of the data that end in another index than they are written with."""
        for above, (length, _) in self._lists.items():
            for index in range(length):
                route = self.route_in_data((*self.route_in_file(above), index))
                if route[-1] != index:
                    yield route, index


def _without(route: Route, above: Route, index: int) -> Route | None:
    """A route after an entry of the list at `above` has gone; None for one below it."""
    here = route[len(above) : len(above) + 1]
    if route[: len(above)] != above or not here or int(here[0]) < index:
        return route
    return None if here[0] == index else (*above, int(here[0]) - 1, *route[len(above) + 1 :])
