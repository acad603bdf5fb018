"""Rings: nodes that wait for one another."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping
from contextlib import suppress
from graphlib import CycleError, TopologicalSorter


def find_cycles(edges: Mapping[str, Collection[str]]) -> list[list[str]]:
    """For each node that is in a ring, the shortest one through it, beginning and ending with it; none twice."""
    within = _blocked(edges)
    found: dict[frozenset[str], list[str]] = {}
    for node in edges:
        if node in within and (ring := _shortest_cycle(edges, node, within)):
            found.setdefault(frozenset(ring), ring)
    return list(found.values())


def _blocked(edges: Mapping[str, Collection[str]]) -> set[str]:
    """The nodes in rings, and those between two: what is left when every node is gone from which, or to which, nothing
    goes any more.
    """
    left = set(edges)
    back: dict[str, list[str]] = {node: [] for node in edges}
    for node, ends in edges.items():
        for end in ends:
            back.setdefault(end, []).append(node)
    for graph in (edges, back):
        sorter = TopologicalSorter(graph)
        with suppress(CycleError):  # it gives what no ring blocks nevertheless
            sorter.prepare()
        while left and (ready := sorter.get_ready()):
            left.difference_update(ready)
            sorter.done(*ready)
    return left


def _shortest_cycle(edges: Mapping[str, Collection[str]], start: str, within: Collection[str]) -> list[str] | None:
    before: dict[str, str] = {}
    waiting = deque([start])
    while waiting:
        node = waiting.popleft()
        for after in edges[node]:
            if after == start:
                ring = [start]
                while node != start:
                    ring.append(node)
                    node = before[node]
                return [start, *reversed(ring)]
            if after in within and after not in before:
                before[after] = node
                waiting.append(after)
    return None
