"""A topic: what `explain` can be asked about, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

TopicKind = Literal["rule", "key", "word", "command", "exit code", "json"]


@dataclass(frozen=True)
class Topic:
    """One thing with a name: what it is in a sentence or more, and an example that is code."""

    kind: TopicKind
    name: str
    text: str
    example: str = ""
    also: tuple[str, ...] = ()
    """Other names by which it is asked for."""

    @property
    def title(self) -> str:
        """The first line of the text."""
        return self.text.split("\n", 1)[0]
