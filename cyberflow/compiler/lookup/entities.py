"""Entities, the things of a project that have names, and the mentions of them: where such a name is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Literal

from cyberflow.language.prompt.paths import format_path, part_span
from cyberflow.late import dataclass
from cyberflow.source import Place

EntityKind = Literal[
    "workflow",
    "chain",
    "task",
    "pipeline",
    "function",
    "type",
    "test",
    "step",
    "item",
    "input",
    "secret",
    "output",
    "runtime",
    "file",
    "target",
    "pool",
    "machine",
    "model",
    "tag",
]
Keys = tuple[str | int, ...]
PlaceOf = Callable[[int, int], Place]


@dataclass(frozen=True, slots=True)
class Entity:
    """Something with a name. `owner` is the declaration whose input, secret, output, step or runtime value it is;
    `keys` lead to a member of its value.
    """

    kind: EntityKind
    name: str
    owner: str = ""
    keys: Keys = ()

    @property
    def word(self) -> str:
        """What it is called: a member of a value is a `property`."""
        return "property" if self.keys else self.kind

    @property
    def path(self) -> str:
        """Its name, with the keys that lead to a member."""
        return format_path(self.name, self.keys)


@dataclass(frozen=True, slots=True)
class Mention:
    """A name as it is written. `written` is the text at the place: the name, perhaps with `?` behind it."""

    entity: Entity
    place: Place
    written: str
    defines: bool = False


def key_mention(entity: Entity, place: Place, *, defines: bool = False) -> Mention:
    """A name that is the key, or the item of a list, at the end of a route."""
    step = place.route[-1] if place.route else ""
    if isinstance(step, int):
        return Mention(entity, place.within(0, len(entity.name)), entity.name, defines)
    return Mention(entity, place.at_key(), step, defines)


def value_mention(entity: Entity, place: Place) -> Mention:
    """A name that is the whole text of a value."""
    return Mention(entity, place.within(0, len(entity.name)), entity.name)


def path_mentions(root: Entity, keys: Keys, written: str, behind: int, place_of: PlaceOf) -> Iterator[Mention]:
    """The root of a path and the members below it, each where it stands. `written` is the whole path, of which `behind`
    parts come before the root; `place_of` knows where its characters are.
    """
    for depth in range(len(keys) + 1):
        span = part_span(written, behind + depth)
        if span is not None:
            yield Mention(replace(root, keys=keys[:depth]), place_of(*span), written[slice(*span)])
