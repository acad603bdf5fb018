"""A file of declarations that was read: its text, the data it holds, and what was wrong with it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import field
from typing import Any, NamedTuple

from cyberflow.diagnostics import Diagnostic
from cyberflow.language.template.escapes import has_template
from cyberflow.late import cached_property, dataclass
from cyberflow.source import LineIndex, Place, Route, Span


class DocumentOutline(NamedTuple):
    """What others must know of a file that is read without a mistake: its top keys, each with the names in the mapping
    below it (None for what is not one), the secrets that its chains declare, and whether it holds a template.
    """

    sections: dict[str, list[str] | None]
    secrets: list[str]
    template: bool = False


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
    _renamed: dict[Route, str | int] = field(default_factory=dict)

    @cached_property
    def lines(self) -> LineIndex:
        return LineIndex(self.path, self.text)

    @property
    def outline(self) -> DocumentOutline | None:
        """Its outline; None for one with a mistake, of which nothing short can be said."""
        return None if self.problems or not isinstance(self.data, dict) else outline_of(self.data, self.text)

    @property
    def faults(self) -> list[Diagnostic]:
        """What is wrong with it as a file."""
        return self.problems

    @abstractmethod
    def span(self, place: Place) -> Span:
        """Where a place of this document stands in its text."""

    def rename(self, renamed: Iterable[tuple[Route, str | int]]) -> None:
        """Note that the last step of each route is another one in the file: a misspelt key, an index in a list."""
        self._renamed.update(renamed)

    @property
    def spellings(self) -> tuple[tuple[Route, str | int], ...]:
        """Every route whose last step is another one in the file, with that step."""
        return tuple(self._renamed.items())

    def written_route(self, route: Route) -> Route:
        """A route with its keys as the file spells them."""
        return tuple(self._renamed.get(route[: index + 1], step) for index, step in enumerate(route))

    def unreadable_keys(self, route: Route) -> frozenset[str]:
        """The keys below a route of which the problem has been reported."""
        return frozenset(str(one[-1]) for one in self.broken if one and one[:-1] == route)


def section_names(document: DeclarationDocument) -> dict[str, list[str]]:
    """The names below each top key of a file that is a mapping, broken ones included."""
    outline = document.outline
    if outline is None:
        outline = (
            outline_of(document.data, document.text) if isinstance(document.data, dict) else DocumentOutline({}, [])
        )
    return {key: names for key, names in outline.sections.items() if names is not None}


def outline_of(data: dict[str, Any], text: str) -> DocumentOutline:
    """The outline of the data of a file."""
    sections = {key: [*held] if isinstance(held, dict) else None for key, held in data.items()}
    return DocumentOutline(sections, [*_secret_names(data.get("chains"))], has_template(text))


def _secret_names(chains: Any) -> Iterator[str]:
    """The secrets that chains declare: the name of one is not a secret itself."""
    for chain in chains.values() if isinstance(chains, dict) else ():
        declared = chain.get("secrets") if isinstance(chain, dict) else None
        if isinstance(declared, dict | list):
            yield from (name.removesuffix("?") for name in declared if isinstance(name, str))
