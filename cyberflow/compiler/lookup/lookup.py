"""The resolver: what stands at a place of a project, where it is declared, and every place that names it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field

from cyberflow.compiler.graph import PYTHON_SUFFIX, ChainNode, Graph, PipelineNode
from cyberflow.compiler.lookup.callers import wide_caller_mentions
from cyberflow.compiler.lookup.declarations import mentions_of, nodes, target_mentions, type_definitions
from cyberflow.compiler.lookup.entities import Entity, Mention
from cyberflow.compiler.lookup.flow_tests import flow_test_mentions
from cyberflow.compiler.lookup.texts import Node, wide_mentions
from cyberflow.compiler.lookup.types import member_place
from cyberflow.language.python.reading.document import PythonDocument
from cyberflow.language.yaml.document import YamlDocument
from cyberflow.late import cached_property, dataclass
from cyberflow.source import Place, Sources, Span

Position = tuple[int, int]
"""A line and a column in characters, both from 1."""


@dataclass(frozen=True)
class Hit:
    """A mention that stands at a place somebody asked for, and where it begins and ends."""

    mention: Mention
    span: Span

    @property
    def entity(self) -> Entity:
        return self.mention.entity


@dataclass(frozen=True)
class Lookup:
    """Answers about one project. `graphs` are those of the targets that were compiled, the one that is meant first:
    another target's templates may name what this one's do not. `tests` are the test files.
    """

    graphs: Sequence[Graph]
    sources: Sources
    tests: Sequence[YamlDocument] = ()
    _mentions: dict[int, list[Mention]] = field(default_factory=dict, repr=False)

    @property
    def graph(self) -> Graph:
        return self.graphs[0]

    def at(self, path: str, line: int, column: int) -> Hit | None:
        """What is named at a position: by the name there, else by the ref or placeholder around it with all its signs,
        of which `outputs` is one.
        """
        here = (line, column)
        if (found := self.name_at(path, line, column)) is not None:
            return found
        wide = [hit for node in self._near(path, here) for hit in self._wide_hits(node) if hit.span.path == path]
        return next((hit for hit in wide if _touches(hit.span, here)), None)

    def name_at(self, path: str, line: int, column: int) -> Hit | None:
        """The name at a position: one that holds it, else one that ends there."""
        here = (line, column)
        for near in (self._near(path, here), nodes(self.graph)):
            found = [hit for hit in self._hits(path, near) if _touches(hit.span, here)]
            if found:
                inside = [hit for hit in found if here < (hit.span.end_line, hit.span.end_column)]
                return min(inside or found, key=_rank)
        return None

    def definitions(self, entity: Entity) -> list[Span]:
        """Where an entity is declared; a file is declared by its beginning."""
        if entity.kind == "function":
            called = self.graph.functions.get(entity.name)
            return [self.sources.span(called.place)] if called else []
        if entity.kind == "file":
            return [Span(entity.name, 1, 1, 1, 1)]
        if entity.keys:
            return self._member_definition(entity)
        found = self._spans(one for one in self.mentions(entity) if one.defines)
        if not found and (called := self.graph.functions.get(entity.owner)) is not None:
            return [self.sources.span(called.place)]
        return found

    def references(self, entity: Entity) -> list[Span]:
        """Every place that names an entity, but for the one that declares it."""
        return self._spans(one for one in self.mentions(entity) if not one.defines)

    def mentions(self, entity: Entity) -> Iterator[Mention]:
        """Every mention of an entity, for any target."""
        return (one for one in self.all_mentions() if one.entity == entity)

    def all_mentions(self) -> Iterator[Mention]:
        """Everything that is named anywhere, for any target."""
        for graph in self.graphs:
            yield from type_definitions(graph.project)
            for node in nodes(graph):
                yield from self._mentions_of(node, graph)
        yield from target_mentions(self.graph.project)
        for document in self.tests:
            yield from flow_test_mentions(document, self.graph)

    def hits(self, path: str) -> list[Hit]:
        """Every name that is written in one file, in order."""
        found = {(hit.span, hit.entity): hit for hit in self._hits(path, self._by_path.get(path, ()))}
        return sorted(found.values(), key=lambda hit: hit.span)

    def owners(self, path: str) -> Sequence[Node]:
        """The declarations that a file says something of: those in it, and those whose prompt it is."""
        return self._by_path.get(path, ())

    def _hits(self, path: str, near: Iterable[Node]) -> Iterator[Hit]:
        groups: list[Iterable[Mention]] = [self._mentions_of(node, self.graph) for node in near]
        if path in self._read_by_tests:
            groups += [flow_test_mentions(document, self.graph) for document in self.tests]
        for group in (*groups, type_definitions(self.graph.project), target_mentions(self.graph.project)):
            for one in group:
                if one.place.path == path or one.place.path.endswith(PYTHON_SUFFIX):
                    span = self.sources.span(one.place)
                    if span.path == path:
                        yield Hit(one, span)

    def _wide_hits(self, node: Node) -> Iterator[Hit]:
        found = wide_caller_mentions(node) if isinstance(node, ChainNode | PipelineNode) else wide_mentions(node)
        return (Hit(one, self.sources.span(one.place)) for one in found)

    def _near(self, path: str, here: Position) -> list[Node]:
        """The declarations around a position; all that have to do with a file where none is."""
        every = self._by_path.get(path, ())
        around = [node for node in every if node.definition.place.path != path or self._surrounds(node, here)]
        return around or list(every)

    def _surrounds(self, node: Node, here: Position) -> bool:
        span, key = self.sources.span(node.definition.place), self.sources.span(node.definition.place.at_key())
        return (min(span, key).line, 0) <= here <= (span.end_line + 1, 0)

    @cached_property
    def _read_by_tests(self) -> frozenset[str]:
        """The test files, and the files of inputs that they name."""
        paths = {document.path for document in self.tests}
        for document in self.tests:
            paths |= {one.place.path for one in flow_test_mentions(document, self.graph)}
        return frozenset(paths)

    @cached_property
    def _by_path(self) -> dict[str, tuple[Node, ...]]:
        found: dict[str, dict[str, Node]] = {}
        for node in nodes(self.graph):
            paths = {piece.place.path for text in node.texts for piece in text.text.pieces}
            for path in (*self._written_in(node.definition.place.path), *sorted(paths)):
                found.setdefault(path, {})[node.name] = node
        return {path: tuple(nodes.values()) for path, nodes in found.items()}

    def _written_in(self, path: str) -> set[str]:
        """The files that a document is written in: a Python module takes its types from others."""
        document = self.sources.documents.get(path)
        marks = document.marks.values() if isinstance(document, PythonDocument) else ()
        return {path, *(mark.source.path for mark in marks)}

    def _mentions_of(self, node: Node, graph: Graph) -> list[Mention]:
        if id(node) not in self._mentions:
            self._mentions[id(node)] = list(mentions_of(node, graph))
        return self._mentions[id(node)]

    def _member_definition(self, entity: Entity) -> list[Span]:
        root = Entity(entity.kind, entity.name, entity.owner)
        for one in self.mentions(root):
            if one.defines:
                place = Place(one.place.path, one.place.route)
                found = member_place(self.graph.project, place, entity.keys)
                return [self.sources.span(found.at_key())] if found is not None else []
        return []

    def _spans(self, mentions: Iterable[Mention]) -> list[Span]:
        return sorted({self.sources.span(one.place) for one in mentions})


def _touches(span: Span, here: Position) -> bool:
    return (span.line, span.column) <= here <= (span.end_line, span.end_column)


def _rank(hit: Hit) -> tuple[int, int, bool, int, str]:
    """The narrowest first; of what stands behind one text, what is declared there."""
    span = hit.span
    entity = hit.entity
    return (
        span.end_line - span.line,
        span.end_column - span.column,
        not hit.mention.defines,
        -len(entity.keys),
        entity.kind,
    )
