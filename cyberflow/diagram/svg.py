"""Writes diagrams as SVG: one file, no script, no font, no link; light or dark as the reader's screen is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from xml.sax.saxutils import escape, quoteattr

from cyberflow.diagram.layout import MARGIN, NAME, NOTE, NUMBER, PILL, TITLE, Block, Layout, Pill, Wire, lay_out
from cyberflow.diagram.model import COLOURS, Diagram

_STYLE = """\
  :root { --ground: #ffffff; --text: #1f2328; --quiet: #59636e; --box: #f6f8fa; --line: #c8d1da; --wire: #57606a;
    LIGHT }
  @media (prefers-color-scheme: dark) {
    :root { --ground: #0d1117; --text: #e6edf3; --quiet: #9198a1; --box: #161b22; --line: #3d444d; --wire: #8b949e;
      DARK }
  }
  text { font: 12px system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif; fill: var(--text); }
  .ground { fill: var(--ground); }
  .title { font-size: 17px; font-weight: 600; }
  .name { font-weight: 600; }
  .head { font-size: 14px; font-weight: 600; }
  .type { font: 11px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: var(--quiet); }
  .quiet { fill: var(--quiet); }
  .box { fill: var(--box); stroke: var(--line); }
  .number { fill: var(--line); }
  .session { stroke-dasharray: 4 3; }
  .pill { fill: var(--ground); stroke: currentColor; }
  .input { color: var(--input); } .secret { color: var(--secret); } .machine { color: var(--machine); }
  .output { color: var(--output); } .workflow { color: var(--input); }
  .wire { fill: none; stroke: var(--wire); stroke-width: 1.3; }
  .wire.secret { stroke: var(--secret); }
  .halo { fill: none; stroke: var(--ground); stroke-width: 5; }
  .order { stroke: var(--line); stroke-width: 3; fill: none; }
  .tip { fill: var(--wire); } .tip.secret { fill: var(--secret); } .tip.after { fill: var(--line); }
"""
_LIGHT, _DARK = (" ".join(f"--{kind}: {pair[ground]};" for kind, pair in COLOURS.items()) for ground in (0, 1))
STYLE = _STYLE.replace("LIGHT", _LIGHT).replace("DARK", _DARK)
"""The style of every picture, also for a page that holds several."""
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
REPLACEMENT = "\ufffd"
_BEND, _TIP = 6.0, 5.0


def to_svg(picture: Diagram, *, has_style: bool = True, title_id: str = "title") -> str:
    """The picture as an SVG document, ending in a line end; without its style it takes that of the page it stands in,
    where its title needs an id of its own. A step bears its name as `data-step`.
    """
    layout = lay_out(picture)
    across, down = (_format_number(side) for side in layout.size)
    lines = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{across}" height="{down}" '
            f'viewBox="0 0 {across} {down}" role="img" aria-labelledby={quoteattr(title_id)}>'
        ),
        f"<title id={quoteattr(title_id)}>{_escape_text(picture.name)}: {picture.kind}</title>",
        *([f"<style>\n{STYLE}</style>"] if has_style else []),
        '<rect class="ground" width="100%" height="100%"/>',
        *_heading(layout),
        *_order_arrows(layout),
        *(line for wire in layout.wires for line in _wire(wire)),
        *(line for pill in layout.pills for line in _pill(pill)),
        *(line for block in layout.blocks for line in _block(block, layout)),
    ]
    return "\n".join([*lines, "</svg>"]) + "\n"


def _heading(layout: Layout) -> Iterator[str]:
    y = MARGIN + TITLE * 0.8
    yield _label(MARGIN, y, layout.picture.name, "title")
    for index, line in enumerate(layout.note):
        yield _label(MARGIN, y + 20 + index * (NOTE + 5), line, "quiet")


def _order_arrows(layout: Layout) -> Iterator[str]:
    if not any(edge.kind == "order" for edge in layout.picture.edges):
        return
    steps = [block for block in layout.blocks if block.node.kind == "step"]
    x = (layout.left + layout.right) / 2
    for before, after in pairwise(steps):
        top, bottom = before.top + before.height, after.top
        yield f'<path class="order" d="M{_point(x, top)} V{_format_number(bottom - 8)}"/>'
        yield f'<path class="tip after" d="M{_point(x, bottom - 1)} l-7 -9 h14 z"/>'


def _wire(wire: Wire) -> Iterator[str]:
    x, y = wire.start
    parts = [f"M{_point(x, y)} H{_format_number(end)}" for end, at in wire.ends if at == y and end != x]
    turning = [(end, at) for end, at in wire.ends if at != y or end == x]
    for end, at in turning:
        parts.append(_lane_path(wire.start, wire.lane, (end, at)))
    path = " ".join(parts)
    kind = f" {wire.kind}" if wire.kind == "secret" else ""
    yield f'<path class="halo" d="{path}"/>'
    yield f'<path class="wire{kind}" d="{path}"/>'
    for end, at in wire.ends:
        back = -_TIP if wire.lane < end else _TIP
        yield f'<path class="tip{kind}" d="M{_point(end, at)} l{_format_number(back * 1.6)} -4 v8 z"/>'
    for dot in _joints(wire):
        yield f'<circle class="tip{kind}" cx="{_format_number(wire.lane)}" cy="{_format_number(dot)}" r="2.5"/>'


def _lane_path(start: tuple[float, float], lane: float, end: tuple[float, float]) -> str:
    """Along the row, round a bend into the lane, round a bend into the other row."""
    (x, y), (to, at) = start, end
    bend = min(_BEND, abs(at - y) / 2, abs(lane - x), abs(lane - to))
    down = bend if at > y else -bend
    into = bend if lane > x else -bend
    out = bend if to > lane else -bend
    return (
        f"M{_point(x, y)} H{_format_number(lane - into)} Q{_point(lane, y)} {_point(lane, y + down)} "
        f"V{_format_number(at - down)} Q{_point(lane, at)} {_point(lane + out, at)} H{_format_number(to)}"
    )


def _joints(wire: Wire) -> Iterable[float]:
    """Where a wire divides: every row on its lane but the two where it only bends."""
    rows = sorted({at for _, at in wire.ends if at != wire.start[1]})
    straight = any(at == wire.start[1] for _, at in wire.ends)
    if not rows:
        return ()
    above = [at for at in rows if at < wire.start[1]]
    below = [at for at in rows if at > wire.start[1]]
    inner = [*above[1:], *below[:-1]]
    return [*inner, wire.start[1]] if straight or (above and below) else inner


def _pill(pill: Pill) -> Iterator[str]:
    node, top = pill.node, pill.y - PILL / 2
    title = f"{node.display_name}: {node.text}" if node.text else node.display_name
    yield f'<g class="{node.kind}">{_tooltip(title, node.description)}'
    yield _box("pill", (pill.x, top), (pill.width, PILL), PILL / 2)
    words = f'<tspan class="name">{_escape_text(pill.name)}</tspan>'
    if pill.text:
        words += f' <tspan class="type">{_escape_text(pill.text)}</tspan>'
    yield f'<text x="{_format_number(pill.x + 12)}" y="{_format_number(pill.y + NAME / 3)}">{words}</text></g>'


def _block(block: Block, layout: Layout) -> Iterator[str]:
    node, x, top = block.node, layout.left, block.top
    kind = " session" if node.kind == "session" else ""
    step = f" data-step={quoteattr(_FORBIDDEN.sub(REPLACEMENT, node.name))}" if node.kind == "step" else ""
    yield f"<g{step}>{_tooltip(node.name, node.description)}"
    yield _box(f"box{kind}", (x, top), (layout.right - x, block.height), 8)
    start = x + 12
    title, below = block.head
    if node.number is not None:
        yield f'<circle class="number" cx="{_format_number(x + 22)}" cy="{_format_number(top + 17)}" r="10"/>'
        yield _label(x + 22, top + 21, str(node.number), "name", "middle")
        start = x + NUMBER
    yield _label(start, top + (22 if node.number is not None or below else 28), title, "head")
    if below:
        yield _label(start, top + 38, below, "type")
    for port in block.left:
        yield _label(x + 14, port.y + NAME / 3, port.name, "")
    for port in block.right:
        yield _label(layout.right - 14, port.y + NAME / 3, port.name, "", "end")
        if port.label:
            yield f"<g>{_tooltip(port.full, '')}{_label(layout.right + 10, port.y - 4, port.label, 'type')}</g>"
    yield "</g>"


def _box(kind: str, corner: tuple[float, float], size: tuple[float, float], corner_radius: float) -> str:
    x, y, across, down, radius = (_format_number(value) for value in (*corner, *size, corner_radius))
    return f'<rect class="{kind}" x="{x}" y="{y}" width="{across}" height="{down}" rx="{radius}"/>'


def _tooltip(title: str, description: str) -> str:
    words = "\n".join(part for part in (title, description) if part)
    return f"<title>{_escape_text(words)}</title>"


def _label(x: float, y: float, text: str, kind: str, anchor: str = "") -> str:
    kinds = f" class={quoteattr(kind)}" if kind else ""
    anchored = f' text-anchor="{anchor}"' if anchor else ""
    return f'<text x="{_format_number(x)}" y="{_format_number(y)}"{kinds}{anchored}>{_escape_text(text)}</text>'


def _escape_text(text: str) -> str:
    return escape(_FORBIDDEN.sub(REPLACEMENT, text))


def _point(x: float, y: float) -> str:
    return f"{_format_number(x)} {_format_number(y)}"


def _format_number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
