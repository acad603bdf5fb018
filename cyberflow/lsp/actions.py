"""Code actions: the fixes of findings, all safe ones of a file at once, and a comment that silences one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from lsprotocol import types

from cyberflow.compiler.fixes.text_edits import text_fix
from cyberflow.diagnostics import Diagnostic
from cyberflow.edits import TextEdit, choose_apart
from cyberflow.language.python.reading.document import PythonDocument
from cyberflow.language.yaml.document import YamlDocument
from cyberflow.lsp.view import ProjectView
from cyberflow.source import Document, LineIndex

FIX_ALL = f"{types.CodeActionKind.SourceFixAll.value}.cyberflow"
_REASON = "say why here"
_UNFIT = frozenset({"unused-ignore", "yaml-syntax", "merge-conflict"})
Shown = Iterable[tuple[Diagnostic, types.Diagnostic]]


def code_actions(
    view: ProjectView, path: str, shown: Shown, wanted: types.Range, *, versions: bool
) -> Iterator[types.CodeAction]:
    """What can be done about the findings that touch a range of a file."""
    shown = list(shown)
    touched = [(one, told) for one, told in shown if _touch(told.range, wanted)]
    for one, told in touched:
        if (fix := text_fix(one, view.checked.state.sources)) is not None:
            edit = view.workspace_edit(fix.edits, versions=versions)
            title, kind = fix.message, types.CodeActionKind.QuickFix
            yield types.CodeAction(_sentence(title), kind, [told], is_preferred=fix.safe, edit=edit)
    for one, told in touched:
        if (made := ignore_comment(view, one)) is not None:
            edit = view.workspace_edit([made], versions=versions)
            title = f"Silence with a comment: ignore[{one.rule}]"
            yield types.CodeAction(title, types.CodeActionKind.QuickFix, [told], edit=edit)
    every = list(safe_edits(view, path, shown))
    if every:
        title, edit = "Make all safe fixes of cyberflow", view.workspace_edit(every, versions=versions)
        yield types.CodeAction(title, FIX_ALL, edit=edit)


def safe_edits(view: ProjectView, path: str, shown: Shown) -> Iterator[TextEdit]:
    """The edits of all safe fixes that stay in one file."""
    fixes = (text_fix(one, view.checked.state.sources) for one, _ in shown)
    safe = [fix.edits for fix in fixes if fix and fix.safe and all(edit.path == path for edit in fix.edits)]
    yield from dict.fromkeys(edit for edits in choose_apart(safe) for edit in edits)


def ignore_comment(view: ProjectView, one: Diagnostic) -> TextEdit | None:
    """A comment above the line of a finding that silences it; None where no comment can stand."""
    span = view.checked.state.sources.span(one.place)
    document = view.checked.state.sources.documents.get(span.path)
    if document is None or one.rule in _UNFIT or span.path.endswith((".json", ".wire")):
        return None
    lines = LineIndex(span.path, document.text)
    number, in_prompt = _comment_line(document, one, span.line, lines)
    start, end = lines.range(number)
    indent = re.match(r"[ \t]*", document.text[start:end])
    words = f"cyberflow: ignore[{one.rule}] {_REASON}"
    comment = f"{{# {words} #}}" if in_prompt else f"# {words}"
    return TextEdit(span.path, start, start, f"{indent[0] if indent else ''}{comment}\n")


def _comment_line(document: Document, one: Diagnostic, line: int, lines: LineIndex) -> tuple[int, bool]:
    """The line that a comment goes above, and whether it is one of a prompt, where a template's comment stands."""
    if isinstance(document, YamlDocument):
        node: Any = document.node(one.place.route) if one.place.route else None
        if node is not None and isinstance(node.value, str) and node.start_mark.line < line - 1:
            return (line, True) if node.style in ("|", ">") else (node.start_mark.line + 1, False)
        return line, False
    if isinstance(document, PythonDocument):
        start = lines.range(line)[0]
        return line, any(low < start < high for low, high in document.strings)
    return line, True


def _touch(one: types.Range, other: types.Range) -> bool:
    def key(position: types.Position) -> tuple[int, int]:
        return position.line, position.character

    return key(one.start) <= key(other.end) and key(other.start) <= key(one.end)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
