"""Mends a project in memory: makes the fixes of its findings, again and again until none is left to make. What would
bring a finding that was not there is not made.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import field

from cyberflow.compiler.facts.analysis import Analysis
from cyberflow.compiler.facts.state import ProjectState
from cyberflow.compiler.fixes.text_edits import TextFix, text_fix
from cyberflow.diagnostics import Diagnostic
from cyberflow.edits import TextEdit, choose_apart, edit_file
from cyberflow.late import dataclass
from cyberflow.source import Span

_MOST_ROUNDS, _MOST_STEPS = 500, 20
_Key = tuple[str, str, str]
Choice = Callable[[Sequence[Diagnostic]], Iterable[Diagnostic]]
"""Which findings are to be mended."""


@dataclass(frozen=True)
class Repair:
    """A finding that can be mended, where it stands, and how."""

    found: Diagnostic
    span: Span
    fix: TextFix


@dataclass
class Mending:
    """A project before and after; what was mended, and what could be but for a new finding."""

    before: ProjectState
    after: ProjectState
    contents: dict[str, tuple[bytes, bytes]] = field(default_factory=dict)
    """The files that change, as they are and as they would be."""
    made: list[Repair] = field(default_factory=list)
    refused: list[Repair] = field(default_factory=list)


def mend(analysis: Analysis, choose: Choice, *, unsafe: bool) -> Mending:
    """Make every fix that is chosen, the safe ones alone unless `unsafe`; in memory, nothing is written. A fix that
    stands where another one is made waits for the next round. What is mended stays laid over the files.
    """
    project = _MendedProject(analysis, choose, unsafe=unsafe)
    for _ in range(_MOST_ROUNDS):
        if not project.advance():
            break
    return project.mending()


class _MendedProject:
    """A project with the fixes made so far."""

    def __init__(self, analysis: Analysis, choose: Choice, *, unsafe: bool) -> None:
        self._analysis, self._choose, self._unsafe = analysis, choose, unsafe
        self._before = self._state = analysis.state()
        self._contents: dict[str, bytes] = {}
        self._made: list[Repair] = []
        self._refused: dict[tuple[TextEdit, ...], Repair] = {}

    def advance(self) -> bool:
        """Make fixes that lie apart, or as many of them as bring no new finding; say whether any was made."""
        repairs = [one for one in self._repairs(self._state.findings) if one.fix.edits not in self._refused]
        waiting = [repairs] if (repairs := _apart(repairs)) else []
        while waiting:
            group = waiting.pop()
            if self._try(group):
                self._refused.clear()
                return True
            middle = len(group) // 2
            if middle:
                waiting += [group[middle:], group[:middle]]
            else:
                self._refused[group[0].fix.edits] = group[0]
        return False

    def mending(self) -> Mending:
        files = self._before.raw.files
        pairs = {path: (files.read_bytes(path), after) for path, after in sorted(self._contents.items())}
        changed = {path: pair for path, pair in pairs.items() if pair[0] != pair[1]}
        return Mending(self._before, self._state, changed, self._made, [*self._refused.values()])

    def _try(self, group: list[Repair]) -> bool:
        """Make fixes, and those of what they bring to light; take all of it back when something new is left then."""
        before, contents = self._state, dict(self._contents)
        made, step = [*group], group
        for _ in range(_MOST_STEPS):
            self._make(step)
            new = _count(self._state.findings) - _count(before.findings)
            step = _apart(one for one in self._repairs(self._state.findings) if _key(one.found) in new)
            if not new or not step:
                break
            made += step
        if not _is_better(before.findings, self._state.findings, len(group)):
            for path in {*contents, *self._contents}:
                self._analysis.lay(path, contents.get(path))
            self._contents, self._state = contents, before
            return False
        self._made += made
        return True

    def _make(self, fixes: list[Repair]) -> None:
        edits = [edit for one in fixes for edit in one.fix.edits]
        for path in {edit.path for edit in edits}:
            content = self._state.raw.files.read_bytes(path)
            self._contents[path] = edit_file(content, [edit for edit in edits if edit.path == path])
            self._analysis.lay(path, self._contents[path])
        self._state = self._analysis.state()

    def _repairs(self, found: Sequence[Diagnostic]) -> Iterator[Repair]:
        for one in self._choose(found):
            fix = text_fix(one, self._state.sources)
            if fix is not None and (fix.safe or self._unsafe):
                yield Repair(one, self._state.sources.span(one.place), fix)


def _apart(repairs: Iterable[Repair]) -> list[Repair]:
    """The repairs that can be made at once."""
    repairs = list(repairs)
    apart = {*choose_apart([one.fix.edits for one in repairs])}
    return [one for one in repairs if one.fix.edits in apart]


def _is_better(before: Sequence[Diagnostic], after: Sequence[Diagnostic], fixes: int) -> bool:
    """Whether nothing is found that was not there, and each fix has mended something."""
    return not _count(after) - _count(before) and len(after) <= len(before) - fixes


def _count(found: Iterable[Diagnostic]) -> Counter[_Key]:
    return Counter(map(_key, found))


def _key(one: Diagnostic) -> _Key:
    """What stays the same of a finding when lines move."""
    return one.rule, one.message, one.place.path
