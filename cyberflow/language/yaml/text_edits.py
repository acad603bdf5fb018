"""Edits of YAML as edits of its text: in the style that stands there, and so that nothing else of the file changes its
meaning. What cannot be written that way is not edited.
"""

from __future__ import annotations

import json
import re

from yaml.nodes import ScalarNode

from cyberflow.edits import Edit, Replacement, TextEdit
from cyberflow.language.yaml.document import YamlDocument

_HARMLESS = re.compile(r"[\w<>$./-]*")
"""Text that reads the same in every style, in the middle of a word."""


def yaml_edits(document: YamlDocument, edit: Edit) -> tuple[TextEdit, ...]:
    """What to write into the file; nothing when the edit cannot be made there."""
    if isinstance(edit, Replacement):
        return _replace(document, edit)
    return ()


def _replace(document: YamlDocument, edit: Replacement) -> tuple[TextEdit, ...]:
    place = edit.place
    if not place.route:
        start, end = place.range or (0, 0)
        fits = document.text[start:end] == edit.old
        return (TextEdit(document.path, start, end, edit.new),) if fits else ()
    node = document.written_node(place)
    if not isinstance(node, ScalarNode):
        return ()
    start, end = place.range or (0, len(edit.old) if place.part == "key" else len(node.value))
    if node.value[start:end] != edit.old:
        return ()
    low, high = document.written_range(node, (start, end))
    written = _encode(edit.new, node.style)
    if written is None or document.text[low:high] != _encode(edit.old, node.style):
        return ()
    return (TextEdit(document.path, low, high, written),)


def _encode(text: str, style: str | None) -> str | None:
    """A part of a text as a style writes it; None when that style cannot hold it."""
    if _HARMLESS.fullmatch(text):
        return text
    if style == '"':
        return json.dumps(text, ensure_ascii=False)[1:-1]
    if not text.isprintable():
        return None
    if style == "'":
        return text.replace("'", "''")
    return text if style in ("|", ">") else None
