"""A project at one moment: its findings, its graphs and its bundles."""

from __future__ import annotations

from dataclasses import dataclass

from cyberflow.compiler.bundle import Bundle
from cyberflow.compiler.check import check_target
from cyberflow.compiler.compile import compile_bundle
from cyberflow.compiler.graph import Graph
from cyberflow.diagnostics import Diagnostic
from cyberflow.language.project.load import RawProject
from cyberflow.source import Sources


@dataclass(frozen=True)
class ProjectState:
    """A project at one moment; it never changes, so it may be used while later states are made.

    `findings` are those of `check`: of every target, sorted, each once, secrets masked, what is ignored left out.
    `raw.settings` is the project file, `raw.files.documents` every file that was read, by its path.
    """

    raw: RawProject
    findings: tuple[Diagnostic, ...]

    @property
    def sources(self) -> Sources:
        """Turns a place of a finding, label or graph into lines and columns: `sources.span(place)`."""
        return self.raw.sources

    def graph(self, target: str | None = None) -> Graph:
        """The graph for a target (by default the default target), mistakes and all: what could not be read is not in
        it. A target that is not declared is compiled as one without vars.
        """
        return check_target(self.raw, target or self.raw.settings.default_target)[0]

    def bundle(self, target: str | None = None) -> Bundle | None:
        """The bundle for a target; None while the project has errors for it."""
        graph, builder, found = check_target(self.raw, target or self.raw.settings.default_target)
        return None if any(one.severity == "error" for one in found) else compile_bundle(graph, builder)
