"""Completions as the protocol has them."""

from __future__ import annotations

from lsprotocol import types

from cyberflow.lsp.completion.complete import Completion
from cyberflow.lsp.texts import EditorText

_KINDS = {
    "workflow": types.CompletionItemKind.Function,
    "chain": types.CompletionItemKind.Class,
    "task": types.CompletionItemKind.Function,
    "step": types.CompletionItemKind.Method,
    "input": types.CompletionItemKind.Variable,
    "secret": types.CompletionItemKind.Constant,
    "output": types.CompletionItemKind.Field,
    "member": types.CompletionItemKind.Field,
    "type": types.CompletionItemKind.Interface,
    "file": types.CompletionItemKind.File,
    "rule": types.CompletionItemKind.EnumMember,
    "var": types.CompletionItemKind.Variable,
    "key": types.CompletionItemKind.Property,
}


def to_completion_list(found: Completion, text: EditorText) -> types.CompletionList:
    """Suggestions as items, each of which replaces the word that is begun."""
    start, end = (types.Position(*text.position(offset)) for offset in (found.start, found.end))
    items = [
        types.CompletionItem(
            one.label,
            kind=_KINDS.get(one.kind, types.CompletionItemKind.Value),
            detail=one.detail or None,
            documentation=types.MarkupContent(types.MarkupKind.Markdown, one.text) if one.text else None,
            sort_text=one.order or None,
            text_edit=types.TextEdit(types.Range(start, end), one.insert),
        )
        for one in found.items
    ]
    return types.CompletionList(is_incomplete=False, items=items)
