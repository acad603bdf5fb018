"""Fixes of what a placeholder or a step names and nothing declares, or the other way round."""

from __future__ import annotations

import json

from cyberflow.compiler.graph import PYTHON_SUFFIX, ChainNode, Graph, NameKind, StepNode, TaskNode, Value, WorkflowNode
from cyberflow.compiler.interface import Field
from cyberflow.compiler.queries.suggestions import suggest_ref
from cyberflow.compiler.scanned_text import ScannedText
from cyberflow.diagnostics import fix_name, replace_text
from cyberflow.edits import Addition, Edit, Fix, Removal, Rewrite
from cyberflow.language.prompt.escapes import begins_word
from cyberflow.language.prompt.placeholders import SIGNS, placeholder
from cyberflow.language.prompt.tokens import Token
from cyberflow.source import Place

_POWERSHELL = "{$_}"


def fix_declaration(
    owner: WorkflowNode | ChainNode | TaskNode, kind: NameKind, text: ScannedText, token: Token
) -> Fix | None:
    """The fix of a token that names nothing declared: the name that was meant, or what else it was meant to be."""
    written, root = text.scan.text[token.start : token.end], token.path.root
    place = text.place_of(token.start, token.end)
    if ref := suggest_ref(owner, token) if kind == "input" else None:
        return rewrite_as_ref(text.place, ref) if written == text.text.value else None
    if root in (owner.secrets if kind == "input" else owner.inputs):
        other: NameKind = "secret" if kind == "input" else "input"
        return replace_text(place, written, placeholder(other, token.path), safe=True)
    if written == _POWERSHELL:
        return escape_text(text, token.start, token.end, safe=True)
    at = token.start + written.index(root)
    declared = owner.fields_of(kind).fields
    meant = fix_name(text.place_of(at, at + len(root)), root, declared)
    return meant or (escape_text(text, token.start, token.end) if declared else _declare(owner, kind, root))


def _declare(owner: WorkflowNode | ChainNode | TaskNode, kind: NameKind, name: str) -> Fix | None:
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
    steps = (step for chain in graph.chains.values() for step in chain.steps if step.workflow is owner)
    values = (step.values_of(kind).get(field.name) for step in steps)
    edits += [Removal(value.place, parents=1) for value in values if value is not None]
    if isinstance(owner, WorkflowNode):
        place, written = owner.definition.at("from_machine"), SIGNS[kind] + field.name
        listed = enumerate(owner.body.from_machine)
        edits += [Removal(place.at(index), parents=1) for index, one in listed if one == written]
    return Fix(f"take `{field.name}` away", tuple(edits), safe=len(edits) == 1)


def hand_on(chain: ChainNode, step: StepNode, kind: NameKind, name: str, given: str) -> Fix | None:
    """The guess that a step takes an input or secret of its chain."""
    if chain.in_python:
        return None
    edit = Addition(step.at(f"{kind}s"), name, json.dumps(placeholder(kind, given)))
    return Fix(f"hand on `{given}` as `{name}`", (edit,))


def move_to_secrets(step: StepNode, name: str, value: Value) -> Fix | None:
    """The fix that hands a secret on under `secrets`, where a step has it among its inputs."""
    token = value.sole_token
    if token is None or token.token.kind != "secret":
        return None
    given = json.dumps(placeholder("secret", token.token.path))
    edits = (Removal(value.place, parents=1), Addition(step.at("secrets"), name, given))
    return Fix(f"move `{name}` to `secrets`", edits)
