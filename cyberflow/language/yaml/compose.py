"""YAML text to the parser's nodes, with bounds: libyaml's parser or PyYAML's, whichever there is; both read the same.
What the nodes mean is for `document`.
"""

from __future__ import annotations

import yaml
from yaml.nodes import Node

from cyberflow.language.yaml.bounds import Bounds

LIBYAML = hasattr(yaml, "CSafeLoader")
if LIBYAML:
    from yaml.cyaml import CParser  # type: ignore[attr-defined]

    class _NodeLoader(Bounds, CParser):
        def __init__(self, text: str) -> None:
            CParser.__init__(self, text)

else:  # pragma: no cover - exercised by the tests in a process of their own
    from cyberflow.language.yaml.pure_scanner import LibyamlParser

    class _NodeLoader(Bounds, LibyamlParser):  # type: ignore[no-redef]
        pass


def compose(text: str) -> Node | None:
    """Give the root node of one document. Raises yaml.YAMLError and YamlTooLarge."""
    try:
        root: Node | None = _NodeLoader(text).get_single_node()
    except UnicodeEncodeError as error:  # half of a surrogate pair
        raise yaml.reader.ReaderError("", error.start, text[error.start], "unicode", error.reason) from None
    return root
