"""Edits of YAML and JSON as edits of their text: in the style that stands there, and so that nothing else of the file
changes its meaning. What cannot be written that way is not edited.
"""

from __future__ import annotations

import json
from typing import Any

from yaml.nodes import MappingNode, Node, ScalarNode

from cyberflow.edits import Addition, Edit, Move, Removal, Replacement, Rewrite, TextEdit
from cyberflow.language.project.routes import remove_at, replace_at, value_at
from cyberflow.language.yaml.document import YamlDocument, parse_yaml
from cyberflow.language.yaml.scalars import resolve_scalar
from cyberflow.language.yaml.writing.entries import add_entry, content_end, move_item, remove_entry
from cyberflow.language.yaml.writing.one_line import write_value
from cyberflow.late import expression
from cyberflow.source import Place, Route, line_end

_HARMLESS = expression(r"[\w<>$./?-]*")
"""Text that reads the same in every style, in the middle of a word."""
_MARKS = ("'", '"')
_SHARED = expression(r"(?<![^\s\[{,])[&*][^\s,*&\[\]{}]|<<")
"""What may stand for something elsewhere in the file."""
_SECOND = 2


def yaml_edits(document: YamlDocument, edit: Edit) -> tuple[TextEdit, ...]:
    """What to write into the file; nothing when the edit cannot be made there."""
    if not edit.place.route:
        return raw_edits(document.path, document.text, edit)
    match edit:
        case Replacement():
            return _replace(document, edit)
        case Rewrite():
            made = _rewrite(document, edit)
        case Removal():
            made = remove_entry(document, edit)
        case Addition():
            made = add_entry(document, edit)
        case Move():
            moved = move_item(document, edit)
            return moved if moved and _reads_well(document, edit, *moved) else ()
    return (made,) if made and _reads_well(document, edit, made) else ()


def raw_edits(path: str, text: str, edit: Edit) -> tuple[TextEdit, ...]:
    """An edit of the characters of a file that has no structure there: other text for them, or a comment that goes."""
    start, end = edit.place.range or (0, 0)
    if isinstance(edit, Replacement) and text[start:end] == edit.old:
        return (TextEdit(path, start, end, edit.new),)
    if isinstance(edit, Removal):
        line, after = text.rfind("\n", 0, start) + 1, line_end(text, end)
        if not text[line:start].strip() and not text[end:after].strip():
            return (TextEdit(path, line, min(after + 1, len(text)), ""),)
        while start > line and text[start - 1] in " \t" and not text[end:after].strip():
            start -= 1
        return (TextEdit(path, start, end, ""),)
    return ()


def _replace(document: YamlDocument, edit: Replacement) -> tuple[TextEdit, ...]:
    place, node = edit.place, document.written_node(edit.place)
    if not isinstance(node, ScalarNode):
        return ()
    start, end = place.range or (0, len(edit.old) if place.part == "key" else len(node.value))
    if node.value[start:end] != edit.old:
        return ()
    low, high = document.written_range(node, (start, end))
    whole = node.value[:start] + edit.new + node.value[end:]
    written = _encode(edit.new, node.style)
    if written is not None and document.text[low:high] == _encode(edit.old, node.style):
        made = TextEdit(document.path, low, high, written)
        stays_text = bool(node.style) or isinstance(resolve_scalar(whole), str)
        if (stays_text and _HARMLESS.fullmatch(edit.old + edit.new)) or _reads_well(document, edit, made):
            return (made,)
    made = _write_over(document, node, whole)
    return (made,) if node.style not in ("|", ">") and _reads_well(document, edit, made) else ()


def _rewrite(document: YamlDocument, edit: Rewrite) -> TextEdit | None:
    node = document.written_node(edit.place)
    return None if node is None else _write_over(document, node, json.loads(edit.json))


def _write_over(document: YamlDocument, node: Node, value: Any) -> TextEdit:
    start, end = node.start_mark.index, content_end(document.text, node)
    quote = node.style or "" if isinstance(node, ScalarNode) and isinstance(value, str) else ""
    written = write_value(value, quote=quote if quote in _MARKS else "", is_json=document.is_json)
    return TextEdit(document.path, start, end, written)


def _encode(text: str, style: str | None) -> str | None:
    """A part of a text as a style writes it; None when that style cannot hold it."""
    if style == '"':
        return json.dumps(text, ensure_ascii=False)[1:-1]
    if not text.isprintable():
        return None
    return text.replace("'", "''") if style == "'" else text


def _reads_well(document: YamlDocument, edit: Edit, *made: TextEdit) -> bool:
    """Whether the text with an edit holds what was meant, and the same as before everywhere else. Of a large file only
    the declaration is read in which all of it happens.
    """
    route, text, start, before = document.written_route(edit.place.route), document.text, 0, document
    if (window := _declaration_lines(document, route, edit)) and all(
        window[0] <= one.start and one.end <= window[1] for one in made
    ):
        start, text = window[0], text[slice(*window)]
        before, route = parse_yaml(text, document.path), route[1:]
    for one in sorted(made, key=lambda one: one.start, reverse=True):
        text = text[: one.start - start] + one.text + text[one.end - start :]
    after = parse_yaml(text, document.path)
    same = len(after.problems) <= len(before.problems)
    return same and repr(after.data) == repr(_expect(before.data, route, edit))


def _declaration_lines(document: YamlDocument, route: Route, edit: Edit) -> tuple[int, int] | None:
    """Where the lines of the second level of a file stand that an edit is in, when nothing else can come into it."""
    root, parents = document.node(()), edit.parents if isinstance(edit, Removal) else 0
    section = document.written_node(Place(document.path, route[:1]))
    if len(route) - parents <= _SECOND or not isinstance(section, MappingNode) or section.flow_style or root.flow_style:
        return None
    keys = [key for key, _ in section.value]
    index = next((index for index, key in enumerate(keys) if key.value == route[1]), None)
    later = keys[index + 1 :] if index is not None else []
    later += [key for key, _ in root.value if key.start_mark.index > section.start_mark.index]
    if index is None:
        return None
    ends = [document.text.rfind("\n", 0, key.start_mark.index) + 1 for key in (keys[index], *later[:1])]
    lines = ends[0], ends[1] if later else len(document.text)
    alone = document.text[lines[0] : keys[index].start_mark.index].isspace()
    return lines if alone and not _SHARED.search(document.text, *lines) else None


def _expect(data: Any, route: Route, edit: Edit) -> Any:
    """The data as the edit wants it."""
    above, last = value_at(data, route[:-1]), route[-1]
    match edit:
        case Replacement() if edit.place.part == "key" and isinstance(above, dict):
            start, end = edit.place.range or (0, len(edit.old))
            key = str(last)[:start] + edit.new + str(last)[end:]
            return replace_at(data, route[:-1], {key if name == last else name: item for name, item in above.items()})
        case Replacement():
            whole = str(value_at(data, route))
            start, end = edit.place.range or (0, len(whole))
            return replace_at(data, route, whole[:start] + edit.new + whole[end:])
        case Rewrite():
            return replace_at(data, route, json.loads(edit.json))
        case Removal():
            return _expect_removal(data, route, edit.parents)
        case Move():
            items = [*value_at(data, route[:-1])]
            at, moved = edit.before - (edit.before > int(last)), items.pop(int(last))
            return replace_at(data, route[:-1], [*items[:at], moved, *items[at:]])
        case Addition():
            return _expect_addition(data, route, edit.key, json.loads(edit.json))


def _expect_removal(data: Any, route: Route, parents: int) -> Any:
    while parents and len(route) > 1 and len(value_at(data, route[:-1])) == 1:
        route, parents = route[:-1], parents - 1
    return remove_at(data, route)


def _expect_addition(data: Any, route: Route, key: str, value: Any) -> Any:
    target = value_at(data, route)
    if target is None:
        made = {key: value} if key else [value]
        return replace_at(data, route[:-1], {**value_at(data, route[:-1]), route[-1]: made})
    return replace_at(data, route, {**target, key: value} if key else [*target, value])
