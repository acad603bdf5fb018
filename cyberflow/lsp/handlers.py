"""The handlers: what the server does about each message of the protocol, a few lines over the session each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.uris import to_fs_path

from cyberflow.compiler.lookup.lookup import Hit, Lookup
from cyberflow.compiler.lookup.rename import RenameRefusal, find_name, rename
from cyberflow.lsp import outline
from cyberflow.lsp.actions import FIX_ALL, code_actions
from cyberflow.lsp.commands import run_command
from cyberflow.lsp.completion.complete import complete
from cyberflow.lsp.completion.items import to_completion_list
from cyberflow.lsp.findings import explain
from cyberflow.lsp.hover import describe_hit, wire_form
from cyberflow.lsp.session import PYTHON
from cyberflow.lsp.texts import Buffer
from cyberflow.lsp.view import ProjectView

Server = Any
"""A `CyberflowServer`, which knows the handlers and is not known here."""
_TRIGGERS = ["<", "$", ".", "/", "(", "[", " "]
_REFUSED = -32803


def initialize(ls: Server, params: types.InitializeParams) -> None:
    ls.begin(params)


def initialized(ls: Server, _params: types.InitializedParams) -> None:
    """Begin, and ask to be told when files change on the disk."""
    workspace = ls.client_capabilities.workspace
    watched = workspace and workspace.did_change_watched_files
    if watched and watched.dynamic_registration:
        options = types.DidChangeWatchedFilesRegistrationOptions([types.FileSystemWatcher("**/*")])
        registration = types.Registration("cyberflow-files", types.WORKSPACE_DID_CHANGE_WATCHED_FILES, options)
        ls.client_register_capability(types.RegistrationParams([registration]))
    ls.begin_projects()


def shutdown(ls: Server, _params: None) -> None:
    ls.session.analyst.stop()


def did_open(ls: Server, params: types.DidOpenTextDocumentParams) -> None:
    one = params.text_document
    ls.session.lay(_file(one.uri), lambda _: Buffer(one.version, one.text, ls.session.encoding))


def did_change(ls: Server, params: types.DidChangeTextDocumentParams) -> None:
    changes, version = [_change(one) for one in params.content_changes], params.text_document.version
    empty = Buffer(0, "", ls.session.encoding)
    ls.session.lay(_file(params.text_document.uri), lambda old: (old or empty).edit(version, changes))


def _change(one: Any) -> Any:
    if isinstance(one, types.TextDocumentContentChangePartial):
        start, end = one.range.start, one.range.end
        return (start.line, start.character), (end.line, end.character), one.text
    return one.text


def did_close(ls: Server, params: types.DidCloseTextDocumentParams) -> None:
    ls.session.lay(_file(params.text_document.uri), lambda _: None)


def did_save(ls: Server, params: types.DidSaveTextDocumentParams) -> None:
    found = ls.session.locate(_file(params.text_document.uri))
    if found is not None:
        ls.session.ask(found[0])


def did_change_files(ls: Server, _params: types.DidChangeWatchedFilesParams) -> None:
    ls.session.ask_all()


async def pull(ls: Server, params: types.DocumentDiagnosticParams) -> types.DocumentDiagnosticReport:
    found = await ls.session.fresh(_file(params.text_document.uri))
    if found is None:
        return types.RelatedFullDocumentDiagnosticReport([])
    report: types.DocumentDiagnosticReport = ls.publisher.report(*found, params.previous_result_id)
    return report


def pull_all(ls: Server, params: types.WorkspaceDiagnosticParams) -> types.WorkspaceDiagnosticReport:
    known = {one.uri: one.value for one in params.previous_result_ids}
    return types.WorkspaceDiagnosticReport(ls.publisher.report_all(list(ls.session.views.values()), known))


async def definition(ls: Server, params: types.DefinitionParams) -> list[types.Location]:
    found = await _hit(ls, params)
    return [found[0].location(one) for one in found[0].checked.lookup.definitions(found[1].entity)] if found else []


async def references(ls: Server, params: types.ReferenceParams) -> list[types.Location]:
    found = await _hit(ls, params)
    if found is None:
        return []
    view, entity = found[0], found[1].entity
    spans = view.checked.lookup.references(entity)
    if params.context.include_declaration and entity.kind != "file":
        spans = sorted({*spans, *view.checked.lookup.definitions(entity)})
    return [view.location(span) for span in spans]


async def hover(ls: Server, params: types.HoverParams) -> types.Hover | None:
    found = await ls.session.fresh(_file(params.text_document.uri))
    if found is None:
        return None
    view, path = found
    lookup, place = view.checked.lookup, view.line_and_column(path, params.position)
    hit = lookup.at(path, *place)
    parts = [explain(one) for one in ls.publisher.findings_at(view, path, params.position)]
    about = describe_hit(lookup, hit) if hit else wire_form(lookup, path, *place)
    parts += [about] if about else []
    if not parts:
        return None
    content = types.MarkupContent(types.MarkupKind.Markdown, "\n\n---\n\n".join(parts))
    return types.Hover(content, view.range(hit.span) if hit else None)


async def completion(ls: Server, params: types.CompletionParams) -> types.CompletionList:
    """Complete what stands in the buffer now, with the names of the last result."""
    file = _file(params.text_document.uri)
    found = ls.session.last(file) or await ls.session.fresh(file)
    if found is None or file.suffix == PYTHON:
        return types.CompletionList(is_incomplete=False, items=[])
    view, path = found
    buffer = ls.session.buffers.get(view.checked.root, {}).get(path)
    text = buffer.text if buffer else view.text(path)
    offset = text.offset((params.position.line, params.position.character))
    return to_completion_list(complete(view.checked.lookup, path, text.text, offset, keys=ls.keys), text)


async def code_action(ls: Server, params: types.CodeActionParams) -> list[types.CodeAction]:
    found = await ls.session.fresh(_file(params.text_document.uri))
    if found is None:
        return []
    view, path = found
    shown = ls.publisher.findings(view).get(path, [])
    only = params.context.only
    made = code_actions(view, path, shown, params.range, versions=ls.versions)
    return [one for one in made if only is None or any(_is_kind(one.kind, kind) for kind in only)]


def _is_kind(kind: Any, wanted: Any) -> bool:
    """Whether a kind of code action is of a wanted one, or of one below it."""
    name, above = (str(getattr(one, "value", one)) for one in (kind, wanted))
    return above in ("", name) or name.startswith(f"{above}.")


async def prepare_rename(ls: Server, params: types.PrepareRenameParams) -> types.PrepareRenamePlaceholder | None:
    found = await _hit(ls, params, Lookup.name_at)
    if found is None:
        return None
    view, hit = found
    span = find_name(view.checked.lookup, hit)
    if isinstance(span, RenameRefusal):
        raise JsonRpcException(str(span), _REFUSED)
    return types.PrepareRenamePlaceholder(view.range(span), hit.entity.name)


async def rename_symbol(ls: Server, params: types.RenameParams) -> types.WorkspaceEdit | None:
    found = await _hit(ls, params, Lookup.name_at)
    if found is None:
        return None
    view, hit = found
    made = rename(view.checked.lookup, hit.entity, params.new_name)
    if isinstance(made, RenameRefusal):
        raise JsonRpcException(str(made), _REFUSED)
    return view.workspace_edit(made, versions=ls.versions)


async def document_symbol(ls: Server, params: types.DocumentSymbolParams) -> list[types.DocumentSymbol]:
    found = await ls.session.fresh(_file(params.text_document.uri))
    return list(outline.document_symbols(*found)) if found else []


def workspace_symbol(ls: Server, params: types.WorkspaceSymbolParams) -> list[types.WorkspaceSymbol]:
    views = ls.session.views.values()
    return [one for view in views for one in outline.workspace_symbols(view, params.query)]


async def code_lens(ls: Server, params: types.CodeLensParams) -> list[types.CodeLens]:
    found = await ls.session.fresh(_file(params.text_document.uri))
    return list(outline.code_lenses(*found)) if found else []


async def run_test(ls: Server, root: str, name: str) -> None:
    await run_command(ls, outline.RUN_TEST, Path(root), name)


async def show_request(ls: Server, root: str, name: str) -> None:
    await run_command(ls, outline.SHOW_REQUEST, Path(root), name)


async def show_graph(ls: Server, root: str, name: str) -> None:
    await run_command(ls, outline.SHOW_GRAPH, Path(root), name)


async def _hit(
    ls: Server, params: Any, find: Callable[[Lookup, str, int, int], Hit | None] = Lookup.at
) -> tuple[ProjectView, Hit] | None:
    """What is named at the position that a request is about. What is renamed is a name, no sign beside it."""
    found = await ls.session.fresh(_file(params.text_document.uri))
    if found is None:
        return None
    view, path = found
    hit = find(view.checked.lookup, path, *view.line_and_column(path, params.position))
    return (view, hit) if hit else None


def _file(uri: str) -> Path:
    """The file of a document; one that is not on a disk belongs to no project."""
    return Path((to_fs_path(uri) if uri.startswith("file:") else None) or "")


_PULL = types.DiagnosticOptions(inter_file_dependencies=True, workspace_diagnostics=True, identifier="cyberflow")
_ACTIONS = types.CodeActionOptions(code_action_kinds=[types.CodeActionKind.QuickFix, FIX_ALL])
FEATURES: dict[str, tuple[Any, Any]] = {
    types.INITIALIZE: (initialize, None),
    types.INITIALIZED: (initialized, None),
    types.SHUTDOWN: (shutdown, None),
    types.TEXT_DOCUMENT_DID_OPEN: (did_open, None),
    types.TEXT_DOCUMENT_DID_CHANGE: (did_change, None),
    types.TEXT_DOCUMENT_DID_CLOSE: (did_close, None),
    types.TEXT_DOCUMENT_DID_SAVE: (did_save, None),
    types.WORKSPACE_DID_CHANGE_WATCHED_FILES: (did_change_files, None),
    types.TEXT_DOCUMENT_DIAGNOSTIC: (pull, _PULL),
    types.WORKSPACE_DIAGNOSTIC: (pull_all, None),
    types.TEXT_DOCUMENT_DEFINITION: (definition, None),
    types.TEXT_DOCUMENT_REFERENCES: (references, None),
    types.TEXT_DOCUMENT_HOVER: (hover, None),
    types.TEXT_DOCUMENT_COMPLETION: (completion, types.CompletionOptions(trigger_characters=_TRIGGERS)),
    types.TEXT_DOCUMENT_CODE_ACTION: (code_action, _ACTIONS),
    types.TEXT_DOCUMENT_PREPARE_RENAME: (prepare_rename, None),
    types.TEXT_DOCUMENT_RENAME: (rename_symbol, types.RenameOptions(prepare_provider=True)),
    types.TEXT_DOCUMENT_DOCUMENT_SYMBOL: (document_symbol, None),
    types.WORKSPACE_SYMBOL: (workspace_symbol, None),
    types.TEXT_DOCUMENT_CODE_LENS: (code_lens, None),
}
"""What is answered, with what the client is told of it."""
COMMANDS: dict[str, Any] = {
    outline.RUN_TEST: run_test,
    outline.SHOW_REQUEST: show_request,
    outline.SHOW_GRAPH: show_graph,
}
