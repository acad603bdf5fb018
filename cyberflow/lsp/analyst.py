"""The analyst: one thread that checks projects as their buffers change. What changes while it works is checked next,
all at once; nobody waits for a result that is old when it comes.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cyberflow.compiler.facts.analysis import Analysis
from cyberflow.compiler.facts.findings import targets_to_check
from cyberflow.compiler.facts.state import ProjectState
from cyberflow.compiler.lookup.lookup import Lookup
from cyberflow.language.discovery import PROJECT_FILE
from cyberflow.lsp.texts import Buffer
from cyberflow.lsp.trial import ModuleTrial

_PAUSE = 0.02
"""How long more keys are waited for before a check begins, in seconds."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Checked:
    """A project as it was checked: the buffers that lay over it then, by path, and what was found."""

    root: Path
    buffers: Mapping[str, Buffer]
    state: ProjectState
    lookup: Lookup


@dataclass
class Analyst:
    """Checks projects in a thread of its own. `deliver` is called there with each result, `refuse` with words where
    there is none.
    """

    deliver: Callable[[Checked], None]
    refuse: Callable[[str], None]
    _asked: dict[Path, Mapping[str, Buffer]] = field(default_factory=dict)
    _projects: dict[Path, _OpenProject] = field(default_factory=dict)
    _wake: threading.Condition = field(default_factory=threading.Condition)
    _thread: threading.Thread | None = None
    _stopping: bool = False

    def ask(self, root: Path, buffers: Mapping[str, Buffer]) -> None:
        """Have a project checked with these buffers over it; what was asked of it before is forgotten."""
        with self._wake:
            self._asked[root] = dict(buffers)
            self._wake.notify()
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="cyberflow analyst", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """Begin nothing more."""
        with self._wake:
            self._stopping = True
            self._wake.notify()

    def _work(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._asked or self._stopping)
            time.sleep(_PAUSE)
            with self._wake:
                if self._stopping:
                    return
                root = next(iter(self._asked))
                buffers = self._asked.pop(root)
            try:
                project = self._projects.setdefault(root, _OpenProject(Analysis(root), ModuleTrial(root)))
                checked = project.check(root, buffers)
                if isinstance(checked, Checked):
                    self.deliver(checked)
                else:
                    self.refuse(f"{checked}: nothing is checked until one of them is saved")
            except Exception:  # noqa: BLE001 - a bug is told, and the server goes on
                _log.exception("a check of %s failed", root)


@dataclass
class _OpenProject:
    """An analysis, and the buffers that lie over it."""

    analysis: Analysis
    trial: ModuleTrial
    buffers: Mapping[str, Buffer] = field(default_factory=dict)
    checked: Checked | None = None

    def check(self, root: Path, buffers: Mapping[str, Buffer]) -> Checked | str:
        """The project as it is now, or why it cannot be read."""
        project_file = buffers.get(PROJECT_FILE)
        if (reason := self.trial.run(project_file.content if project_file else None)) is not None:
            return reason
        for path in {**self.buffers, **buffers}:
            buffer = buffers.get(path)
            if buffer is not self.buffers.get(path):
                self.analysis.lay(path, buffer.content if buffer else None)
        self.buffers = buffers
        state, last = self.analysis.state(), self.checked
        lookup = last.lookup if last is not None and last.state is state else make_lookup(state)
        self.checked = Checked(root, buffers, state, lookup)
        return self.checked


def make_lookup(state: ProjectState) -> Lookup:
    """The resolver of a project for its default target, and for what others name."""
    default = state.raw.settings.default_target
    others = [name for name in targets_to_check(state.raw) if name != default]
    graphs = [state.graph(name) for name in (default, *others)]
    return Lookup(graphs, state.sources, state.raw.tests)
