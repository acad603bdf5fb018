"""Bounds for what a parser may make of one text, whatever the parser."""

from __future__ import annotations

from typing import Any

from yaml.nodes import Node, ScalarNode

PLAIN, QUOTED, COLLECTION = "plain", "quoted", "collection"
"""What stands for a tag where none is written."""
MOST_NODES = 300_000
_DEEPEST = 250


class YamlTooLarge(Exception):
    """The text is deeper or longer than anything a person writes; libyaml would break the process on it."""


class Bounds:
    """Counts nodes while they are made, and leaves tags to us: implicit ones say only how the scalar was written."""

    nodes = depth = 0

    def resolve(self, kind: type[Node], _value: str, implicit: Any) -> str:
        if kind is not ScalarNode:
            return COLLECTION
        return PLAIN if implicit[0] else QUOTED

    def descend_resolver(self, *_: object) -> None:
        self.nodes += 1
        self.depth += 1
        if self.depth > _DEEPEST:
            raise YamlTooLarge("the file is nested too deeply")
        if self.nodes > MOST_NODES:
            raise YamlTooLarge(f"the file has more than {MOST_NODES:,} nodes")

    def ascend_resolver(self) -> None:
        self.depth -= 1

    def check_resolver_prefix(self, *_: object) -> bool:
        return False
