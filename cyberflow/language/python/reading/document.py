"""A Python file as a document of declarations: the data that its YAML would hold, and where each part is written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field
from typing import TYPE_CHECKING, Any

from cyberflow.diagnostics import Diagnostic
from cyberflow.language.document import DeclarationDocument
from cyberflow.late import dataclass
from cyberflow.source import Place, Route, Span

if TYPE_CHECKING:
    import ast

    from cyberflow.language.python.reading.source import PythonSource, Range
    from cyberflow.language.python.reading.string_offsets import StringOffsets


@dataclass(frozen=True)
class Mark:
    """Where a value stands, where its key does, and for a text where each character does."""

    source: PythonSource
    value: Range
    key: Range | None = None
    characters: StringOffsets | None = None


@dataclass(frozen=True)
class CalledFunction:
    """A function that pipelines call, `module:function`: names to types as the YAML writes them, and what is wrong with
    its annotations. `takes_key` says that it has a parameter `key` for the id of the item.
    """

    name: str
    place: Place
    inputs: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)
    takes_key: bool = False
    problems: tuple[Diagnostic, ...] = ()


@dataclass
class PythonDocument(DeclarationDocument):
    """One module. `data` holds its workflows and chains as decoded YAML would."""

    data: dict[str, Any] = field(default_factory=dict)
    marks: dict[Route, Mark] = field(default_factory=dict)
    strings: list[Range] = field(default_factory=list)
    """Where its texts stand, in which `#` begins no comment."""
    secrets: list[tuple[int, int, str]] = field(default_factory=list)
    """Literals where a secret belongs: where they stand, and their text."""
    functions: dict[Route, tuple[str, str]] = field(default_factory=dict)
    """The file and qualified name of the function behind each declaration, by its route."""
    module: str = ""
    """The name by which a module of `python:` is imported."""
    function_names: tuple[str, ...] | None = None
    """The functions of the module that can be called; None when it could not be loaded."""
    called: dict[str, CalledFunction] = field(default_factory=dict)
    references: list[tuple[Route, str, Mark]] = field(default_factory=list)
    """Steps of workflows that are declared elsewhere, the names, and where these were written."""

    def span(self, place: Place) -> Span:
        if not place.route:
            return self.lines.span(*(place.range or (0, 0)))
        route = self.written_route(place.route)
        depth = next((depth for depth in range(len(route), 0, -1) if route[:depth] in self.marks), 0)
        if not depth:
            return self.lines.span(0, 0)
        mark, here = self.marks[route[:depth]], depth == len(route)
        wanted = mark.value
        if here and place.part == "key" and mark.key is not None:
            wanted = mark.key
        elif here and place.range and mark.characters is not None:
            wanted = mark.characters.range(*place.range) or wanted
        return mark.source.lines.span(*wanted)

    def mark_range(self, route: Route, source: PythonSource, range: Range) -> None:
        """Note that a route and its key stand for one interval."""
        self.marks[route] = Mark(source, range, range)

    def mark(self, route: Route, source: PythonSource, node: Any, key: Range | None = None) -> None:
        """Note where a route stands, and what is inside a literal that is written out there."""
        import ast

        characters = source.string_offsets(node) if isinstance(node, ast.Constant) else None
        self.marks[route] = Mark(source, source.range(node), key, characters)
        if isinstance(node, ast.Dict):
            for at, item in zip(node.keys, node.values, strict=True):
                if isinstance(at, ast.Constant) and isinstance(at.value, str):
                    self.mark((*route, at.value), source, item, source.range(at))
        elif isinstance(node, ast.List | ast.Tuple):
            for index, item in enumerate(node.elts):
                self.mark((*route, index), source, item)

    def mark_keywords(self, route: Route, source: PythonSource, keywords: Iterable[ast.keyword]) -> None:
        """Note where keyword arguments stand, under their names."""
        for one in keywords:
            if one.arg is not None:
                start = source.offset(one.lineno, one.col_offset)
                self.mark((*route, one.arg), source, one.value, (start, start + len(one.arg)))

    def report(self, message: str, place: Place, help: str | None, rule: str = "python-error") -> None:
        self.problems.append(Diagnostic(rule, message, place, help=help))
