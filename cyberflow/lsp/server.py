"""The server: one client on one pair of streams, its session, and what it has been told."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path

from cyberflow.lsp.analyst import Analyst, Checked
from cyberflow.lsp.handlers import COMMANDS, FEATURES
from cyberflow.lsp.protocol import BufferlessProtocol
from cyberflow.lsp.publisher import Publisher
from cyberflow.lsp.session import Session
from cyberflow.lsp.texts import Encoding
from cyberflow.version import __version__

_ENCODINGS: dict[str, Encoding] = {"utf-8": "utf-8", "utf-16": "utf-16", "utf-32": "utf-32"}


class CyberflowServer(LanguageServer):
    """What the handlers work on. `keys`: the client wants keys of the language completed; `versions`: it takes edits
    for one version of a document.
    """

    def __init__(self) -> None:
        super().__init__("cyberflow", __version__, protocol_cls=BufferlessProtocol)
        self.session = Session(Analyst(self._deliver, self._refuse))
        self.publisher = Publisher(self)
        self.keys = False
        self.versions = False
        self._loop: asyncio.AbstractEventLoop | None = None

    def begin(self, params: types.InitializeParams) -> None:
        """Learn what the client can do and wants."""
        self._loop = asyncio.get_running_loop()
        options: Any = params.initialization_options
        self.keys = isinstance(options, dict) and options.get("keys") is True
        encoding = self.workspace.position_encoding
        self.session.encoding = _ENCODINGS.get(str(getattr(encoding, "value", encoding)), "utf-16")
        self.publisher.begin(params.capabilities)
        edits = params.capabilities.workspace and params.capabilities.workspace.workspace_edit
        self.versions = bool(edits and edits.document_changes)

    def begin_projects(self) -> None:
        """Check what is in the folders of the workspace."""
        folders = [one.uri for one in self.workspace.folders.values()] or [self.workspace.root_uri or ""]
        for uri in folders:
            if path := to_fs_path(uri):
                self.session.begin(Path(path))

    def _deliver(self, checked: Checked) -> None:
        """Called by the analyst, in its thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._take, checked)

    def _refuse(self, reason: str) -> None:
        """Called by the analyst, in its thread."""
        if self._loop is not None and not self._loop.is_closed():
            shown = types.ShowMessageParams(types.MessageType.Error, reason)
            self._loop.call_soon_threadsafe(self.window_show_message, shown)

    def _take(self, checked: Checked) -> None:
        is_new = checked.root not in self.session.views
        self.publisher.publish(self.session.take(checked))
        if is_new:  # what a project is made of stays: the collector need not look at it again and again
            gc.collect()
            gc.freeze()


def make_server() -> CyberflowServer:
    """A server with every feature, which serves when it is given streams."""
    server = CyberflowServer()
    for name, (handler, options) in FEATURES.items():
        server.feature(name, options)(handler)
    for name, command in COMMANDS.items():
        server.command(name)(command)
    return server


def serve() -> None:
    """Serve the client on standard input and output; whatever else prints goes to standard error."""
    sys.stdout.flush()
    source, sink = os.dup(0), os.dup(1)
    os.dup2(2, 1)
    with os.fdopen(source, "rb") as stdin, os.fdopen(sink, "wb") as stdout:
        make_server().start_io(stdin, stdout)
