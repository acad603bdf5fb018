"""Links a project from the facts of its files: what changed, and what names it, is compiled and checked again for every
target; the rest is taken as it is kept.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import fields, replace
from typing import Any, TypeVar

from cyberflow.compiler.build import GraphBuilder
from cyberflow.compiler.bundle import Asset
from cyberflow.compiler.facts.affected import GLOBAL_RULES, content_of, find_affected, find_providers, list_names
from cyberflow.compiler.facts.file_facts import AnyDocument, FileFacts, ProjectFacts, documents_of
from cyberflow.compiler.facts.findings import (
    PromptFiles,
    TargetBuild,
    check_graph,
    merge_targets,
    prompt_files,
    sort_findings,
    targets_to_check,
)
from cyberflow.compiler.graph import Graph
from cyberflow.compiler.suppressions import comments_of
from cyberflow.diagnostics import Diagnostic
from cyberflow.language.discovery import PROJECT_FILE
from cyberflow.language.files import PARSED_SUFFIXES, Files
from cyberflow.language.project.declarations import decode_project, hides_names
from cyberflow.language.project.load import Project, RawProject
from cyberflow.language.yaml.document import YamlDocument
from cyberflow.late import dataclass
from cyberflow.source import Place

V = TypeVar("V")


def link(raw: RawProject, kept: ProjectFacts, built: Mapping[str, TargetBuild] | None = None) -> ProjectFacts:
    """The facts of a project as it is now. What `kept` holds is compared with the files first; `built` are targets for
    which the whole project is compiled already.
    """
    documents, targets = documents_of(raw), targets_to_check(raw)
    settings = f"{content_of(PROJECT_FILE, raw.files.disk)} {targets}"
    if kept.settings != settings:
        kept = ProjectFacts(settings)
    again = find_affected(documents, raw.files.disk, kept)
    for path in kept.files.keys() & documents.keys() - again:
        documents[path].rename(kept.files[path].spellings)
    if not again and kept.files.keys() == documents.keys():
        _carry_documents(raw.files, kept)
        return kept
    return _Linker(raw, kept, documents, again, built or {}).link(targets)


def _carry_documents(files: Files, kept: ProjectFacts) -> None:
    """Have the texts at hand that kept facts come from, so that findings can show them."""
    for used in (used for facts in kept.files.values() for used in facts.texts if used not in files.documents):
        if used in kept.documents:
            files.documents[used] = kept.documents[used]
        elif isinstance(text := files.read_text(used, Place(used)), str) and used.endswith(PARSED_SUFFIXES):
            files.documents[used] = YamlDocument(used, text)


@dataclass
class _Linker:
    """One linking: `again` are the files that are checked again."""

    raw: RawProject
    kept: ProjectFacts
    documents: Mapping[str, AnyDocument]
    again: set[str]
    built: Mapping[str, TargetBuild]

    def link(self, targets: Collection[str]) -> ProjectFacts:
        disk = self.raw.files.disk
        only = None
        if len(self.again) < len(self.documents):
            only = find_providers(self.documents, disk, self.again, self.kept)
        found: dict[str, list[Diagnostic]] = {}
        graphs: dict[str, Graph] = {}
        assets: dict[str, dict[str, Asset]] = {}
        built: list[Graph] = []
        for target in targets:
            one = self.built.get(target) if only is None else None
            one = self._build(target, only) if one is None else one
            before = self.kept.graphs.get(target)
            found[target] = sort_findings(one.findings, self.raw.sources)
            graphs[target] = one.graph if before is None else self._merge(before, one.graph)
            built.append(one.graph)
            for user, added in one.builder.assets.by_user.items():
                assets.setdefault(user, {}).update(added)
        every = [*merge_targets(found), *self._check_tests(graphs)]
        if only is not None and not self.kept.graphs and any(one.rule in GLOBAL_RULES for one in every):
            return replace(self, kept=ProjectFacts(self.kept.settings), again={*self.documents}).link(targets)
        return self._keep(every, graphs, assets, prompt_files(built))

    def _build(self, target: str, only: Collection[str] | None) -> TargetBuild:
        """Compile and check the files that are checked again, for one target."""
        project = decode_project(self.raw, target, only)
        if (before := self.kept.graphs.get(target)) is not None:
            project.types = KnownNames(project.types, self._staying(before.project.types))
        builder = GraphBuilder(project)
        graph = builder.build()
        findings = check_graph(graph if only is None else self._focus(graph, before))
        return TargetBuild(builder, graph, (*project.problems, *builder.problems, *findings))

    def _check_tests(self, graphs: Mapping[str, Graph]) -> list[Diagnostic]:
        if not (tests := tuple(one for one in self.raw.tests if one.path in self.again)):
            return []
        from cyberflow.compiler.flow_tests.check import check_tests
        from cyberflow.language.flow_tests.cases import read_cases

        return list(check_tests(read_cases(tests, self.raw.files), graphs, self.raw.settings.default_target))

    def _keep(
        self,
        found: Iterable[Diagnostic],
        graphs: Mapping[str, Graph],
        assets: Mapping[str, Mapping[str, Asset]],
        prompts: PromptFiles,
    ) -> ProjectFacts:
        files = self.raw.files
        uses = {path: _reach(files, path) for path in self.again}
        owners = self._owners(uses)
        held: dict[str, list[Diagnostic]] = {path: [] for path in self.again}
        anywhere = min(self.again, default="")
        for one in found:
            owner = owners.get(one.place.path, anywhere)
            if owner in held:
                held[owner].append(one)
        made: dict[str, FileFacts] = {}
        for path, document in self.documents.items():
            if path not in self.again:
                made[path] = self.kept.files[path]
                continue
            doubtful = bool(files.doubtful & {"", path, *uses[path]})
            made[path] = FileFacts(
                content_of(path, files.disk),
                list_names(path, self.documents, files.disk, self.kept),
                {used: files.disk.version(used) for used in sorted(uses[path])},
                tuple(used for used in sorted(uses[path]) if used in files.documents and used not in self.documents),
                doubtful,
                hides_names(document),
                tuple(held[path]),
                tuple(comments_of(document, prompts)),
                document.spellings,
            )
        texts = {**self.kept.documents, **files.documents}
        _carry_documents(files, replace(self.kept, files=made))
        used = {*self.documents, *(used for facts in made.values() for used in facts.uses)}
        kept = {user: added for user, added in self.kept.assets.items() if user in used and user not in assets}
        for path in self.again:
            kept.pop(path, None)
        return ProjectFacts(self.kept.settings, made, graphs, {**kept, **assets}, texts)

    def _owners(self, uses: Mapping[str, Collection[str]]) -> dict[str, str]:
        """The file that each finding is kept with, by the path it stands in; those checked again come first."""
        owners = {used: path for path, facts in self.kept.files.items() for used in facts.uses}
        owners |= {used: path for path in sorted(uses) for used in uses[path]}
        return owners | {path: path for path in self.documents}

    def _staying(self, nodes: Mapping[Any, V]) -> dict[Any, V]:
        """What comes from files that are not checked again."""
        stays = self.documents.keys() - self.again
        return {key: one for key, one in nodes.items() if _path_of(key, one) in stays}

    def _focus(self, graph: Graph, before: Graph | None) -> Graph:
        """The graph of the files that are checked again, with the names of all others. What pipelines run is looked up
        in the graph, so that it stays in it; what is found there is kept already.
        """
        nodes: dict[str, Any] = {}
        for name, built in _mappings(graph):
            mine = built if graph.pipelines else {k: one for k, one in built.items() if _path_of(k, one) in self.again}
            nodes[name] = KnownNames(mine, built if before is None else self._staying(getattr(before, name)))
        return replace(graph, **nodes)

    def _merge(self, before: Graph, graph: Graph) -> Graph:
        """The graph of the whole project: nodes that were built now, and those that are kept."""
        order = {path: number for number, path in enumerate(self.documents)}

        def join(old: Mapping[Any, V], new: Mapping[Any, V]) -> dict[Any, V]:
            mine = {key: one for key, one in new.items() if _path_of(key, one) in self.again}
            joined = {**self._staying(old), **mine}
            return dict(sorted(joined.items(), key=lambda item: order[_path_of(*item)]))

        sections: dict[str, Any] = {
            name: join(getattr(before.project, name), new) for name, new in _mappings(graph.project)
        }
        nodes: dict[str, Any] = {name: join(getattr(before, name), new) for name, new in _mappings(graph)}
        return Graph(replace(graph.project, **sections), **nodes)


class KnownNames(dict[str, V]):
    """Declarations by name, of which those in other files are names alone: there, and nothing else is known of them."""

    def __init__(self, mine: Mapping[str, V], others: Iterable[str]) -> None:
        super().__init__(mine)
        self._others = frozenset(others)

    def __iter__(self) -> Iterator[str]:
        yield from super().__iter__()
        yield from (name for name in sorted(self._others) if not super(KnownNames, self).__contains__(name))

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or name in self._others


def _mappings(owner: Graph | Project) -> list[tuple[str, dict[Any, Any]]]:
    """The parts of a graph or project that hold something for each declaration or place."""
    held = ((one.name, getattr(owner, one.name)) for one in fields(owner))
    return [(name, value) for name, value in held if isinstance(value, dict)]


def _path_of(key: Any, value: Any) -> str:
    """The file that a declaration, a node, or what is known of a place comes from."""
    if isinstance(key, tuple):
        return str(key[0])
    return str(getattr(value, "definition", value).place.path)


def _reach(files: Files, path: str) -> set[str]:
    """Every file that a file comes to, by itself or by another."""
    reached: set[str] = set()
    waiting = [path]
    while waiting:
        for used in files.uses.get(waiting.pop(), ()):
            if used not in reached and used != path:
                reached.add(used)
                waiting.append(used)
    return reached
