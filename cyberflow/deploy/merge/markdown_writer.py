"""Writes changed blocks into the Markdown of a prompt, at the lines where they stand: an item with the mark of its
list, what is in an item under it, a new block between blank lines.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cyberflow.deploy.merge.conflicts import MergeEdit
from cyberflow.deploy.merge.elements import MergeRegion, PromptElement, is_balanced
from cyberflow.source import LineIndex

_MARK = re.compile(r"(?P<indent>\s*)(?P<sign>[-*+]|(?P<number>\d{1,9})(?P<dot>[.)]))(?P<gap>[ \t]+|$)")
ToMarkdown = Callable[[str], str]


class CannotPlace(Exception):
    """A change that has no place of its own in the text: a tag around others changed, or raw HTML stands there."""


@dataclass
class MarkdownWriter:
    """`text` is the prompt behind its template, `ours` its elements with their lines."""

    text: str
    ours: Sequence[PromptElement]
    to_markdown: ToMarkdown

    def __post_init__(self) -> None:
        self._lines = self.text.split("\n")
        self._index = LineIndex("", self.text)

    def edit(self, region: MergeRegion, theirs: Sequence[PromptElement]) -> MergeEdit:
        """The edit that puts elements of the platform in the place of ours. Raises CannotPlace."""
        start, end = region.ours
        old, new = self.ours[start:end], theirs[slice(*region.theirs)]
        if not (is_balanced(old) and is_balanced(new)):
            raise CannotPlace
        parent = self._parent(start)
        if not new:
            return self._delete(start, end, parent, region)
        if parent is not None and parent.tag in ("ol", "ul"):
            lines = self._write_items(start, end, parent, new)
        else:
            lines = self._write_blocks(start, parent, new)
        if old:
            first, last = self._range(start, end)
            return self._replace(first, last, lines, region)
        return self._insert(start, parent, lines, region)

    # Where

    def _parent(self, at: int) -> PromptElement | None:
        """The innermost tag that is open before an element."""
        above: list[PromptElement] = []
        for one in self.ours[:at]:
            if one.step > 0:
                above.append(one)
            elif one.step < 0:
                above.pop()
        return above[-1] if above else None

    def _range(self, start: int, end: int) -> tuple[int, int]:
        """The lines of elements, without blank ones behind them."""
        first, _ = self._element_lines(start)
        _, last = self._element_lines(end - 1)
        while last > first + 1 and not self._lines[last - 1].strip():
            last -= 1
        return first, last

    def _element_lines(self, at: int) -> tuple[int, int]:
        one = self.ours[at]
        if one.lines is not None:
            return one.lines
        parent = self._parent(at)
        if parent is None or parent.lines is None or self.ours[at - 1] is not parent:
            raise CannotPlace
        after = self.ours[at + 1].lines
        return parent.lines[0], after[0] if after and self.ours[at + 1].step >= 0 else parent.lines[1]

    def _start(self, line: int) -> int:
        """Where a line begins, counted from 0."""
        return self._index.range(line + 1)[0]

    def _end(self, line: int) -> int:
        """Where the line before one ends."""
        return self._index.range(line)[1]

    def _is_first(self, at: int, parent: PromptElement | None) -> bool:
        return at > 0 and self.ours[at - 1] is parent

    def _mark(self, line: int) -> re.Match[str]:
        """The mark of the item that begins on a line, behind those of the items around it."""
        found = _MARK.match(self._lines[line])
        if found is None:
            raise CannotPlace
        return found

    # What

    def _write_blocks(self, start: int, parent: PromptElement | None, new: Sequence[PromptElement]) -> list[str]:
        lines = self.to_markdown("".join(one.html for one in new)).split("\n")
        if parent is None:
            return lines
        if parent.lines is None:
            raise CannotPlace
        head = self._mark(parent.lines[0])[0]
        indented = [f"{' ' * len(head)}{line}" if line else "" for line in lines]
        return [head + lines[0], *indented[1:]] if self._is_first(start, parent) else indented

    def _write_items(self, start: int, end: int, parent: PromptElement, new: Sequence[PromptElement]) -> list[str]:
        """Items under the mark of the one whose place they take, or of the one before; numbers go on from it."""
        if start < end:
            mark, number = self._mark(self._range(start, end)[0]), 0
        elif not self._is_first(start, parent):
            mark, number = self._mark(self._item_before(start)), self._step(start)
        elif self.ours[start].lines is not None and self.ours[start].step >= 0:
            mark, number = self._mark(self._element_lines(start)[0]), 0
        else:
            raise CannotPlace
        out: list[str] = []
        for item in _items(new):
            sign = mark["sign"] if mark["number"] is None else f"{int(mark['number']) + number}{mark['dot']}"
            head = f"{mark['indent']}{sign}{mark['gap'] or ' '}"
            lines = self.to_markdown(f"<ul>{item}</ul>").split("\n")
            out += [""] if out and self._is_loose(parent) else []
            out += [head + lines[0].removeprefix("- ")]
            out += [f"{' ' * len(head)}{line.removeprefix('  ')}" if line else "" for line in lines[1:]]
            number += self._step(start)
        return out

    def _item_before(self, at: int) -> int:
        lines = self.ours[at - 1].lines
        if lines is None:
            raise CannotPlace
        return lines[0]

    def _step(self, at: int) -> int:
        """0 in a list that leaves counting to Markdown, where all items bear one number."""
        parent = self._parent(at)
        inside = [one for one in self.ours if parent and parent.lines and one.tag == "li" and one.step >= 0]
        within = [one.lines[0] for one in inside if one.lines and _is_within(one.lines, parent)]
        numbers = [found["number"] for line in within if (found := _MARK.match(self._lines[line]))]
        return 0 if len(numbers) > 1 and len({*numbers}) == 1 else 1

    def _is_loose(self, parent: PromptElement) -> bool:
        first, last = parent.lines or (0, 0)
        items = [one.lines[0] for one in self.ours if one.tag == "li" and one.step >= 0 and one.lines]
        return any(first < line < last and not self._lines[line - 1].strip() for line in items)

    # How

    def _replace(self, first: int, last: int, lines: Sequence[str], region: MergeRegion) -> MergeEdit:
        start, end = self._start(first), self._end(last)
        return MergeEdit(start, end, "\n".join(lines), region.conflict)

    def _insert(self, at: int, parent: PromptElement | None, lines: Sequence[str], region: MergeRegion) -> MergeEdit:
        loose = parent is None or parent.tag == "li" or self._is_loose(parent)
        before = at > 0 and not self._is_first(at, parent)
        if before:
            line = self._range(at - 1, at)[1]
            offset = self._end(line)
            follows = line < len(self._lines) and bool(self._lines[line].strip())
            gap = "\n\n" if loose else "\n"
            return MergeEdit(
                offset, offset, gap + "\n".join(lines) + ("\n" if loose and follows else ""), region.conflict
            )
        if parent is not None and parent.tag == "li":
            raise CannotPlace
        if at >= len(self.ours):
            return MergeEdit(0, 0, "\n".join(lines) + ("\n" if self.text else ""), region.conflict)
        offset = self._start(self._element_lines(at)[0])
        return MergeEdit(offset, offset, "\n".join(lines) + ("\n\n" if loose else "\n"), region.conflict)

    def _delete(self, start: int, end: int, parent: PromptElement | None, region: MergeRegion) -> MergeEdit:
        first, last = self._range(start, end)
        if parent is not None and parent.tag == "li" and self._is_first(start, parent):
            raise CannotPlace
        if region.conflict:
            return self._replace(first, last, [], region)
        after = self.ours[end] if end < len(self.ours) else None
        if parent is not None and parent.tag == "ol" and self._is_first(start, parent) and after and after.step >= 0:
            next_line = self._element_lines(end)[0]
            stop = self._start(next_line) + len(self._mark(next_line)[0])
            return MergeEdit(self._start(first), stop, self._mark(first)[0])  # the list goes on from its number
        if first > 0 and self._lines[first - 1].strip() and last < len(self._lines):
            return MergeEdit(self._end(first), self._end(last), "")  # a blank line behind it sets apart what stays
        while last < len(self._lines) and not self._lines[last].strip():
            last += 1
        if last < len(self._lines):
            return MergeEdit(self._start(first), self._start(last), "")
        while first > 0 and not self._lines[first - 1].strip():
            first -= 1
        ends = self.text.endswith("\n") and first > 0
        start = self._end(first) if first else 0
        return MergeEdit(start, len(self.text) - (1 if ends else 0), "")


def _is_within(lines: tuple[int, int], parent: PromptElement | None) -> bool:
    return parent is not None and parent.lines is not None and parent.lines[0] <= lines[0] < parent.lines[1]


def _items(new: Sequence[PromptElement]) -> list[str]:
    """The items among elements, each as HTML."""
    items: list[str] = []
    depth = 0
    for one in new:
        if depth == 0:
            items.append("")
        items[-1] += one.html
        depth += one.step
    if not all(item.startswith("<li") for item in items):
        raise CannotPlace
    return items
