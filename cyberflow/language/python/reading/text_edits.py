"""Edits of Python modules as edits of their text: names of keyword arguments, and characters of texts."""

from __future__ import annotations

from cyberflow.edits import Replacement, TextEdit
from cyberflow.language.project.routes import value_at
from cyberflow.language.python.reading.document import PythonDocument
from cyberflow.late import expression

_HARMLESS = expression(r"[^\\\"'{}\n\r\0]*")
"""Text that stands as it is in a literal of any prefix."""


def python_edits(document: PythonDocument, edit: Replacement) -> tuple[TextEdit, ...]:
    """What to write into the module; nothing when what is meant is not written out there."""
    mark = document.marks.get(document.written_route(edit.place.route))
    if mark is None:
        return ()
    if edit.place.part == "key":
        wanted = mark.key if edit.new.isidentifier() else None
    elif mark.characters is not None and _HARMLESS.fullmatch(edit.new):
        start, end = edit.place.range or (0, len(edit.old))
        wanted = mark.characters.range(start, end) if end > start else None
    else:
        wanted = None
    written = mark.source.text[slice(*wanted)] if wanted else ""
    if wanted is None or (written != edit.old and not _says(document, edit, written)):
        return ()
    return (TextEdit(mark.source.path, *wanted, edit.new),)


def _says(document: PythonDocument, edit: Replacement, written: str) -> bool:
    """Whether characters of one literal stand for the old text, with escapes."""
    value, (start, end) = value_at(document.data, edit.place.route), edit.place.range or (0, len(edit.old))
    return isinstance(value, str) and value[start:end] == edit.old and not {*written} & {"'", '"', "\n"}
