"""Lanes for wires that change rows: two wires share a lane only where neither passes the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cyberflow.diagram.model import DiagramEdge, EdgeKind

LANE, _APART = 12.0, 10.0


@dataclass(frozen=True)
class Net:
    """All wires that leave one port, at `start`; each end with its y."""

    start: float
    ends: tuple[tuple[DiagramEdge, float], ...]

    @property
    def kind(self) -> EdgeKind:
        return self.ends[0][0].kind

    @property
    def ys(self) -> tuple[float, ...]:
        return tuple(y for _, y in self.ends)

    @property
    def extent(self) -> tuple[float, float]:
        return min(self.start, *self.ys), max(self.start, *self.ys)


@dataclass(frozen=True)
class LaneAssignment:
    """Every net with how far its lane is from the blocks, and how much room all lanes need."""

    nets: tuple[tuple[Net, float], ...]
    width: float


def assign_lanes(nets: Sequence[Net]) -> LaneAssignment:
    """Give each net a lane, short ones nearest to the blocks, so that few wires cross."""
    lanes: list[list[tuple[float, float]]] = []
    placed: list[tuple[Net, float]] = []
    for net in sorted((net for net in nets if net.ends), key=lambda net: (net.extent[1] - net.extent[0], net.start)):
        low, high = net.extent
        if low == high:
            placed.append((net, 0.0))
            continue
        index = next((at for at, used in enumerate(lanes) if _is_free(used, low, high)), len(lanes))
        if index == len(lanes):
            lanes.append([])
        lanes[index].append((low, high))
        placed.append((net, index * LANE))
    return LaneAssignment(tuple(placed), max(0.0, (len(lanes) - 1) * LANE))


def _is_free(used: list[tuple[float, float]], low: float, high: float) -> bool:
    return all(high + _APART < begin or end + _APART < low for begin, end in used)
