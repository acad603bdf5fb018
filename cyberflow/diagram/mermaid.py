"""Writes diagrams as mermaid flowcharts. Labels are quoted, so that no name can be taken for syntax."""

from __future__ import annotations

import re

from cyberflow.diagram.model import COLOURS, Diagram, DiagramNode, NodeKind

_SHAPES = {
    "input": ("([", "])"),
    "secret": ("[[", "]]"),
    "machine": ("[/", "/]"),
    "session": ("(", ")"),
    "output": ("([", "])"),
    "task": ("{{", "}}"),
}
_ESCAPED = re.compile(r"""["#&<>`\\*~]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|(?<=\])\(""")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
_STYLES: dict[NodeKind, str] = {
    **{kind: f"stroke:{COLOURS[kind][0]}" for kind in ("input", "machine", "secret", "output")},
    "session": "stroke-dasharray:4 3",
}


def to_mermaid(picture: Diagram) -> str:
    """The picture as the text of a mermaid block, ending in a line end."""
    ids = picture.ids
    lines = [
        "---",
        f"title: {_title(picture)}",
        "---",
        "flowchart TD" if picture.kind in ("chain", "pipeline") else "flowchart LR",
    ]
    lines += [f"  {ids[node.id]}{_node_text(node, picture.caption(node))}" for node in picture.nodes]
    for edge in picture.edges:
        arrow = {"order": "==>", "secret": "-.->"}.get(edge.kind, "-->")
        label = picture.edge_label(edge)
        said = f'|"{_escape(label)}"|' if label else ""
        lines.append(f"  {ids[edge.source]} {arrow}{said} {ids[edge.target]}")
    return "\n".join([*lines, *_classes(picture, ids)]) + "\n"


def _classes(picture: Diagram, ids: dict[str, str]) -> list[str]:
    lines = []
    for kind, style in _STYLES.items():
        members = [ids[node.id] for node in picture.nodes if node.kind == kind]
        if members:
            lines += [f"  classDef {kind} {style}", f"  class {','.join(members)} {kind}"]
    return lines


def _node_text(node: DiagramNode, beside: str) -> str:
    left, right = _SHAPES.get(node.kind, ("[", "]"))
    number = f"{node.number} · " if node.number is not None else ""
    if node.column == "middle":
        text = f"{number}<b>{_escape(node.display_name)}</b>" + (f"<br/>{_escape(beside)}" if beside else "")
    else:
        text = _escape(f"{node.display_name}: {beside}" if beside else node.display_name)
    return f'{left}"{text}"{right}'


def _escape(text: str) -> str:
    """What mermaid, its Markdown or its HTML could read inside quotes goes out as an entity of mermaid."""
    return _ESCAPED.sub(lambda match: f"#{ord(match.group())};", _CONTROL.sub(" ", text))


def _title(picture: Diagram) -> str:
    """A YAML string: names need no more than quotes."""
    return f'"{picture.name}"'
