"""Lays out a diagram: sources at the left, what runs in the middle from top to bottom, sinks at the right. Every
port has a row of its own, and wires that change rows have lanes, so that nothing can lie on anything else.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from cyberflow.diagram.model import Diagram, DiagramEdge, DiagramNode, EdgeKind
from cyberflow.diagram.routing import Net, assign_lanes
from cyberflow.diagram.text_metrics import truncate, width, wrap

MARGIN, ROW, HEAD, FOOT, GAP, PILL = 24.0, 28.0, 46.0, 8.0, 26.0, 22.0
NAME, TYPE, TITLE, NOTE, HEADING, NUMBER = 12.0, 11.0, 17.0, 12.0, 14.0, 40.0
_WIDEST_PILL, _WIDEST_LABEL, _WIDEST_NAME, _WIDEST_HEAD, _NARROWEST = 290.0, 200.0, 180.0, 280.0, 190.0
_INSIDE, _CLEAR, _NOTE_ROW, _SPACE = 12.0, 18.0, 17.0, 8.0


@dataclass(frozen=True)
class Port:
    """A row at one side of a block: the name inside it, and the type that stands above the wire outside."""

    name: str
    y: float
    label: str = ""
    full: str = ""
    arrives: bool = True


@dataclass(frozen=True)
class Block:
    """A box in the middle with its ports."""

    node: DiagramNode
    head: tuple[str, str]
    top: float
    height: float
    left: tuple[Port, ...]
    right: tuple[Port, ...]


@dataclass(frozen=True)
class Pill:
    """A source or a sink: name and type on one line. `x` is its left end."""

    node: DiagramNode
    x: float
    y: float
    width: float
    name: str
    text: str


@dataclass(frozen=True)
class Wire:
    """From one port to several: `ends` are points, reached over the vertical at `lane` where they have another y."""

    kind: EdgeKind
    start: tuple[float, float]
    ends: tuple[tuple[float, float], ...]
    lane: float


@dataclass
class Layout:
    """A diagram with coordinates."""

    picture: Diagram
    note: list[str] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    pills: list[Pill] = field(default_factory=list)
    wires: list[Wire] = field(default_factory=list)
    left: float = 0
    right: float = 0
    size: tuple[float, float] = (0, 0)


@dataclass
class _RowPositions:
    """Which rows of which block an edge begins and ends at; filled while blocks are stacked."""

    sources: frozenset[str]
    sinks: frozenset[str]
    starts: dict[tuple[str, str], float] = field(default_factory=dict)
    ends: dict[DiagramEdge, float] = field(default_factory=dict)
    pills: dict[str, float] = field(default_factory=dict)


def lay_out(picture: Diagram) -> Layout:
    """Give every part of a picture its place."""
    made = Layout(picture)
    edges = [edge for edge in picture.edges if edge.kind != "order"]
    middle = picture.column("middle")
    rows = _RowPositions(_node_ids(picture.column("source")), _node_ids(picture.column("sink")))
    room = max((_block_width(node, edges, rows) for node in middle), default=_NARROWEST)
    top = MARGIN + TITLE + 10
    made.note = wrap(picture.description, max(room + 360, 480), NOTE, 2)
    top += _NOTE_ROW * len(made.note) + 12
    for node in middle:
        block = _block(node, top, edges, rows)
        made.blocks.append(block)
        top += block.height + GAP
    bottom = _place_columns(made, edges, rows, room, top)
    made.size = (made.size[0], bottom - (GAP if bottom == top else 0) + MARGIN)
    return made


def _node_ids(nodes: Iterable[DiagramNode]) -> frozenset[str]:
    return frozenset(node.id for node in nodes)


def _ports(
    node: DiagramNode, edges: Sequence[DiagramEdge], rows: _RowPositions
) -> tuple[list[DiagramEdge], list[DiagramEdge], list[DiagramEdge]]:
    """Edges that arrive at the left, those that arrive at the right, and those that leave, one for each row."""
    arriving = [edge for edge in edges if edge.target == node.id]
    left = [edge for edge in arriving if edge.source in rows.sources]
    right = [edge for edge in arriving if edge.source not in rows.sources]
    return left, right, _outgoing_edges(node, edges, rows)


def _outgoing_edges(node: DiagramNode, edges: Sequence[DiagramEdge], rows: _RowPositions) -> list[DiagramEdge]:
    """One edge for each output; a second sink of the same output has a row of its own, without a name."""
    first: dict[str, DiagramEdge] = {}
    for edge in edges:
        known = first.get(edge.output)
        if edge.source == node.id and (known is None or (edge.target in rows.sinks and known.target not in rows.sinks)):
            first[edge.output] = edge
    made: list[DiagramEdge] = []
    for name, edge in first.items():
        sinks = [one for one in edges if one.source == node.id and one.output == name and one.target in rows.sinks]
        made += [edge, *(one for one in sinks if one is not edge)]
    return made


def _block_width(node: DiagramNode, edges: Sequence[DiagramEdge], rows: _RowPositions) -> float:
    left, right, leaving = _ports(node, edges, rows)
    inner = [width(truncate(edge.input, _WIDEST_NAME, NAME), NAME) for edge in left]
    outer = [width(truncate(edge.input, _WIDEST_NAME, NAME), NAME) for edge in right]
    outer += [width(truncate(edge.output, _WIDEST_NAME, NAME), NAME) for edge in leaving]
    ports = max(inner, default=0) + max(outer, default=0) + 28
    title, below = _title_lines(node)
    words = max(width(title, HEADING, bold=True), width(below, TYPE, fixed=True))
    return max(_NARROWEST, ports + 2 * _INSIDE, words + (NUMBER if node.number is not None else _INSIDE) + _INSIDE)


def _title_lines(node: DiagramNode) -> tuple[str, str]:
    """The two lines on top of a block."""
    return truncate(node.name, _WIDEST_HEAD, HEADING, bold=True), truncate(node.text, _WIDEST_HEAD, TYPE, fixed=True)


def _block(node: DiagramNode, top: float, edges: Sequence[DiagramEdge], rows: _RowPositions) -> Block:
    arriving, returning, leaving = _ports(node, edges, rows)
    first = top + HEAD + ROW / 2
    left, right = [], []
    for index, edge in enumerate(arriving):
        y = first + index * ROW
        rows.ends[edge] = y
        rows.pills.setdefault(edge.source, y)
        left.append(Port(truncate(edge.input, _WIDEST_NAME, NAME), y))
    for index, edge in enumerate(returning):
        y = first + index * ROW
        rows.ends[edge] = y
        right.append(Port(truncate(edge.input, _WIDEST_NAME, NAME), y))
    for index, edge in enumerate(leaving, len(returning)):
        y = first + index * ROW
        if (node.id, edge.output) not in rows.starts:
            rows.starts[node.id, edge.output] = y
            label = truncate(edge.type, _WIDEST_LABEL, TYPE, fixed=True)
            right.append(Port(truncate(edge.output, _WIDEST_NAME, NAME), y, label, edge.type, arrives=False))
        if edge.target in rows.sinks:
            rows.pills.setdefault(edge.target, y)
    count = max(len(arriving), len(returning) + len(leaving))
    return Block(node, _title_lines(node), top, HEAD + ROW * count + (FOOT if count else 0), tuple(left), tuple(right))


def _place_columns(
    made: Layout, edges: Sequence[DiagramEdge], rows: _RowPositions, room: float, bottom: float
) -> float:
    """Pills and wires at both sides; gives the y below everything."""
    picture = made.picture
    sources, sinks = picture.column("source"), picture.column("sink")
    low = max(_place_strays(sources, rows, bottom), _place_strays(sinks, rows, bottom))
    rows.ends |= {edge: rows.pills[edge.target] for edge in edges if edge.target in rows.sinks}
    inward = assign_lanes([Net(rows.pills[one.id], _net_ends(rows, edges, one.id)) for one in sources])
    outward = assign_lanes([Net(y, _net_ends(rows, edges, *key)) for key, y in rows.starts.items()])
    begin = MARGIN + max((_pill_width(node, node.text) for node in sources), default=0)
    made.left = begin + (2 * _CLEAR + inward.width if sources else 0)
    made.right = made.left + room
    labels = max((width(port.label, TYPE, fixed=True) for one in made.blocks for port in one.right), default=0)
    turn = made.right + labels + _CLEAR
    end = turn + outward.width + _CLEAR

    def ends(net: Net, side: float) -> tuple[tuple[float, float], ...]:
        return tuple((end if edge.target in rows.sinks else side, y) for edge, y in net.ends)

    for net, lane in inward.nets:
        made.wires.append(Wire(net.kind, (begin, net.start), ends(net, made.left), made.left - _CLEAR - lane))
    for net, lane in outward.nets:
        made.wires.append(Wire(net.kind, (made.right, net.start), ends(net, made.right), turn + lane))
    made.pills += [_pill(node, node.text, begin, rows) for node in sources]
    made.pills += [_pill(node, picture.caption(node), end, rows) for node in sinks]
    across = max((pill.x + pill.width for pill in made.pills), default=0)
    texts = [*(width(line, NOTE) for line in made.note), width(picture.name, TITLE, bold=True)]
    made.size = (max(across, end if outward.nets else made.right, MARGIN + max(texts)) + MARGIN, 0)
    return low


def _net_ends(
    rows: _RowPositions, edges: Sequence[DiagramEdge], source: str, output: str | None = None
) -> tuple[tuple[DiagramEdge, float], ...]:
    return tuple((edge, rows.ends[edge]) for edge in edges if edge.source == source and output in (None, edge.output))


def _place_strays(nodes: Iterable[DiagramNode], rows: _RowPositions, bottom: float) -> float:
    """Pills that no wire reaches stand below everything."""
    for node in nodes:
        if node.id not in rows.pills:
            rows.pills[node.id] = bottom + PILL / 2
            bottom += ROW
    return bottom


def _pill_name(node: DiagramNode) -> str:
    return truncate(node.display_name, _WIDEST_NAME, NAME, bold=True)


def _pill_width(node: DiagramNode, text: str) -> float:
    name = width(_pill_name(node), NAME, bold=True) + 2 * _INSIDE
    return name if not text else max(name, min(_WIDEST_PILL, name + _SPACE + width(text, TYPE, fixed=True)))


def _pill(node: DiagramNode, text: str, edge: float, rows: _RowPositions) -> Pill:
    """A source ends at `edge`, a sink begins there."""
    across, name = _pill_width(node, text), _pill_name(node)
    room = across - 2 * _INSIDE - _SPACE - width(name, NAME, bold=True)
    beside = truncate(text, room + 0.5, TYPE, fixed=True) if room > _SPACE else ""
    x = edge - across if node.column == "source" else edge
    return Pill(node, x, rows.pills[node.id], across, name, beside)
