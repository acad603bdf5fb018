"""Keys of a mapping in YAML: set as a block, taken away, or replaced where they stand."""

from __future__ import annotations

from typing import Any

from cyberflow.edits import Removal, TextEdit
from cyberflow.language.yaml.document import YamlDocument
from cyberflow.language.yaml.writing.blocks import flow_text, yaml_text
from cyberflow.language.yaml.writing.entries import content_end, remove_entry
from cyberflow.source import Place, line_end

UNSET = object()
"""The value of a key that goes."""


class NotWritten(Exception):
    """A key that is not written out where it counts: an alias, a merge key or a template makes it."""


def key_edit(document: YamlDocument, place: Place, key: str, value: Any) -> TextEdit | None:
    """Set a key of the mapping at `place`, or take it away (UNSET). Raises NotWritten."""
    body = document.written_node(place)
    if body is None:
        raise NotWritten(f"{document.path}: an alias stands for the declaration")
    member = next(((name, node) for name, node in body.value if name.value == key), None)
    if member is None:
        if any(name.value == "<<" for name, _ in body.value):
            raise NotWritten(f"{document.path}: `{key}` may come from a merge key")
        return None if value is UNSET else _add(document, body, key, value)
    name, node = member
    start, end = name.start_mark.index, content_end(document.text, node)
    if "${{" in document.text[start:end]:
        raise NotWritten(f"{document.path}: a template makes `{key}`")
    if node.start_mark.index < start or document.text[name.end_mark.index : end].lstrip(": ").startswith(("*", "&")):
        raise NotWritten(f"{document.path}: `{key}` is shared by an anchor")
    if value is not UNSET:
        new = f"{key}: {flow_text(value)}" if body.flow_style else block_entry(key, value, name.start_mark.column)
        return TextEdit(document.path, start, end, new)
    if (edit := remove_entry(document, Removal(place.at(key)))) is None:
        raise NotWritten(f"{document.path}: `{key}` cannot be taken away alone")
    return edit


def block_entry(key: str, value: Any, column: int) -> str:
    """A key and its value as a block that begins at a column."""
    first, *rest = yaml_text({key: value}).rstrip("\n").split("\n")
    return "\n".join([first, *(f"{' ' * column}{line}" if line else "" for line in rest)])


def _add(document: YamlDocument, body: Any, key: str, value: Any) -> TextEdit:
    if not body.value:
        raise NotWritten(f"there is no key to write `{key}` behind")
    end = content_end(document.text, body)
    if body.flow_style:
        end = content_end(document.text, body.value[-1][1])
        return TextEdit(document.path, end, end, f", {key}: {flow_text(value)}")
    column = body.value[0][0].start_mark.column
    end = line_end(document.text, end)
    return TextEdit(document.path, end, end, f"\n{' ' * column}{block_entry(key, value, column)}")
