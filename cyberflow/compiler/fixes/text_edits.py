"""Fixes as edits of text. Rules name places; the readers of the files know how to write there."""

from __future__ import annotations

from cyberflow.diagnostics import Diagnostic
from cyberflow.edits import Edit, Replacement, TextEdit
from cyberflow.language.yaml.document import YamlDocument
from cyberflow.language.yaml.text_edits import yaml_edits
from cyberflow.source import PlainDocument, Sources


def text_edits(found: Diagnostic, sources: Sources) -> tuple[TextEdit, ...]:
    """The edits that mend a finding; nothing when it has no fix, or one of its edits cannot be made."""
    made: list[TextEdit] = []
    for edit in found.fix.edits if found.fix else ():
        written = _edits_of(edit, sources)
        if not written:
            return ()
        made += written
    return tuple(dict.fromkeys(made))


def _edits_of(edit: Edit, sources: Sources) -> tuple[TextEdit, ...]:
    document = sources.documents.get(edit.place.path)
    if isinstance(document, YamlDocument):
        return yaml_edits(document, edit)
    if isinstance(document, PlainDocument) and isinstance(edit, Replacement):
        start, end = edit.place.range or (0, 0)
        fits = document.text[start:end] == edit.old and not document.unread
        return (TextEdit(document.path, start, end, edit.new),) if fits else ()
    return ()
