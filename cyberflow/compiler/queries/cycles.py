"""Rings: nodes that wait for one another."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping
from graphlib import CycleError, TopologicalSorter


def find_cycles(edges: Mapping[str, Collection[str]]) -> list[list[str]]:
    """For each node that is in a ring, the shortest one through it, beginning and ending with it; none twice."""
    try:
        TopologicalSorter(edges).prepare()
    except CycleError:
        pass
    else:
        return []
    import networkx  # heavy, and there is a ring to be told of

    graph: networkx.DiGraph[str] = networkx.DiGraph([(left, right) for left, ends in edges.items() for right in ends])
    around: dict[str, set[str]] = {}
    for component in networkx.strongly_connected_components(graph):
        around |= dict.fromkeys(component, component)
    found: dict[frozenset[str], list[str]] = {}
    for node in edges:
        if node in around and (ring := _shortest_cycle(edges, node, around[node])):
            found.setdefault(frozenset(ring), ring)
    return list(found.values())


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
