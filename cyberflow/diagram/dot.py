"""Writes diagrams in the language of Graphviz. Every label is a quoted string."""

from __future__ import annotations

import re

from cyberflow.diagram.model import COLOURS, Diagram, DiagramNode

_SHAPES = {"input": "oval", "secret": "oval", "machine": "oval", "output": "oval", "task": "hexagon", "session": "box"}
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


def to_dot(picture: Diagram) -> str:
    """The picture as the text of a `.dot` file, ending in a line end."""
    ids = picture.ids
    lines = [
        f"digraph {_quote(picture.name)} {{",
        f"  rankdir={'TB' if picture.kind == 'chain' else 'LR'};",
        '  node [fontname="Helvetica", fontsize=11, style=rounded];',
        '  edge [fontname="Helvetica", fontsize=9];',
    ]
    lines += [f"  {ids[node.id]} [{_node_attributes(node, picture.caption(node))}];" for node in picture.nodes]
    for edge in picture.edges:
        label = picture.edge_label(edge)
        style = {"order": "bold", "secret": "dashed"}.get(edge.kind, "solid")
        said = f"label={_quote(label)}, " if label else ""
        lines.append(f"  {ids[edge.source]} -> {ids[edge.target]} [{said}style={style}];")
    return "\n".join([*lines, "}"]) + "\n"


def _node_attributes(node: DiagramNode, beside: str) -> str:
    shape = _SHAPES.get(node.kind, "box")
    number = f"{node.number}. " if node.number is not None else ""
    rows = [f"{number}{node.display_name}", *([beside] if beside else [])]
    label = '"' + "\\n".join(_escape(row) for row in rows) + '"'
    more = [f"color={_quote(COLOURS[node.kind][0])}"] if node.kind in COLOURS else []
    more += ['style="rounded,dashed"'] if node.kind == "session" else []
    more += [f"tooltip={_quote(node.description)}"] if node.description else []
    return ", ".join([f"label={label}", f"shape={shape}", *more])


def _quote(text: str) -> str:
    return f'"{_escape(text)}"'


def _escape(text: str) -> str:
    return _CONTROL.sub(" ", text).replace("\\", "\\\\").replace('"', '\\"')
