"""A project folder held open in memory: open buffers lie over the disk, and its findings, graphs and bundles are those
of the present state. What did not change is not computed again.
"""

from __future__ import annotations

from dataclasses import field
from pathlib import Path

from cyberflow.collector import rest_collector
from cyberflow.compiler.check import check_facts
from cyberflow.compiler.facts.file_facts import ProjectFacts
from cyberflow.compiler.facts.link import link
from cyberflow.compiler.facts.state import ProjectState
from cyberflow.language.disk import FileMemory
from cyberflow.language.project.load import read_project
from cyberflow.late import dataclass


@dataclass
class Analysis:
    """A project folder held open by a server or a test run.

        analysis = Analysis(root)                                     # reads nothing yet
        analysis.lay("workflows/lookup.yaml", buffer.encode())        # what the editor shows, saved or not
        state = analysis.state()                                      # complete: findings, graphs, bundles
        analysis.lay("workflows/lookup.yaml", None)                   # closed: the disk counts again

    Paths are relative to `root`, with `/`. A buffer may lie where the disk has no file; `cyberflow.yaml` may be laid
    too. `state()` looks at the disk each time, so files that others wrote, deleted or renamed need no word. It gives
    the same object when nothing changed, and costs what changed and what depends on it. Not for several threads at
    once: call `lay` and `state` from one; a `ProjectState` may be read anywhere. Raises nothing for what authors do;
    what cannot be read is a finding.
    """

    root: Path
    _overlays: dict[str, bytes] = field(default_factory=dict)
    _memory: FileMemory = field(default_factory=FileMemory)
    _facts: ProjectFacts = field(default_factory=ProjectFacts)
    _last: ProjectState | None = None

    def lay(self, path: str, content: bytes | None) -> None:
        """Lay an open buffer over the disk; None takes it away."""
        if content is None:
            self._overlays.pop(path, None)
        else:
            self._overlays[path] = content

    def state(self) -> ProjectState:
        """The project as it is now."""
        with rest_collector():
            raw = read_project(self.root, dict(self._overlays), self._memory)
            self._facts = link(raw, self._facts)
            for path in self._memory.keys() - raw.files.disk.read.keys():
                del self._memory[path]
            state, last = ProjectState(raw, tuple(check_facts(raw, self._facts)), self._facts), self._last
            if last is None or last.facts is not state.facts or last.findings != state.findings:
                self._last = last = state
            return last
