"""Edits of a prompt that stands in YAML: line by line in a literal block, else the text is written as one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cyberflow.deploy.merge.conflicts import MergeEdit
from cyberflow.edits import TextEdit, edit_text
from cyberflow.language.yaml.document import YamlDocument
from cyberflow.language.yaml.writing.blocks import flow_text
from cyberflow.language.yaml.writing.entries import content_end
from cyberflow.language.yaml.writing.key_edits import NotWritten, block_entry
from cyberflow.source import LineIndex, Place


def scalar_edits(document: YamlDocument, place: Place, written: str, edits: Sequence[MergeEdit]) -> list[MergeEdit]:
    """Edits of the text at a place in edits of its file. Raises NotWritten."""
    node, key = document.written_node(place), document.written_node(place.at_key())
    if node is None or key is None:
        raise NotWritten(f"{document.path}: an alias stands for the prompt")
    if node.style == "|" and (lines := _literal_lines(document.lines, node, written)):
        return [_in_literal(one, written, *lines) for one in edits]
    made = edit_text(written, [TextEdit("", one.start, one.end, one.text) for one in edits])
    start, end = node.start_mark.index, content_end(document.text, node)
    flow = next((True for above in _parents(document, place) if above.flow_style), False)
    column = key.start_mark.column
    text = flow_text(made) if flow else block_entry(str(place.route[-1]), made, column).partition(":")[2].lstrip(" ")
    return [MergeEdit(start, end, text, any(one.conflict for one in edits))]


def _parents(document: YamlDocument, place: Place) -> list[Any]:
    nodes = (document.written_node(Place(place.path, place.route[:depth])) for depth in range(len(place.route)))
    return [one for one in nodes if one is not None]


def _literal_lines(index: LineIndex, node: Any, written: str) -> tuple[list[tuple[int, int]], int] | None:
    """The range in the file of each line of a literal block, and how far it is indented; None where they disagree."""
    text, lines = index.text, written.split("\n")
    first, last = int(node.start_mark.line) + 2, index.number(len(text))
    numbers = range(first, first + len(lines))
    found = [index.range(at) if at <= last else (len(text), len(text)) for at in numbers]
    whole = [text[start:end] for start, end in found]
    indent = min((len(one) - len(one.lstrip(" ")) for one, line in zip(whole, lines, strict=True) if line), default=0)
    same = all(one[indent:] == line or not (one.strip() or line) for one, line in zip(whole[:-1], lines, strict=False))
    return (found, indent) if same and indent and (not lines[-1] or whole[-1][indent:] == lines[-1]) else None


def _in_literal(edit: MergeEdit, written: str, lines: Sequence[tuple[int, int]], indent: int) -> MergeEdit:
    """An edit in the file: every line that is new is indented."""
    mine = LineIndex("", written)

    def offset(at: int) -> int:
        line = mine.number(at)
        start, end = lines[line - 1]
        return min(start + indent + at - mine.range(line)[0], end)

    first, *rest = edit.text.split("\n")
    opens = edit.end < len(written) and written[edit.end] != "\n"
    margin = " " * indent
    indented = [margin + line if line or (opens and at == len(rest) - 1) else "" for at, line in enumerate(rest)]
    theirs = None if edit.theirs is None else "\n".join(margin + line for line in edit.theirs.split("\n"))
    return MergeEdit(offset(edit.start), offset(edit.end), "\n".join([first, *indented]), edit.conflict, theirs)
