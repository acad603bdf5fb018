"""Questions that several rules ask of a chain: which refs parse, which read a later step, which steps form a ring, and
which of the chain's inputs and secrets are used.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from cyberflow.compiler.graph import ChainNode, Graph, ScannedText, StepNode, TaskNode, Value, WorkflowNode
from cyberflow.compiler.interface import Field, FieldSet
from cyberflow.compiler.lookalikes import unread_prompt_text
from cyberflow.compiler.refs import Ref
from cyberflow.diagnostics import Diagnostic, did_you_mean, nearest
from cyberflow.language.prompt.paths import WORD
from cyberflow.language.prompt.tokens import Token
from cyberflow.schema.paths import MissingMember, Scalar, lookup
from cyberflow.source import Place

NameKind = Literal["input", "secret"]
_PLAIN = re.compile(WORD)


@dataclass(frozen=True)
class ValidRef:
    """A ref that parses and stands where one may; `step` is None in the outputs of the chain."""

    ref: Ref
    place: Place
    written: str
    step: StepNode | None
    keys: tuple[str | int, ...] = ()


def valid_refs(chain: ChainNode) -> Iterator[ValidRef]:
    for step, where, value in chain.values:
        if where in ("inputs", "outputs"):
            for use in value.refs:
                if isinstance(use.ref, Ref):
                    yield ValidRef(use.ref, use.place, str(use.written), step, use.keys)


def step_refs(chain: ChainNode) -> Iterator[tuple[StepNode, ValidRef]]:
    yield from ((use.step, use) for use in valid_refs(chain) if use.step is not None)


def forward_refs(chain: ChainNode) -> Iterator[tuple[StepNode, ValidRef, StepNode]]:
    """Refs of a step to itself or to a later one, with the step they read."""
    for step, use in step_refs(chain):
        target = chain.step(use.ref.alias)
        if target is not None and target.index >= step.index:
            yield step, use, target


def closes_cycle(chain: ChainNode, step: StepNode | None, ref: Ref) -> bool:
    """Whether a ref closes a ring: it need not name the step that it does."""
    target = chain.step(ref.alias)
    if step is None or target is None or target.index < step.index:
        return False
    return any(step.id in ring and target.id in ring for ring in chain.cycles)


def ref_cycles(chain: ChainNode) -> list[list[str]]:
    """The rings of refs, each once, from its earliest step back to it."""
    if not any(True for _ in forward_refs(chain)):
        return []
    return chain.cycles


def names_in_use(chain: ChainNode, kind: NameKind) -> set[str]:
    """The inputs or secrets of a chain that reach a step, by a token or because a workflow declares the name, or
    names it and forgot to.
    """
    shape = chain.inputs if kind == "input" else chain.secrets
    named: set[str] = set()
    for text in chain.texts:
        named |= {token.path.root for token in text.tokens if token.kind == kind}
        named |= {flaw.root.removeprefix("$") for flaw in text.flaws if flaw.root}
    used = named | {meant for name in named - set(shape.fields) if (meant := nearest(name, shape.fields))}
    for step in chain.steps:
        used |= unknown_names(step.workflow, kind) if step.workflow else set()
    if chain.inherits:
        for step in chain.steps:
            if step.workflow is not None:
                set_here = step.inputs if kind == "input" else step.secrets
                declared = step.workflow.inputs if kind == "input" else step.workflow.secrets
                used |= set(declared.fields) - set(set_here)
    return used


def is_fully_read(chain: ChainNode, kind: NameKind) -> bool:
    """Whether every step and what its workflow declares could be read, so that what none of them uses is unused."""
    workflows = [step.workflow for step in chain.steps]
    return "steps" not in chain.definition.broken and all(
        workflow is not None and (workflow.inputs if kind == "input" else workflow.secrets).known
        for workflow in workflows
    )


def unknown_names(workflow: WorkflowNode, kind: NameKind) -> set[str]:
    """What the texts of a workflow name and nothing declares: `undeclared-*` speaks of it."""
    shape = workflow.inputs if kind == "input" else workflow.secrets
    roots = {token.path.root for text in workflow.texts for token in text.tokens if token.kind == kind}
    return roots - set(shape.fields)


def text_findings(graph: Graph, rule: str) -> Iterator[Diagnostic]:
    """What the readers of prompts and chain strings found themselves, for one rule."""
    for text in _all_texts(graph):
        for flaw in text.flaws:
            if flaw.rule == rule:
                place = text.place_of(flaw.start, flaw.end)
                yield Diagnostic(rule, flaw.message, place, note=flaw.note, help=flaw.help)


def find_unknown_names(graph: Graph, kind: NameKind) -> Iterator[Diagnostic]:
    """Tokens of workflows and chains whose root nothing declares."""
    for owner in _owners(graph):
        shape = owner.inputs if kind == "input" else owner.secrets
        other = owner.secrets if kind == "input" else owner.inputs
        if not shape.known:
            continue
        for text in owner.texts:
            for token in text.tokens:
                if token.kind == kind and token.path.root not in shape:
                    place = text.place_of(token.start, token.end)
                    written = text.scan.text[token.start : token.end]
                    yield Diagnostic(
                        f"undeclared-{token.kind}",
                        f"`{owner.name}` has no {token.kind} `{token.path.root}`",
                        place,
                        help=_step_help(owner, token) or _declaration_help(token, written, shape, other),
                    )


def _step_help(owner: WorkflowNode | ChainNode | TaskNode, token: Token) -> str | None:
    if not isinstance(owner, ChainNode) or token.kind != "input" or not (producer := owner.producer(token.path.root)):
        return None
    keys = token.path.keys[1:] if token.path.keys[:1] == ("outputs",) else token.path.keys
    keys = keys or (next(iter(producer.outputs.fields), "NAME"),)
    return f"`{token.path.root}` is a step: write `{{$ref: {format_path(token.path.root, ('outputs', *keys))}}}`"


def _declaration_help(token: Token, written: str, shape: FieldSet, other: FieldSet) -> str | None:
    root, sign = token.path.root, "$" if token.kind == "secret" else ""
    help = did_you_mean(root, shape.fields, f"`<{sign}{{}}>`")
    if root in other:
        rest = str(token.path)
        help = f"`{root}` is a secret: write `<${rest}>`" if not sign else f"`{root}` is an input: write `<{rest}>`"
    elif token.kind == "secret" and token.wire == "{$_}":
        help = "PowerShell's `$_` in braces is read as a secret: write `\\{$_}`, or `{ $_ }`"
    elif not help:
        help = f"declare it under `{token.kind}s`, or write `\\{written}` for the text itself"
    return help


def find_dead_paths(graph: Graph) -> Iterator[tuple[Place, Token, Field, MissingMember | Scalar]]:
    """Every token whose root is declared and whose path leads nowhere."""
    for owner in _owners(graph):
        for text in owner.texts:
            for token in text.tokens:
                if not token.path.keys or token.kind == "runtime":
                    continue
                field = (owner.inputs if token.kind == "input" else owner.secrets).fields.get(token.path.root)
                found = lookup(field.schema, token.path.keys) if field else None
                if field and isinstance(found, MissingMember | Scalar):
                    yield text.place_of(token.start, token.end), token, field, found


def find_idle_names(graph: Graph, kind: NameKind) -> Iterator[Diagnostic]:
    """Inputs or secrets of workflows and tasks that no text uses."""
    owners: list[WorkflowNode | TaskNode] = [*graph.workflows.values(), *graph.tasks.values()]
    for workflow in owners:
        if not workflow.complete:
            continue
        shape = workflow.inputs if kind == "input" else workflow.secrets
        named = {token.path.root for text in workflow.texts for token in text.tokens if token.kind != "runtime"}
        strange = named - {*workflow.inputs.fields, *workflow.secrets.fields}
        used = named | {nearest(name, shape.fields) for name in strange}
        used |= {flaw.root.removeprefix("$") for text in workflow.texts for flaw in text.flaws if flaw.root}
        for check in workflow.body.checks or () if isinstance(workflow, WorkflowNode) else ():
            used |= {str(check.loop_input).strip("{}<>"), str(check.expected_match_count_ref).strip("{}<>")}
        for name, field in shape.fields.items():
            if name not in used and not _occurs_in_unread_text(graph, workflow, name):
                sign = "$" if kind == "secret" else ""
                help = f"use it as `<{sign}{name}>`, or take it away"
                message = f"nothing in `{workflow.name}` uses the {kind} `{name}`"
                yield Diagnostic(f"unused-{kind}", message, declaration_place(field), help=help)


def _occurs_in_unread_text(graph: Graph, owner: WorkflowNode | TaskNode, name: str) -> bool:
    """Whether a text would use a name, were it read as it was meant."""
    said = unread_prompt_text(owner, graph.project.files.documents) if isinstance(owner, WorkflowNode) else ""
    return said is None or re.search(rf"(?<!\w){re.escape(name)}(?!\w)", said) is not None


def format_path(root: str, keys: Iterable[str | int]) -> str:
    """A path as it is written in a prompt."""
    parts = [
        f"[{key}]" if isinstance(key, int) else f".{key}" if _PLAIN.fullmatch(key) else f"['{key}']" for key in keys
    ]
    return root + "".join(parts)


def suggest_member(word: str, known: Iterable[str], note: str) -> str | None:
    """Help for a misspelt member; what there is is not listed again when the note shows the whole type."""
    names = list(known)
    return did_you_mean(word, names) if nearest(word, names) or not note or "…" in note else None


def declaration_place(field: Field) -> Place:
    """Where a name is declared: its key, or its entry in a list of secrets."""
    return field.place.at_key()


def _owners(graph: Graph) -> list[WorkflowNode | ChainNode | TaskNode]:
    return [*graph.workflows.values(), *graph.chains.values(), *graph.tasks.values()]


def argument_values(graph: Graph) -> Iterator[tuple[ChainNode | TaskNode, Value]]:
    """The values of chains and tasks in which `<name>` is an input of their own."""
    for chain in graph.chains.values():
        yield from ((chain, value) for _, _, value in chain.values)
    for task in graph.tasks.values():
        yield from ((task, value) for value in task.parameters.values())


def _all_texts(graph: Graph) -> Iterator[ScannedText]:
    for owner in _owners(graph):
        yield from owner.texts


def resolve_misspellings(given: Iterable[str], declared: FieldSet) -> set[str]:
    """The declared names that misspelt ones were meant to be: another rule speaks of the misspelling."""
    return {meant for name in given if name not in declared and (meant := nearest(name, declared.fields))}


def missing_arguments(chain: ChainNode, kind: NameKind) -> Iterator[tuple[StepNode, WorkflowNode, Field]]:
    """What steps need and nothing gives: no value, no chain input or secret of that name, no machine, no near miss."""
    given_by_chain = chain.inputs if kind == "input" else chain.secrets
    if not given_by_chain.known or "steps" in chain.definition.broken:
        return
    for step in chain.steps:
        if (workflow := step.workflow) is None:
            continue
        declared = workflow.inputs if kind == "input" else workflow.secrets
        values = step.inputs if kind == "input" else step.secrets
        given = {*values, *resolve_misspellings(values, declared), *(given_by_chain.fields if chain.inherits else ())}
        machine = {*workflow.body.from_machine, *chain.body.from_machine}
        sign = "$" if kind == "secret" else ""
        for name, field in declared.fields.items():
            if field.required and name not in given and sign + name not in machine:
                renamed = {one for one in unknown_names(workflow, kind) if nearest(one, declared.fields) == name}
                if not renamed & given:
                    yield step, workflow, field


def argument_syntax(chain: ChainNode, kind: NameKind, name: str, given: str) -> str:
    """How a step hands the chain's `given` on as the `name` of its workflow, in the words of the language."""
    if chain.in_python:
        return f"`{name}={given}`"
    return f"`{kind}s: {{{name}: <{'$' if kind == 'secret' else ''}{given}>}}`"


def literal_secrets(step: StepNode) -> list[tuple[str, Value]]:
    """Secrets of a step that are written out where one should be handed on."""
    return [
        (name, value)
        for name, value in step.secrets.items()
        if not (value.refs or value.sole_token or _has_flaws(value))
    ]


def _has_flaws(value: Value) -> bool:
    return any(flaw.root for text in value.texts for flaw in text.flaws)
