"""A file of declarations that was read: its text, the data it holds, and what was wrong with it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from cyberflow.diagnostics import Diagnostic
from cyberflow.source import LineIndex, Place, Route, Span


@dataclass
class DeclarationDocument(ABC):
    """What YAML files and Python modules share. `broken` are routes of which a problem has been reported, so that
    nothing else need be said of what is below them. `data` is None when the text does not parse.
    """

    path: str
    text: str
    data: Any = field(default_factory=lambda: None)
    problems: list[Diagnostic] = field(default_factory=list)
    broken: set[Route] = field(default_factory=set)
    _renamed: dict[Route, str] = field(default_factory=dict)

    @cached_property
    def lines(self) -> LineIndex:
        return LineIndex(self.path, self.text)

    @abstractmethod
    def span(self, place: Place) -> Span:
        """Where a place of this document stands in its text."""

    def rename(self, renamed: Iterable[tuple[Route, str]]) -> None:
        """Note that the key at the end of each route is spelt otherwise in the file."""
        self._renamed.update(renamed)

    def written_route(self, route: Route) -> Route:
        """A route with its keys as the file spells them."""
        return tuple(self._renamed.get(route[: index + 1], step) for index, step in enumerate(route))

    def unreadable_keys(self, route: Route) -> frozenset[str]:
        """The keys below a route of which the problem has been reported."""
        return frozenset(str(one[-1]) for one in self.broken if one and one[:-1] == route)
