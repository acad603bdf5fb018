"""Fixes as edits of text. Rules name places; the readers of the files know how to write there."""

from __future__ import annotations

from cyberflow.diagnostics import Diagnostic
from cyberflow.edits import Edit, Removal, Replacement, TextEdit
from cyberflow.language.python.reading.document import PythonDocument
from cyberflow.language.python.reading.text_edits import python_edits
from cyberflow.language.yaml.document import YamlDocument
from cyberflow.language.yaml.writing.entries import is_whole_lines
from cyberflow.language.yaml.writing.text_edits import raw_edits, yaml_edits
from cyberflow.late import dataclass
from cyberflow.source import Document, Sources


@dataclass(frozen=True)
class TextFix:
    """A fix that can be made: what it does, in words, its edits of text, and whether it may be made unasked."""

    message: str
    edits: tuple[TextEdit, ...]
    safe: bool


def text_fix(found: Diagnostic, sources: Sources) -> TextFix | None:
    """The fix of a finding; None when it has none, or one of its edits cannot be made. What is taken out is a guess
    unless it has its lines to itself.
    """
    if found.fix is None:
        return None
    made: dict[TextEdit, None] = {}
    safe = found.fix.safe
    for edit in found.fix.edits:
        document = sources.documents.get(edit.place.path)
        written = write_edit(edit, document) if document else ()
        if not written or document is None:
            return None
        if isinstance(edit, Removal) and edit.place.route:
            safe = safe and all(is_whole_lines(document.text, one) for one in written)
        made |= dict.fromkeys(written)
    return TextFix(found.fix.message, tuple(made), safe) if made else None


def write_edit(edit: Edit, document: Document) -> tuple[TextEdit, ...]:
    """What to write into a document; nothing when the edit cannot be made there."""
    if isinstance(document, YamlDocument):
        return yaml_edits(document, edit)
    if isinstance(document, PythonDocument) and edit.place.route:
        return python_edits(document, edit) if isinstance(edit, Replacement) else ()
    if getattr(document, "unread", ""):
        return ()
    return raw_edits(document.path, document.text, edit)
