"""The protocol of pygls without its copies of the documents: it ends lines where no editor does, at a line separator or
a form feed, and moves the positions of an edit to fit.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lsprotocol import types
from pygls.protocol import LanguageServerProtocol, lsp_method

Calls = Iterator[tuple[Any, tuple[Any, ...], None]]


class BufferlessProtocol(LanguageServerProtocol):
    """What is open is the session's to know."""

    @lsp_method(types.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(self, params: types.DidOpenTextDocumentParams) -> Calls:
        yield self.fm.features[types.TEXT_DOCUMENT_DID_OPEN], (params,), None

    @lsp_method(types.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: types.DidChangeTextDocumentParams) -> Calls:
        yield self.fm.features[types.TEXT_DOCUMENT_DID_CHANGE], (params,), None

    @lsp_method(types.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(self, params: types.DidCloseTextDocumentParams) -> Calls:
        yield self.fm.features[types.TEXT_DOCUMENT_DID_CLOSE], (params,), None
