"""Mends a project in memory: makes the fixes of its findings, again and again until none is left to make. What would
bring a finding that was not there is not made.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from cyberflow.compiler.facts.analysis import Analysis
from cyberflow.compiler.facts.state import ProjectState
from cyberflow.compiler.fixes.apply import choose_apart, edit_file
from cyberflow.compiler.fixes.text_edits import TextFix, text_fix
from cyberflow.diagnostics import Diagnostic
from cyberflow.edits import TextEdit

_MOST_ROUNDS = 100
_Offer = tuple[Diagnostic, TextFix]
Choice = Callable[[Sequence[Diagnostic]], Iterable[Diagnostic]]
"""Which findings are to be mended."""


@dataclass
class Mending:
    """Files by path, as they were and as they would be; what was mended, and what could be but for new findings."""

    before: dict[str, bytes] = field(default_factory=dict)
    after: dict[str, bytes] = field(default_factory=dict)
    made: list[_Offer] = field(default_factory=list)
    refused: list[_Offer] = field(default_factory=list)


def mend(analysis: Analysis, choose: Choice, *, unsafe: bool) -> tuple[Mending, ProjectState]:
    """Make every fix that is chosen, the safe ones alone unless `unsafe`; in memory, nothing is written. Gives also the
    project as it is then. A fix that stands where another one is made waits for the next round.
    """
    project = _MendedProject(analysis)
    for _ in range(_MOST_ROUNDS):
        offers = [
            (found, fix)
            for found in choose(project.state.findings)
            if (fix := text_fix(found, project.state.sources)) and (fix.safe or unsafe) and not project.has_refused(fix)
        ]
        apart = {*choose_apart([fix.edits for _, fix in offers])}
        chosen = [one for one in offers if one[1].edits in apart]
        if not chosen:
            break
        project.make(chosen)
    return project.mending, project.state


class _MendedProject:
    """A project with the fixes made so far."""

    def __init__(self, analysis: Analysis) -> None:
        self.state = analysis.state()
        self.mending = Mending()
        self._analysis = analysis
        self._refused: set[tuple[TextEdit, ...]] = set()

    def has_refused(self, fix: TextFix) -> bool:
        return fix.edits in self._refused

    def make(self, chosen: list[_Offer]) -> None:
        """Make fixes that lie apart, but for those that bring a new finding: they are looked for by halves."""
        base, made, waiting = self.state, list[_Offer](), [chosen]
        while waiting:
            group = waiting.pop()
            state = self._lay(base, [*made, *group])
            if _is_better(base.findings, state.findings, len(made) + len(group)):
                made += group
            elif len(group) > 1:
                middle = len(group) // 2
                waiting += [group[middle:], group[:middle]]
            else:
                self._refused.add(group[0][1].edits)
                self.mending.refused += group
        self.state = self._lay(base, made)
        self.mending.made += made
        if made:
            self._refused.clear()

    def _lay(self, base: ProjectState, made: list[_Offer]) -> ProjectState:
        """The project with these fixes, made in what its files say now."""
        edits = [edit for _, fix in made for edit in fix.edits]
        for path in {edit.path for edit in edits} | set(self.mending.after):
            content = base.raw.files.read_bytes(path)
            self.mending.before.setdefault(path, content)
            self.mending.after[path] = edit_file(content, [edit for edit in edits if edit.path == path])
            self._analysis.lay(path, self.mending.after[path])
        return self._analysis.state()


def _is_better(before: Iterable[Diagnostic], after: Iterable[Diagnostic], fixes: int) -> bool:
    """Whether nothing is found that was not there, and each fix has mended something."""
    old, new = (Counter((one.rule, one.message, one.place.path) for one in found) for found in (before, after))
    return not new - old and new.total() <= old.total() - fixes
