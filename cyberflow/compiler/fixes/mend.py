"""Mends a project in memory: makes the fixes of its findings, again and again until none is left to make. What would
bring a finding that was not there is not made.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cyberflow.compiler.facts.analysis import Analysis
from cyberflow.compiler.facts.state import ProjectState
from cyberflow.compiler.fixes.apply import choose_apart, edit_file
from cyberflow.compiler.fixes.text_edits import TextFix, text_fix
from cyberflow.diagnostics import Diagnostic
from cyberflow.edits import TextEdit
from cyberflow.source import Span

_MOST_ROUNDS = 100
Choice = Callable[[Sequence[Diagnostic]], Iterable[Diagnostic]]
"""Which findings are to be mended."""


@dataclass(frozen=True)
class Offer:
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
    made: list[Offer] = field(default_factory=list)
    refused: list[Offer] = field(default_factory=list)


def mend(root: Path, choose: Choice, *, unsafe: bool) -> Mending:
    """Make every fix that is chosen, the safe ones alone unless `unsafe`; in memory, nothing is written. A fix that
    stands where another one is made waits for the next round.
    """
    project = _MendedProject(Analysis(root))
    for _ in range(_MOST_ROUNDS):
        offers = [*_list_offers(project.state, choose, unsafe=unsafe)]
        offers = [one for one in offers if not project.has_refused(one.fix)]
        apart = {*choose_apart([one.fix.edits for one in offers])}
        chosen = [one for one in offers if one.fix.edits in apart]
        if not chosen:
            break
        project.make(chosen)
    project.mending.after = project.state
    contents = project.mending.contents
    project.mending.contents = {path: pair for path, pair in contents.items() if pair[0] != pair[1]}
    return project.mending


def _list_offers(state: ProjectState, choose: Choice, *, unsafe: bool) -> Iterator[Offer]:
    for found in choose(state.findings):
        fix = text_fix(found, state.sources)
        if fix is not None and (fix.safe or unsafe):
            yield Offer(found, state.sources.span(found.place), fix)


class _MendedProject:
    """A project with the fixes made so far."""

    def __init__(self, analysis: Analysis) -> None:
        self.state = analysis.state()
        self.mending = Mending(self.state, self.state)
        self._analysis = analysis
        self._refused: set[tuple[TextEdit, ...]] = set()

    def has_refused(self, fix: TextFix) -> bool:
        return fix.edits in self._refused

    def make(self, chosen: list[Offer]) -> None:
        """Make fixes that lie apart, but for those that bring a new finding: they are looked for by halves."""
        base, made, waiting = self.state, list[Offer](), [chosen]
        while waiting:
            group = waiting.pop()
            state = self._lay(base, [*made, *group])
            if _is_better(base.findings, state.findings, len(made) + len(group)):
                made += group
            elif len(group) > 1:
                middle = len(group) // 2
                waiting += [group[middle:], group[:middle]]
            else:
                self._refused.add(group[0].fix.edits)
                self.mending.refused += group
        self.state = self._lay(base, made)
        self.mending.made += made
        if made:
            self._refused.clear()

    def _lay(self, base: ProjectState, made: list[Offer]) -> ProjectState:
        """The project with these fixes, made in what its files say now."""
        edits = [edit for one in made for edit in one.fix.edits]
        contents = self.mending.contents
        for path in {edit.path for edit in edits} | set(contents):
            content = base.raw.files.read_bytes(path)
            changed = edit_file(content, [edit for edit in edits if edit.path == path])
            contents[path] = contents.get(path, (content,))[0], changed
            self._analysis.lay(path, changed)
        return self._analysis.state()


def _is_better(before: Iterable[Diagnostic], after: Iterable[Diagnostic], fixes: int) -> bool:
    """Whether nothing is found that was not there, and each fix has mended something."""
    old, new = (Counter((one.rule, one.message, one.place.path) for one in found) for found in (before, after))
    return not new - old and new.total() <= old.total() - fixes
