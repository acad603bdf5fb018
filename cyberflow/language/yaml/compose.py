"""YAML text to the parser's nodes, with bounds: libyaml's parser or PyYAML's, whichever there is; both read the same.
What the nodes mean is for `syntax`.
"""

from __future__ import annotations

from typing import Any

import yaml
from yaml.nodes import Node, ScalarNode

LIBYAML = hasattr(yaml, "CSafeLoader")
PLAIN, QUOTED, COLLECTION = "plain", "quoted", "collection"
"""What stands for a tag where none is written."""
MOST_NODES = 300_000
_DEEPEST = 250


class YamlTooLarge(Exception):
    """The text is deeper or longer than anything a person writes; libyaml would break the process on it."""


class _Bounds:
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


if LIBYAML:
    from yaml.cyaml import CParser  # type: ignore[attr-defined]

    class _NodeLoader(_Bounds, CParser):
        def __init__(self, text: str) -> None:
            CParser.__init__(self, text)

else:  # pragma: no cover - exercised by the tests in a process of their own
    from cyberflow.language.yaml.pure_scanner import LibyamlParser

    class _NodeLoader(_Bounds, LibyamlParser):  # type: ignore[no-redef]
        pass


def compose(text: str) -> Node | None:
    """Give the root node of one document. Raises yaml.YAMLError and Excess."""
    root: Node | None = _NodeLoader(text).get_single_node()
    return root
