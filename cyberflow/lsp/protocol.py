"""The protocol of pygls without its copies of the documents: it ends lines where no editor does, at a line separator or
a form feed, moves the positions of an edit to fit, and keeps something of each message for ever.
"""

from __future__ import annotations

from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.protocol import LanguageServerProtocol, lsp_method


class BufferlessProtocol(LanguageServerProtocol):
    """What is open is the session's to know. The handlers are plain functions: of one that yields pygls keeps the
    result of each notification.
    """

    def structure_message(self, data: dict[str, Any]) -> Any:
        """Read a message; a request that cannot be read is refused, where pygls would leave the client waiting."""
        try:
            return super().structure_message(data)
        except JsonRpcException as refusal:
            if "id" in data and "method" in data:
                self._send_response(data["id"], error=refusal.to_response_error())
            raise

    @lsp_method(types.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(self, params: types.DidOpenTextDocumentParams) -> None:
        self.fm.features[types.TEXT_DOCUMENT_DID_OPEN](params)

    @lsp_method(types.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: types.DidChangeTextDocumentParams) -> None:
        self.fm.features[types.TEXT_DOCUMENT_DID_CHANGE](params)

    @lsp_method(types.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(self, params: types.DidCloseTextDocumentParams) -> None:
        self.fm.features[types.TEXT_DOCUMENT_DID_CLOSE](params)
