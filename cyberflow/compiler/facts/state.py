"""A project at one moment: its findings, its graphs and its bundles."""

from __future__ import annotations

from dataclasses import replace

from cyberflow.compiler.build import GraphBuilder
from cyberflow.compiler.bundle import Bundle
from cyberflow.compiler.check import check_target
from cyberflow.compiler.compile import compile_bundle
from cyberflow.compiler.facts.file_facts import ProjectFacts
from cyberflow.compiler.graph import Graph
from cyberflow.diagnostics import Diagnostic
from cyberflow.language.project.load import RawProject
from cyberflow.late import dataclass
from cyberflow.source import Sources


@dataclass(frozen=True)
class ProjectState:
    """A project at one moment; it never changes, so it may be used while later states are made.

    `findings` are those of `check`: of every target, sorted, each once, secrets masked, what is ignored left out.
    `raw.settings` is the project file, `raw.files.documents` every file that was read, by its path.
    """

    raw: RawProject
    findings: tuple[Diagnostic, ...]
    facts: ProjectFacts

    @property
    def sources(self) -> Sources:
        """Turns a place of a finding, label or graph into lines and columns: `sources.span(place)`."""
        return self.raw.sources

    def graph(self, target: str | None = None) -> Graph:
        """The graph for a target (by default the default target), mistakes and all: what could not be read is not in
        it. A target that is not declared is compiled as one without vars.
        """
        name = target or self.raw.settings.default_target
        return self._kept_graph(name) or check_target(self.raw, name)[0]

    def bundle(self, target: str | None = None) -> Bundle | None:
        """The bundle for a target; None while the project has errors for it."""
        name = target or self.raw.settings.default_target
        graph = self._kept_graph(name)
        if graph is None or any(one.severity == "error" for one in self.findings):
            graph, builder, found = check_target(self.raw, name)
            return None if any(one.severity == "error" for one in found) else compile_bundle(graph, builder)
        builder = GraphBuilder(graph.project)
        for added in self.facts.assets.values():
            builder.assets.by_digest |= added
        return compile_bundle(graph, builder)

    def _kept_graph(self, target: str) -> Graph | None:
        """The graph that was checked; where targets do not differ, that of the default one under another name."""
        if (graph := self.facts.graphs.get(target)) is not None or self.raw.has_templates:
            return graph
        graph = next(iter(self.facts.graphs.values()), None)
        return graph and replace(graph, project=replace(graph.project, target=target))
