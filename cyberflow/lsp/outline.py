"""The outline of files: declarations with what they take and give, tests, and the commands that stand above each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lsprotocol import types

from cyberflow.compiler.graph import ChainNode, PipelineNode, WorkflowNode
from cyberflow.compiler.lookup.declarations import entity_of, nodes
from cyberflow.compiler.lookup.describe import type_text
from cyberflow.compiler.lookup.entities import Entity
from cyberflow.compiler.lookup.texts import Node
from cyberflow.lsp.view import ProjectView
from cyberflow.source import Place, Span

RUN_TEST, SHOW_REQUEST, SHOW_GRAPH = "cyberflow.runTest", "cyberflow.showRequest", "cyberflow.showGraph"
_KINDS: dict[str, types.SymbolKind] = {
    "workflow": types.SymbolKind.Function,
    "chain": types.SymbolKind.Class,
    "task": types.SymbolKind.Function,
    "pipeline": types.SymbolKind.Class,
    "type": types.SymbolKind.Interface,
    "test": types.SymbolKind.Event,
    "step": types.SymbolKind.Method,
    "input": types.SymbolKind.Variable,
    "secret": types.SymbolKind.Key,
    "output": types.SymbolKind.Property,
}


def document_symbols(view: ProjectView, path: str) -> Iterator[types.DocumentSymbol]:
    """The declarations, types and tests of a file."""
    lookup = view.checked.lookup
    for node in lookup.owners(path):
        if node.definition.place.path == path:
            children = [_symbol(view, entity, place) for entity, place in _parts(node)]
            yield _symbol(view, entity_of(node), node.definition.place, children)
    for name, definition in lookup.graph.project.types.items():
        if definition.place.path == path:
            yield _symbol(view, Entity("type", name), definition.place)
    for name, place in _tests(view, path):
        yield _symbol(view, Entity("test", name), place)


def workspace_symbols(view: ProjectView, query: str) -> Iterator[types.WorkspaceSymbol]:
    """The declarations and types of a project whose name holds a text."""
    graph = view.checked.lookup.graph
    every: list[tuple[Entity, Place]] = [(entity_of(node), node.definition.place) for node in nodes(graph)]
    every += [(Entity("type", name), one.place) for name, one in graph.project.types.items()]
    for entity, place in every:
        if query.casefold() in entity.name.casefold():
            span = view.checked.state.sources.span(place.at_key())
            yield types.WorkspaceSymbol(view.location(span), entity.name, _KINDS[entity.kind])


def code_lenses(view: ProjectView, path: str) -> Iterator[types.CodeLens]:
    """Above a test: run it. Above a declaration: what it compiles to; above a chain also its graph."""
    sources, root = view.checked.state.sources, str(view.checked.root)
    for name, place in _tests(view, path):
        yield _lens(view, sources.span(place.at_key()), "run test", RUN_TEST, [root, name])
    for node in view.checked.lookup.owners(path):
        if node.definition.place.path == path:
            span = sources.span(node.definition.place.at_key())
            yield _lens(view, span, "show request", SHOW_REQUEST, [root, node.name])
            if isinstance(node, ChainNode | PipelineNode):
                yield _lens(view, span, "graph", SHOW_GRAPH, [root, node.name])


def _lens(view: ProjectView, span: Span, title: str, command: str, arguments: list[Any]) -> types.CodeLens:
    return types.CodeLens(view.range(span), types.Command(title, command, arguments=arguments))


def _parts(node: Node) -> Iterator[tuple[Entity, Place]]:
    """What a declaration holds that has a name."""
    yield from ((Entity("input", one.name, node.name), one.place) for one in node.inputs.fields.values())
    yield from ((Entity("secret", one.name, node.name), one.place) for one in node.secrets.fields.values())
    if isinstance(node, ChainNode | PipelineNode):
        yield from ((Entity("step", step.id, node.name), step.place) for step in node.steps)
        yield from ((Entity("output", name, node.name), value.place) for name, value in node.outputs.items())
    elif isinstance(node, WorkflowNode):
        yield from ((Entity("output", one.name, node.name), one.place) for one in node.outputs.fields.values())


def _symbol(
    view: ProjectView, entity: Entity, place: Place, children: list[types.DocumentSymbol] | None = None
) -> types.DocumentSymbol:
    sources = view.checked.state.sources
    name, value = sources.span(place.at_key()), sources.span(place)
    if name.path != value.path or name > value:
        name = value
    whole = Span(name.path, name.line, name.column, *max((value.end_line, value.end_column), _end(name)))
    detail = None if entity.kind in ("workflow", "chain", "test") else type_text(view.checked.lookup.graph, entity)
    return types.DocumentSymbol(
        entity.name, _KINDS[entity.kind], view.range(whole), view.range(name), detail, children=children or None
    )


def _end(span: Span) -> tuple[int, int]:
    return span.end_line, span.end_column


def _tests(view: ProjectView, path: str) -> Iterator[tuple[str, Place]]:
    for document in view.checked.lookup.tests:
        tests = document.data.get("tests") if document.path == path and isinstance(document.data, dict) else None
        if isinstance(tests, dict):
            yield from ((name, Place(path, ("tests", name))) for name in tests)
