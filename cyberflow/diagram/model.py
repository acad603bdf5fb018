"""The diagram as data: nodes in three columns, and the edges between them; with the colours that all formats share."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

NodeKind = Literal["input", "secret", "machine", "session", "step", "workflow", "chain", "pipeline", "task", "output"]
Column = Literal["source", "middle", "sink"]
EdgeKind = Literal["value", "secret", "order", "use"]


COLOURS: dict[NodeKind, tuple[str, str]] = {
    "input": ("#0969da", "#4493f8"),
    "secret": ("#9a6700", "#d29922"),
    "machine": ("#8250df", "#ab7df8"),
    "output": ("#1a7f37", "#3fb950"),
}
"""The colour of each kind on a light and on a dark ground."""


@dataclass(frozen=True)
class DiagramNode:
    """One thing. `text` is its type, or the workflow that a step runs; `number` the place of a step in its chain."""

    kind: NodeKind
    name: str
    column: Column
    text: str = ""
    number: int | None = None
    description: str = ""

    @property
    def id(self) -> str:
        return f"{self.kind}:{self.name}"

    @property
    def display_name(self) -> str:
        return f"${self.name}" if self.kind == "secret" else self.name


@dataclass(frozen=True)
class DiagramEdge:
    """What goes from `source` to `target`, ids of nodes: it leaves as `output`, of a `type`, and arrives as `input`."""

    source: str
    target: str
    kind: EdgeKind
    output: str = ""
    input: str = ""
    type: str = ""

    @property
    def label(self) -> str:
        """`mrn: string`, `result → search_query: string`, `password`."""
        renamed = self.input and self.input != self.output
        name = f"{self.output} → {self.input}" if self.output and renamed else self.output or self.input
        return f"{name}: {self.type}" if name and self.type else name


@dataclass(frozen=True)
class Diagram:
    """Nodes in the order in which they are drawn, top to bottom in each column."""

    kind: Literal["chain", "pipeline", "workflow", "task", "project"]
    name: str
    description: str
    nodes: tuple[DiagramNode, ...]
    edges: tuple[DiagramEdge, ...]

    @cached_property
    def nodes_by_id(self) -> dict[str, DiagramNode]:
        return {node.id: node for node in self.nodes}

    @cached_property
    def ids(self) -> dict[str, str]:
        """Short names for nodes, by id, that no format can take for syntax."""
        return {node.id: f"n{index}" for index, node in enumerate(self.nodes)}

    def edge_label(self, edge: DiagramEdge) -> str:
        """What stands at an edge; nothing where the node that it leaves says the same."""
        return "" if edge.label == self.nodes_by_id[edge.source].name else edge.label

    def column(self, column: Column) -> tuple[DiagramNode, ...]:
        return tuple(node for node in self.nodes if node.column == column)

    def caption(self, node: DiagramNode) -> str:
        """What stands beside the name of a node: its text, unless a wire that ends there says the same."""
        return "" if (node.id, node.text) in self._arriving_types else node.text

    @cached_property
    def _arriving_types(self) -> frozenset[tuple[str, str]]:
        return frozenset((edge.target, edge.type) for edge in self.edges)

    def to_json(self) -> dict[str, Any]:
        """The picture as data; what is empty is left out of nodes and edges."""
        return {
            "version": 1,
            "kind": self.kind,
            "name": self.name,
            "nodes": [_drop_empty(_node_to_json(node)) for node in self.nodes],
            "edges": [_drop_empty(_edge_to_json(edge)) for edge in self.edges],
        }


def _node_to_json(node: DiagramNode) -> dict[str, Any]:
    key = "workflow" if node.kind in ("step", "session") else "type"
    words = {"id": node.id, "kind": node.kind, "name": node.name, "number": node.number}
    return {**words, key: node.text, "description": node.description}


def _edge_to_json(edge: DiagramEdge) -> dict[str, Any]:
    ends = {"from": edge.source, "to": edge.target, "kind": edge.kind}
    return {**ends, "output": edge.output, "input": edge.input, "type": edge.type}


def _drop_empty(data: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if value not in ("", None)}
