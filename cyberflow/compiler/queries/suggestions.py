"""Suggestions: what an author probably meant, in the words of the language."""

from __future__ import annotations

from collections.abc import Iterable

from cyberflow.compiler.graph import AnyCaller
from cyberflow.compiler.interface import NameKind
from cyberflow.compiler.queries.texts import Owner, TextScope
from cyberflow.compiler.scanned_text import ScannedText
from cyberflow.diagnostics import did_you_mean, fix_name, nearest
from cyberflow.edits import Fix
from cyberflow.language.prompt.escapes import with_literal
from cyberflow.language.prompt.paths import format_path, part_span
from cyberflow.language.prompt.placeholders import placeholder
from cyberflow.language.prompt.tokens import Token
from cyberflow.source import Place


def suggest_member(word: str, known: Iterable[str], note: str) -> str | None:
    """Help for a misspelt member; what there is is not listed again when the note shows the whole type."""
    names = list(known)
    return did_you_mean(word, names) if nearest(word, names) or not note or "…" in note else None


def fix_path_part(place: Place, written: str, part: int, word: str, known: Iterable[str]) -> Fix | None:
    """The mend of a misspelt part of a path that is the whole text at the place; part 0 is the root."""
    span = part_span(written, part)
    return fix_name(place.within(*span), word, known) if span else None


def argument_syntax(caller: AnyCaller, kind: NameKind, name: str, given: str) -> str:
    """How a step hands the `given` of a chain or pipeline on as the `name` of what it runs."""
    return f"`{name}={given}`" if caller.in_python else f"`{kind}s: {{{name}: {placeholder(kind, given)}}}`"


def suggest_declaration(scope: TextScope, kind: NameKind, text: ScannedText, token: Token) -> str:
    """Help for a token that names nothing declared: what was meant, and how the text itself is written."""
    root, other = token.path.root, scope.fields_of("secret" if kind == "input" else "input")
    if ref := suggest_ref(scope.owner, token) if kind == "input" else None:
        return f"`{root}` is a step: write `{{$ref: {ref}}}`"
    if root in other:
        instead: NameKind = "secret" if kind == "input" else "input"
        article = "a" if instead == "secret" else "an"
        return f"`{root}` is {article} {instead}: write `{placeholder(instead, token.path)}`"
    if token.wire == "{$_}":
        return "PowerShell's `$_` in braces is read as a secret: write `\\{$_}`, or `{ $_ }`"
    declared = scope.fields_of(kind).fields
    help = did_you_mean(root, declared, f"`{placeholder(kind, '{}')}`") or f"declare it under `{kind}s`"
    return with_literal(help, text.scan.text, token.start, token.end, text.format)


def suggest_ref(owner: Owner, token: Token) -> str | None:
    """The ref that a placeholder was meant to be, when its root is a step."""
    if not isinstance(owner, AnyCaller) or not (producer := owner.producer(token.path.root)):
        return None
    keys = token.path.keys[1:] if token.path.keys[:1] == ("outputs",) else token.path.keys
    keys = keys or (next(iter(producer.outputs.fields), "NAME"),)
    return format_path(token.path.root, ("outputs", *keys))
