"""A prompt as a row of elements: blocks, items of lists, and the tags around them; and three such rows, compared. What
one side changed and the other did not is told from what both changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from cyberflow.language.prompt.markdown import LINES
from cyberflow.remote.html import BLOCK, HtmlNode, node_html, parse_tree, start_tag

_LISTS = frozenset({"ol", "ul"})
Lines = dict[int, tuple[int, int]]
"""The lines of nodes, by their identity."""


@dataclass(frozen=True, slots=True)
class PromptElement:
    """A block as HTML, or a tag of a list or an item that holds more than text. `lines` is where it was written, the
    first line and the one behind the last; None where that is not known.
    """

    html: str
    lines: tuple[int, int] | None = field(default=None, compare=False)
    tag: str = field(default="", compare=False)
    step: int = field(default=0, compare=False)
    """1 for a tag that opens, -1 for one that closes."""


@dataclass(frozen=True, slots=True)
class MergeRegion:
    """What the platform changed: elements `ours` of the sources give way to elements `theirs`, or both changed them."""

    ours: tuple[int, int]
    theirs: tuple[int, int]
    conflict: bool = False


def read_elements(html: str, *, deep: bool = True) -> list[PromptElement]:
    """Cut a prompt; `deep` into the items of lists and what is in them, else at its own blocks."""
    tree = parse_tree(html)
    lines: Lines = {}
    _take_lines(tree, lines)
    return list(_elements(tree, lines, deep=deep))


def _elements(parent: HtmlNode, lines: Lines, *, deep: bool) -> Iterator[PromptElement]:
    run: list[HtmlNode] = []
    for node in (*parent.children, None):
        if node is not None and (node.tag not in BLOCK or node.tag == "br"):
            run.append(node)
            continue
        if html := "".join(map(node_html, run)).strip():
            yield PromptElement(html)
        run = []
        if node is not None:
            yield from _block(node, lines, deep=deep)


def _block(node: HtmlNode, lines: Lines, *, deep: bool) -> Iterator[PromptElement]:
    written = lines.get(id(node))
    opens = node.tag in _LISTS or (node.tag == "li" and any(child.tag in BLOCK - {"br"} for child in node.children))
    if not deep or not opens:
        yield PromptElement(node_html(node), written, node.tag)
        return
    yield PromptElement(start_tag(node.tag, node.attributes), written, node.tag, 1)
    yield from _elements(node, lines, deep=True)
    yield PromptElement(f"</{node.tag}>", written, node.tag, -1)


def _take_lines(node: HtmlNode, lines: Lines) -> None:
    """Note where each node was written, and take what says so out of the tree; code bears it for its block."""
    for child in node.children:
        _take_lines(child, lines)
        if node.tag == "pre" and id(child) in lines:
            lines[id(node)] = lines[id(child)]
    if written := node.attributes.get(LINES):
        first, _, last = written.partition(" ")
        lines[id(node)] = int(first), int(last)
        node.attributes = {name: value for name, value in node.attributes.items() if name != LINES}


def is_balanced(elements: Sequence[PromptElement]) -> bool:
    """Whether every tag that opens closes, so that the elements are a piece of HTML by themselves."""
    depth = 0
    for one in elements:
        depth += one.step
        if depth < 0:
            return False
    return depth == 0


@dataclass(frozen=True, slots=True)
class _Hunk:
    """Elements of the base, and what one side has in their place."""

    base: tuple[int, int]
    side: tuple[int, int]

    @property
    def growth(self) -> int:
        return (self.side[1] - self.side[0]) - (self.base[1] - self.base[0])

    @property
    def inserts(self) -> bool:
        return self.base[0] == self.base[1]


def merge_elements(
    base: Sequence[PromptElement] | None, ours: Sequence[PromptElement], theirs: Sequence[PromptElement]
) -> list[MergeRegion]:
    """What must be written into ours, in order. Without a base every difference is a conflict."""
    if base is None:
        return [MergeRegion(one.base, one.side, conflict=True) for one in _hunks(ours, theirs)]
    mine, other = _hunks(base, ours), _hunks(base, theirs)
    found: list[MergeRegion] = []
    while other:
        group = [other.pop(0)]
        rivals: list[_Hunk] = []
        while more := [one for one in mine if one not in rivals and any(_meet(one, it) for it in group)]:
            rivals += more
            late = [one for one in other if any(_meet(one, rival) for rival in rivals)]
            group += late
            other = [one for one in other if one not in late]
        region = _region(group, rivals, mine, other_hunks=_hunks(base, theirs))
        if [*ours[slice(*region.ours)]] != [*theirs[slice(*region.theirs)]]:
            found.append(region)
    return found


def _region(
    group: Sequence[_Hunk], rivals: Sequence[_Hunk], mine: Sequence[_Hunk], *, other_hunks: Sequence[_Hunk]
) -> MergeRegion:
    start = min(one.base[0] for one in (*group, *rivals))
    end = max(one.base[1] for one in (*group, *rivals))
    if not rivals and start == end:
        at = _moved(start, mine, inserts=True)
        return MergeRegion((at, at), group[0].side)
    first = bool(rivals) and any(one.inserts and one.base[0] == start for one in rivals)
    ours = _moved(start, mine, inserts=not first), _moved(end, mine, inserts=bool(rivals))
    their_first = any(one.inserts and one.base[0] == start for one in group)
    theirs = _moved(start, other_hunks, inserts=not their_first), _moved(end, other_hunks, inserts=True)
    return MergeRegion(ours, theirs, conflict=bool(rivals))


def _moved(at: int, hunks: Sequence[_Hunk], *, inserts: bool) -> int:
    """Where a boundary of the base is on a side; `inserts` says whether what is inserted right there is before it."""
    before = (one for one in hunks if one.base[1] <= at and (inserts or not (one.inserts and one.base[0] == at)))
    return at + sum(one.growth for one in before)


def _meet(one: _Hunk, other: _Hunk) -> bool:
    """Whether two changes are of one block. Beside each other they are not, unless both insert at one place."""
    (a, b), (c, d) = one.base, other.base
    if one.inserts and other.inserts:
        return a == c
    if one.inserts:
        return c < a < d
    return a < c < b if other.inserts else max(a, c) < min(b, d)


def _hunks(before: Sequence[PromptElement], after: Sequence[PromptElement]) -> list[_Hunk]:
    """The differences; as many blocks in place of as many are so many differences."""
    texts = [one.html for one in before], [one.html for one in after]
    found: list[_Hunk] = []
    for step, a, b, c, d in SequenceMatcher(None, *texts, autojunk=False).get_opcodes():
        if step == "replace" and b - a == d - c:
            found += [_Hunk((a + at, a + at + 1), (c + at, c + at + 1)) for at in range(b - a)]
        elif step != "equal":
            found.append(_Hunk((a, b), (c, d)))
    return found


def merge_html(ours: Sequence[PromptElement], theirs: Sequence[PromptElement], regions: Sequence[MergeRegion]) -> str:
    """The prompt that a clean merge gives."""
    made: list[PromptElement] = []
    done = 0
    for one in sorted(regions, key=lambda region: region.ours):
        made += [*ours[done : one.ours[0]], *theirs[slice(*one.theirs)]]
        done = one.ours[1]
    return "".join(element.html for element in [*made, *ours[done:]])
