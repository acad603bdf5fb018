"""Edits of a declaration in YAML: a key set, taken away or replaced where it stands, a prompt that stands in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cyberflow.deploy.merge.text_edits import MergeEdit, edit_text, line_of, line_starts
from cyberflow.deploy.pull.yaml_writer import flow_text, yaml_text
from cyberflow.language.yaml.document import YamlDocument
from cyberflow.source import Place

UNSET = object()
"""The value of a key that goes."""


class NotWritten(Exception):
    """A key that is not written out where it counts: an alias, a merge key or a template makes it."""


def key_edit(document: YamlDocument, place: Place, key: str, value: Any) -> MergeEdit | None:
    """Set a key of the mapping at `place`, or take it away (UNSET). Raises NotWritten."""
    body = document.written_node(place)
    if body is None:
        raise NotWritten(f"{document.path}: an alias stands for the declaration")
    member = next(((name, node) for name, node in body.value if name.value == key), None)
    if member is None:
        if any(name.value == "<<" for name, _ in body.value):
            raise NotWritten(f"{document.path}: `{key}` may come from a merge key")
        return None if value is UNSET else _add(document.text, body, key, value)
    name, node = member
    start, end = name.start_mark.index, _end_of(node, document.text)
    if "${{" in document.text[start:end]:
        raise NotWritten(f"{document.path}: a template makes `{key}`")
    if node.start_mark.index < start or document.text[name.end_mark.index : end].lstrip(": ").startswith(("*", "&")):
        raise NotWritten(f"{document.path}: `{key}` is shared by an anchor")
    if value is UNSET:
        return _remove(document.text, body, member)
    new = f"{key}: {flow_text(value)}" if body.flow_style else _block(key, value, name.start_mark.column)
    return MergeEdit(start, end, new)


def scalar_edits(document: YamlDocument, place: Place, written: str, edits: Sequence[MergeEdit]) -> list[MergeEdit]:
    """Edits of a text in edits of the file: line by line in a literal block, else the text is written as one."""
    node, key = document.written_node(place), document.written_node(place.at_key())
    if node is None or key is None:
        raise NotWritten(f"{document.path}: an alias stands for the prompt")
    if node.style == "|" and (lines := _literal_lines(document.text, node, written)):
        return [_in_literal(one, written, *lines) for one in edits]
    made = edit_text(written, [MergeEdit(one.start, one.end, one.text) for one in edits], "")
    start, end = node.start_mark.index, _end_of(node, document.text)
    flow = next((True for above in _parents(document, place) if above.flow_style), False)
    column = key.start_mark.column
    text = flow_text(made) if flow else _block(str(place.route[-1]), made, column).partition(":")[2].lstrip(" ")
    return [MergeEdit(start, end, text, any(one.conflict for one in edits))]


def _parents(document: YamlDocument, place: Place) -> list[Any]:
    nodes = (document.written_node(Place(place.path, place.route[:depth])) for depth in range(len(place.route)))
    return [one for one in nodes if one is not None]


def _block(key: str, value: Any, column: int) -> str:
    first, *rest = yaml_text({key: value}).rstrip("\n").split("\n")
    return "\n".join([first, *(f"{' ' * column}{line}" if line else "" for line in rest)])


def _end_of(node: Any, text: str) -> int:
    """Where a value ends; a collection's own mark is behind the comments that follow it."""
    if isinstance(node.value, list) and node.value and not node.flow_style:
        last = node.value[-1]
        return _end_of(last[1] if isinstance(last, tuple) else last, text)
    start, end = int(node.start_mark.index), int(node.end_mark.index)
    return start + len(text[start:end].rstrip())


def _add(text: str, body: Any, key: str, value: Any) -> MergeEdit:
    if not body.value:
        raise NotWritten(f"there is no key to write `{key}` behind")
    end = _end_of(body.value[-1][1], text)
    if body.flow_style:
        return MergeEdit(end, end, f", {key}: {flow_text(value)}")
    column = body.value[0][0].start_mark.column
    line_end = text.find("\n", end)
    end = len(text) if line_end < 0 else line_end
    return MergeEdit(end, end, f"\n{' ' * column}{_block(key, value, column)}")


def _remove(text: str, body: Any, member: tuple[Any, Any]) -> MergeEdit:
    name, node = member
    start, end = name.start_mark.index, _end_of(node, text)
    if body.flow_style:
        index = body.value.index(member)
        if index:
            return MergeEdit(_end_of(body.value[index - 1][1], text), end, "")
        after = body.value[1][0].start_mark.index if len(body.value) > 1 else end
        return MergeEdit(start, after, "")
    first = text.rfind("\n", 0, start) + 1
    last = text.find("\n", end)
    return MergeEdit(first, len(text) if last < 0 else last + 1, "")


def _literal_lines(text: str, node: Any, written: str) -> tuple[list[tuple[int, int]], int] | None:
    """The range in the file of each line of a literal block, and how far it is indented; None where they disagree."""
    starts = line_starts(text)[:-1]
    first = int(node.start_mark.line) + 1
    lines = written.split("\n")
    ends = [text.find("\n", start) for start in starts]
    found = [
        (starts[at], ends[at] if ends[at] >= 0 else len(text)) if at < len(starts) else (len(text), len(text))
        for at in range(first, first + len(lines))
    ]
    whole = [text[start:end] for start, end in found]
    indent = min((len(one) - len(one.lstrip(" ")) for one, line in zip(whole, lines, strict=True) if line), default=0)
    same = all(one[indent:] == line or not (one.strip() or line) for one, line in zip(whole[:-1], lines, strict=False))
    return (found, indent) if same and indent and (not lines[-1] or whole[-1][indent:] == lines[-1]) else None


def _in_literal(edit: MergeEdit, written: str, lines: Sequence[tuple[int, int]], indent: int) -> MergeEdit:
    """An edit in the file: every line that is new is indented."""
    mine = line_starts(written)

    def offset(at: int) -> int:
        line = line_of(mine, at)
        start, end = lines[line]
        return min(start + indent + at - mine[line], end)

    first, *rest = edit.text.split("\n")
    opens = edit.end < len(written) and written[edit.end] != "\n"
    margin = " " * indent
    indented = [margin + line if line or (opens and at == len(rest) - 1) else "" for at, line in enumerate(rest)]
    theirs = None if edit.theirs is None else "\n".join(margin + line for line in edit.theirs.split("\n"))
    return MergeEdit(offset(edit.start), offset(edit.end), "\n".join([first, *indented]), edit.conflict, theirs)
