"""Fixes of what a placeholder or a step names and nothing declares, or the other way round."""

from __future__ import annotations

import json

from cyberflow.compiler.graph import PYTHON_SUFFIX, AnyCaller, CallNode, Graph, TaskNode, WorkflowNode
from cyberflow.compiler.interface import Field, NameKind
from cyberflow.compiler.queries.suggestions import suggest_ref
from cyberflow.compiler.queries.texts import Owner, TextScope
from cyberflow.compiler.scanned_text import ScannedText, Value
from cyberflow.diagnostics import fix_name, replace_text
from cyberflow.edits import Addition, Edit, Fix, Removal, Rewrite
from cyberflow.language.prompt.escapes import begins_word
from cyberflow.language.prompt.placeholders import SIGNS, placeholder
from cyberflow.language.prompt.tokens import Token
from cyberflow.source import Place

_POWERSHELL = "{$_}"


def fix_declaration(scope: TextScope, kind: NameKind, text: ScannedText, token: Token) -> Fix | None:
    """The fix of a token that names nothing declared: the name that was meant, or what else it was meant to be."""
    written, root = text.scan.text[token.start : token.end], token.path.root
    place = text.place_of(token.start, token.end)
    if ref := suggest_ref(scope.owner, token) if kind == "input" else None:
        return rewrite_as_ref(text.place, ref) if written == text.text.value else None
    if root in scope.fields_of("secret" if kind == "input" else "input"):
        other: NameKind = "secret" if kind == "input" else "input"
        return replace_text(place, written, placeholder(other, token.path), safe=True)
    if written == _POWERSHELL:
        return escape_text(text, token.start, token.end, safe=True)
    at = token.start + written.index(root)
    declared = scope.fields_of(kind).fields
    meant = fix_name(text.place_of(at, at + len(root)), root, declared)
    return meant or (escape_text(text, token.start, token.end) if declared else _declare(scope.owner, kind, root))


def _declare(owner: Owner, kind: NameKind, name: str) -> Fix | None:
    """The guess that a name is missing among the declared ones, and stands for a text."""
    if owner.definition.place.path.endswith(PYTHON_SUFFIX):
        return None
    key, value = (name, '"string"') if kind == "input" else ("", json.dumps(name))
    return Fix(f"declare the {kind} `{name}`", (Addition(owner.definition.at(f"{kind}s"), key, value),))


def escape_text(text: ScannedText, start: int, end: int, *, safe: bool = False) -> Fix | None:
    """The fix that lets characters of a text mean themselves."""
    written = text.scan.text[start:end]
    if not begins_word(text.scan.text, start):
        return None
    return replace_text(text.place_of(start, end), written, f"\\{written}", safe=safe)


def rewrite_as_ref(place: Place, ref: object) -> Fix | None:
    """The fix that writes a ref in place of a text; none where its output is not known."""
    if "NAME" in str(ref).split("."):
        return None
    return Fix(f"write `{{$ref: {ref}}}`", (Rewrite(place, json.dumps({"$ref": str(ref)})),))


def remove_declaration(graph: Graph, owner: WorkflowNode | TaskNode, kind: NameKind, field: Field) -> Fix:
    """The fix that takes an input or secret away, and what the steps of chains give it."""
    edits: list[Edit] = [Removal(field.place, parents=1)]
    runs = (step for caller in graph.callers for step in caller.steps if step.callee)
    steps = (step for step in runs if step.callee and step.callee.place == owner.definition.place)
    values = (step.values_of(kind).get(field.name) for step in steps)
    edits += [Removal(value.place, parents=1) for value in values if value is not None]
    if isinstance(owner, WorkflowNode):
        place, written = owner.definition.at("from_machine"), SIGNS[kind] + field.name
        listed = enumerate(owner.body.from_machine)
        edits += [Removal(place.at(index), parents=1) for index, one in listed if one == written]
    return Fix(f"take `{field.name}` away", tuple(edits), safe=len(edits) == 1)


def hand_on(caller: AnyCaller, step: CallNode, kind: NameKind, name: str, given: str) -> Fix | None:
    """The guess that a step takes an input or secret of its chain or pipeline."""
    if caller.in_python:
        return None
    edit = Addition(step.at(f"{kind}s"), name, json.dumps(placeholder(kind, given)))
    return Fix(f"hand on `{given}` as `{name}`", (edit,))


def move_to_secrets(step: CallNode, name: str, value: Value) -> Fix | None:
    """The fix that hands a secret on under `secrets`, where a step has it among its inputs."""
    token = value.sole_token
    if token is None or token.token.kind != "secret":
        return None
    given = json.dumps(placeholder("secret", token.token.path))
    edits = (Removal(value.place, parents=1), Addition(step.at("secrets"), name, given))
    return Fix(f"move `{name}` to `secrets`", edits)
