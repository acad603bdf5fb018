"""A checked project in the editor's terms: files as URIs, places as ranges, edits of text as edits of buffers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from lsprotocol import types
from pygls.uris import from_fs_path

from cyberflow.edits import TextEdit
from cyberflow.lsp.analyst import Checked
from cyberflow.lsp.texts import EditorText, Encoding
from cyberflow.source import LineIndex, Span


@dataclass
class ProjectView:
    """One result, seen by a client that counts in one encoding."""

    checked: Checked
    encoding: Encoding
    _texts: dict[str, tuple[EditorText, LineIndex]] = field(default_factory=dict)

    def uri(self, path: str) -> str:
        """A file of the project as a URI."""
        return file_uri(self.checked.root / path)

    def text(self, path: str) -> EditorText:
        """The text of a file as the editor counts it."""
        return self._find(path)[0]

    def range(self, span: Span) -> types.Range:
        """A span as a range."""
        text, lines = self._find(span.path)
        start = lines.offset(span.line, span.column - 1)
        end = lines.offset(span.end_line, span.end_column - 1)
        return self.range_of(text, start, max(start, end))

    def range_of(self, text: EditorText, start: int, end: int) -> types.Range:
        """A half-open interval of a text as a range."""
        return types.Range(types.Position(*text.position(start)), types.Position(*text.position(end)))

    def location(self, span: Span) -> types.Location:
        return types.Location(self.uri(span.path), self.range(span))

    def offset(self, path: str, position: types.Position) -> int:
        """A position as an offset of the text with LF."""
        return self.text(path).offset((position.line, position.character))

    def line_and_column(self, path: str, position: types.Position) -> tuple[int, int]:
        """A position as findings tell it: both from 1, the column in characters."""
        text, lines = self._find(path)
        offset = text.offset((position.line, position.character))
        line = lines.number(offset)
        return line, offset - lines.range(line)[0] + 1

    def workspace_edit(self, edits: Iterable[TextEdit], *, versions: bool) -> types.WorkspaceEdit:
        """Edits of text as the client applies them; with `versions` to the buffers they were made for and no others."""
        by_path: dict[str, list[types.TextEdit]] = {}
        for one in sorted(edits, key=lambda edit: (edit.path, edit.start, edit.end)):
            buffer = self.checked.buffers.get(one.path)
            written = one.text.replace("\n", buffer.line_end if buffer else "\n")
            by_path.setdefault(one.path, []).append(
                types.TextEdit(self.range_of(self.text(one.path), one.start, one.end), written)
            )
        if not versions:
            return types.WorkspaceEdit(changes={self.uri(path): made for path, made in by_path.items()})
        changes = [types.TextDocumentEdit(self._identify(path), list(made)) for path, made in by_path.items()]
        return types.WorkspaceEdit(document_changes=list(changes))

    def _identify(self, path: str) -> types.OptionalVersionedTextDocumentIdentifier:
        buffer = self.checked.buffers.get(path)
        return types.OptionalVersionedTextDocumentIdentifier(self.uri(path), buffer.version if buffer else None)

    def _find(self, path: str) -> tuple[EditorText, LineIndex]:
        if path not in self._texts:
            document = self.checked.state.sources.documents.get(path)
            buffer = self.checked.buffers.get(path)
            text = buffer.text if buffer else EditorText(document.text if document else "", self.encoding)
            self._texts[path] = text, LineIndex(path, text.text)
        return self._texts[path]


def file_uri(path: Path) -> str:
    """A path of the disk as a URI."""
    return from_fs_path(str(path)) or ""
