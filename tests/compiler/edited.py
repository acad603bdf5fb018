"""Texts with edits made in them."""

from __future__ import annotations

from collections.abc import Iterable

from cyberflow.edits import TextEdit, edit_text


def edit_texts(edits: Iterable[TextEdit], texts: dict[str, str]) -> dict[str, str]:
    """The texts that change, by path, with every edit made."""
    by_path: dict[str, set[TextEdit]] = {}
    for edit in edits:
        by_path.setdefault(edit.path, set()).add(edit)
    return {path: edit_text(texts[path], some) for path, some in by_path.items()}
