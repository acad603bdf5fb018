"""The publisher: findings to the client, pushed as they come, or pulled by one that asks. Whoever pulls a document, and
can be told to pull again, is not pushed the same a second time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from cyberflow.diagnostics import Diagnostic
from cyberflow.lsp.findings import group_findings
from cyberflow.lsp.view import ProjectView, file_uri

Group = list[tuple[Diagnostic, types.Diagnostic]]


class Publisher:
    """What one client has been told."""

    def __init__(self, server: LanguageServer) -> None:
        self._server: Any = server
        self._groups: dict[Path, tuple[ProjectView, dict[str, Group]]] = {}
        self._told: dict[str, tuple[int | None, list[types.Diagnostic]]] = {}
        self._pulled: set[str] = set()
        self._pulls_all = False
        self._refreshes = False

    def begin(self, capabilities: types.ClientCapabilities) -> None:
        """Learn whether the client can be told to pull again."""
        refresh = capabilities.workspace and capabilities.workspace.diagnostics
        self._refreshes = bool(refresh and refresh.refresh_support)

    def findings(self, view: ProjectView) -> dict[str, Group]:
        """The findings of a project by file."""
        root = view.checked.root
        kept = self._groups.get(root)
        if kept is None or kept[0] is not view:
            kept = self._groups[root] = view, group_findings(view)
        return kept[1]

    def findings_at(self, view: ProjectView, path: str, position: types.Position) -> list[Diagnostic]:
        """The findings that a position is inside of."""
        here = position.line, position.character
        return [
            one
            for one, told in self.findings(view).get(path, ())
            if (told.range.start.line, told.range.start.character)
            <= here
            <= (told.range.end.line, told.range.end.character)
        ]

    def publish(self, view: ProjectView) -> None:
        """Tell the client what has changed; nothing of a buffer that has changed since."""
        groups, session = self.findings(view), self._server.session
        root = view.checked.root
        before = [path for path in self._paths_below(root) if path not in groups]
        for path in [*groups, *before, *view.checked.buffers]:
            if session.is_current(view, path):
                self._push(view, path, [told for _, told in groups.get(path, ())])
        if self._refreshes and (self._pulled or self._pulls_all):
            self._server.workspace_diagnostic_refresh(None)

    def _push(self, view: ProjectView, path: str, found: list[types.Diagnostic]) -> None:
        uri = view.uri(path)
        buffer = view.checked.buffers.get(path)
        now = (buffer.version if buffer else None, found)
        if self._pulls(uri):
            now = (now[0], [])
            if not self._told.get(uri, (None, []))[1]:
                return
        if self._told.get(uri, (None, [])) == now:
            return
        self._told[uri] = now
        self._server.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, now[1], now[0]))

    def report(
        self, view: ProjectView, path: str, known: str | None
    ) -> types.RelatedFullDocumentDiagnosticReport | types.RelatedUnchangedDocumentDiagnosticReport:
        """Answer a pull for one document."""
        uri = view.uri(path)
        found = [told for _, told in self.findings(view).get(path, ())]
        self._pulled.add(uri)
        self._push(view, path, found)
        result = _identify(found)
        if known == result:
            return types.RelatedUnchangedDocumentDiagnosticReport(result)
        return types.RelatedFullDocumentDiagnosticReport(found, result_id=result)

    def report_all(
        self, views: list[ProjectView], known: Mapping[str, str]
    ) -> list[types.WorkspaceDocumentDiagnosticReport]:
        """Answer a pull for everything: what is not as the client knows it."""
        self._pulls_all = True
        reports: list[types.WorkspaceDocumentDiagnosticReport] = []
        for view in views:
            groups = self.findings(view)
            uris = {view.uri(path): path for path in groups}
            below = f"{file_uri(view.checked.root)}/"
            gone = {uri: uri[len(below) :] for uri in known if uri.startswith(below) and uri not in uris}
            for uri, path in {**uris, **gone}.items():
                found = [told for _, told in groups.get(path, ())]
                buffer = view.checked.buffers.get(path)
                result, version = _identify(found), buffer.version if buffer else None
                self._push(view, path, found)
                if known.get(uri) != result:
                    reports.append(types.WorkspaceFullDocumentDiagnosticReport(uri, found, version, result_id=result))
        return reports

    def _pulls(self, uri: str) -> bool:
        return self._refreshes and (self._pulls_all or uri in self._pulled)

    def _paths_below(self, root: Path) -> list[str]:
        below = f"{file_uri(root)}/"
        kept = self._groups.get(root)
        known = {kept[0].uri(path): path for path in kept[1]} if kept else {}
        told = (uri for uri, (_, found) in self._told.items() if found and uri.startswith(below))
        return [known.get(uri) or _path_of(uri, root) for uri in told]


def _path_of(uri: str, root: Path) -> str:
    from pygls.uris import to_fs_path

    return Path(to_fs_path(uri) or "").relative_to(root).as_posix()


def _identify(found: list[types.Diagnostic]) -> str:
    return hashlib.sha256(repr(found).encode("utf-8", "surrogatepass")).hexdigest()[:16]
