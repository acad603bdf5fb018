"""Entries of YAML mappings and lists, taken out and put in: lines of their own in block style, between commas in flow
style. Comments elsewhere stay where they are.
"""

from __future__ import annotations

import json
from typing import Any

from yaml.nodes import CollectionNode, MappingNode, Node, ScalarNode, SequenceNode

from cyberflow.edits import Addition, Move, Removal, TextEdit
from cyberflow.language.yaml.document import YamlDocument
from cyberflow.language.yaml.writing.one_line import write_text, write_value
from cyberflow.source import Place, line_end


def content_end(text: str, node: Node) -> int:
    """Where what a node says ends, without the blanks and comments that follow a block."""
    while isinstance(node, CollectionNode) and not node.flow_style and node.value:
        node = _last(node)
    start = node.start_mark.index
    return start + len(text[start : node.end_mark.index].rstrip())


def remove_entry(document: YamlDocument, edit: Removal) -> TextEdit | None:
    """Take an entry out, with the lines that are its own."""
    route, parents = document.written_route(edit.place.route), edit.parents
    while True:
        parent = document.written_node(Place(document.path, route[:-1]))
        index = _index(parent, route[-1])
        if index is None or len(parent.value) > 1 or not parents or len(route) < 2:  # noqa: PLR2004 - has a parent
            break
        route, parents = route[:-1], parents - 1
    if index is None or len(parent.value) == 1:
        return None
    return (_remove_from_flow if parent.flow_style else _remove_lines)(document, parent, index)


def add_entry(document: YamlDocument, edit: Addition) -> TextEdit | None:
    """Put an entry behind the last one of its mapping or list, which is made when its own mapping has none."""
    route, key, value = document.written_route(edit.place.route), edit.key, json.loads(edit.json)
    parent = document.written_node(Place(document.path, route))
    if parent is None and route:
        key, value = str(route[-1]), {key: value} if key else [value]
        parent = document.written_node(Place(document.path, route[:-1]))
    if not isinstance(parent, MappingNode if key else SequenceNode):
        return None
    text = document.text
    written = write_value(value, is_json=document.is_json)
    if key:
        written = f"{json.dumps(key, ensure_ascii=False) if document.is_json else write_text(key)}: {written}"
    if parent.flow_style:
        if not parent.value:
            return TextEdit(document.path, parent.end_mark.index - 1, parent.end_mark.index - 1, written)
        at = content_end(text, _last(parent))
        return TextEdit(document.path, at, at, f", {written}")
    at = line_end(text, content_end(text, parent))
    indent = " " * parent.start_mark.column
    return TextEdit(document.path, at, at, f"\n{indent}{'' if key else '- '}{written}")


def move_item(document: YamlDocument, edit: Move) -> tuple[TextEdit, ...]:
    """Put the lines of an item before those of another one."""
    route, text = document.written_route(edit.place.route), document.text
    parent, index = document.written_node(Place(document.path, route[:-1])), route[-1]
    if not isinstance(parent, SequenceNode) or parent.flow_style or not isinstance(index, int):
        return ()
    lines = [_item_lines(text, parent, at) for at in range(len(parent.value))]
    start, end = lines[index]
    to = lines[edit.before][0] if edit.before < len(lines) else lines[-1][1]
    if not text.endswith("\n") or any(
        text[one[0] : _start(parent, at)].strip(" \t") != "-" for at, one in enumerate(lines)
    ):
        return ()
    start, to = _comments_above(text, start), _comments_above(text, to) if edit.before < len(lines) else to
    return TextEdit(document.path, start, end, ""), TextEdit(document.path, to, to, text[start:end])


def _item_lines(text: str, parent: CollectionNode, index: int) -> tuple[int, int]:
    start = text.rfind("\n", 0, _start(parent, index)) + 1
    return start, min(line_end(text, _end(text, parent, index)) + 1, len(text))


def _comments_above(text: str, line: int) -> int:
    """Where the comments begin that stand directly above a line."""
    while line and text[text.rfind("\n", 0, line - 1) + 1 : line].lstrip().startswith("#"):
        line = text.rfind("\n", 0, line - 1) + 1
    return line


def is_whole_lines(text: str, edit: TextEdit) -> bool:
    """Whether an edit takes whole lines out of a text, and nothing else."""
    begins = edit.start == 0 or text[edit.start - 1] == "\n"
    return begins and not edit.text and (edit.end == len(text) or text[edit.end - 1] == "\n")


def _index(parent: Any, step: str | int) -> int | None:
    """Which entry of a mapping or list a step of a route leads to, when it stands there once."""
    if isinstance(parent, SequenceNode) and isinstance(step, int):
        return step
    if not isinstance(parent, MappingNode):
        return None
    found = [index for index, (key, _) in enumerate(parent.value) if isinstance(key, ScalarNode) and key.value == step]
    return found[0] if len(found) == 1 else None


def _start(parent: CollectionNode, index: int) -> int:
    entry = parent.value[index]
    first: int = (entry[0] if isinstance(entry, tuple) else entry).start_mark.index
    return first


def _end(text: str, parent: CollectionNode, index: int) -> int:
    entry = parent.value[index]
    return content_end(text, entry[1] if isinstance(entry, tuple) else entry)


def _last(parent: CollectionNode) -> Node:
    last: Any = parent.value[-1]
    node: Node = last[1] if isinstance(last, tuple) else last
    return node


def _remove_from_flow(document: YamlDocument, parent: CollectionNode, index: int) -> TextEdit | None:
    text = document.text
    start, end = _start(parent, index), _end(text, parent, index)
    if index:
        start = _end(text, parent, index - 1)
    else:
        end = _start(parent, index + 1)
    return None if "#" in text[start:end] else TextEdit(document.path, start, end, "")


def _remove_lines(document: YamlDocument, parent: CollectionNode, index: int) -> TextEdit | None:
    text = document.text
    start, end = _start(parent, index), _end(text, parent, index)
    line = text.rfind("\n", 0, start) + 1
    before = text[line:start].strip()
    if before != ("-" if isinstance(parent, SequenceNode) else ""):
        following = index == 0 and len(parent.value) > 1 and not isinstance(parent, SequenceNode)
        return TextEdit(document.path, start, _start(parent, 1), "") if following else None
    after = min(line_end(text, end) + 1, len(text))
    if after == len(text) and not text.endswith("\n"):
        line, after = max(line - 1, 0), len(text)
    return TextEdit(document.path, line, after, "")
