"""What is drawn: things in three columns, and what goes from one to another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["input", "secret", "machine", "session", "step", "workflow", "chain", "task", "output"]
Column = Literal["source", "middle", "sink"]
Flow = Literal["value", "secret", "order", "use"]


@dataclass(frozen=True)
class Node:
    """One thing. `text` is its type, or the workflow that a step runs; `number` the place of a step in its chain."""

    kind: Kind
    name: str
    column: Column
    text: str = ""
    number: int | None = None
    description: str = ""

    @property
    def id(self) -> str:
        return f"{self.kind}:{self.name}"

    @property
    def shown(self) -> str:
        return f"${self.name}" if self.kind == "secret" else self.name


@dataclass(frozen=True)
class Edge:
    """What goes from `source` to `target`, ids of nodes: it leaves as `output`, of a `type`, and arrives as `input`."""

    source: str
    target: str
    kind: Flow
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
class Picture:
    """Nodes in the order in which they are drawn, top to bottom in each column."""

    kind: Literal["chain", "workflow", "task", "project"]
    name: str
    description: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    def column(self, column: Column) -> tuple[Node, ...]:
        return tuple(node for node in self.nodes if node.column == column)

    def text(self, node: Node) -> str:
        """What stands beside the name of a node: its text, unless a wire that ends there says the same."""
        return "" if any(edge.target == node.id and edge.type == node.text for edge in self.edges) else node.text

    def as_json(self) -> dict[str, Any]:
        """The picture as data; what is empty is left out of nodes and edges."""
        return {
            "version": 1,
            "kind": self.kind,
            "name": self.name,
            "nodes": [_filled(_node(node)) for node in self.nodes],
            "edges": [_filled(_edge(edge)) for edge in self.edges],
        }


def _node(node: Node) -> dict[str, Any]:
    key = "workflow" if node.kind in ("step", "session") else "type"
    words = {"id": node.id, "kind": node.kind, "name": node.name, "number": node.number}
    return {**words, key: node.text, "description": node.description}


def _edge(edge: Edge) -> dict[str, Any]:
    ends = {"from": edge.source, "to": edge.target, "kind": edge.kind}
    return {**ends, "output": edge.output, "input": edge.input, "type": edge.type}


def _filled(data: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if value not in ("", None)}
