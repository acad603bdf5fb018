"""Inputs and secrets by name: which are used, which are missing, which are named and not declared."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from cyberflow.compiler.graph import (
    AnyCaller,
    CallNode,
    Graph,
    PipelineNode,
    PipelineStepNode,
    TaskNode,
    WorkflowNode,
)
from cyberflow.compiler.interface import Callee, Field, FieldSet, NameKind
from cyberflow.compiler.queries.answers import keep_answer
from cyberflow.compiler.queries.declaration_fixes import fix_declaration, move_to_secrets, remove_declaration
from cyberflow.compiler.queries.lookalikes import unread_prompt_text
from cyberflow.compiler.queries.machine_names import find_unknown_machine_names, misspelt_machine_names
from cyberflow.compiler.queries.suggestions import suggest_declaration
from cyberflow.compiler.queries.texts import names_in_texts, scopes
from cyberflow.compiler.scanned_text import ScannedText, Value
from cyberflow.diagnostics import Diagnostic, Label, did_you_mean, fix_name, nearest
from cyberflow.edits import Fix, Removal
from cyberflow.language.prompt.placeholders import SIGNS, placeholder
from cyberflow.language.prompt.tokens import Token


def names_in_use(caller: AnyCaller, kind: NameKind) -> set[str]:
    """The inputs or secrets of a chain or pipeline that reach a step, by a token or because what it runs declares the
    name, or names it and forgot to.
    """
    declared = caller.fields_of(kind).fields
    named: set[str] = set()
    for step, key, value in caller.values:
        here = _names_in_value(value, kind)
        named |= here - set(caller.inputs_at(step, key).fields) if kind == "input" else here
        named |= here & set(declared)
    used = named | {meant for name in named - set(declared) if (meant := nearest(name, declared))}
    for step in caller.steps:
        if step.callee is not None:
            used |= unknown_names(step.callee, kind)
    return used | _names_of_callees(caller, kind)


def _names_of_callees(caller: AnyCaller, kind: NameKind) -> set[str]:
    """What the steps of a chain or pipeline get because what they run declares the name."""
    names: set[str] = set()
    for step in caller.steps if caller.inherits else ():
        if step.callee is not None:
            names |= step.callee.fields_of(kind).fields.keys() - step.values_of(kind).keys()
    return names


def _names_in_value(value: Value, kind: NameKind) -> set[str]:
    named = {use.token.path.root for use in value.tokens if use.token.kind == kind}
    return named | {flaw.root.removeprefix("$") for text in value.texts for flaw in text.flaws if flaw.root}


def is_fully_read(caller: AnyCaller, kind: NameKind) -> bool:
    """Whether every step and what it runs could be read, so that what none of them uses is unused."""
    return "steps" not in caller.definition.broken and all(
        step.callee is not None and step.callee.fields_of(kind).known for step in caller.steps
    )


def unknown_names(callee: Callee, kind: NameKind) -> set[str]:
    """What the texts of a workflow name and nothing declares: `undeclared-*` speaks of it."""
    return names_in_texts(callee)[kind] - callee.fields_of(kind).fields.keys()


def find_unknown_names(graph: Graph, kind: NameKind) -> Iterator[Diagnostic]:
    """Every token whose root is not declared, with what was probably meant."""
    for scope in scopes(graph):
        fields = scope.fields_of(kind)
        if not fields.known or names_in_texts(scope)[kind] <= fields.fields.keys():
            continue
        for text in scope.texts:
            for token in text.tokens:
                if token.kind == kind and token.path.root not in fields and not _is_escape(text, token):
                    place = text.place_of(token.start, token.end)
                    help = suggest_declaration(scope, kind, text, token)
                    fix = fix_declaration(scope, kind, text, token)
                    message = f"`{scope.owner.name}` has no {kind} `{token.path.root}`"
                    yield Diagnostic(f"undeclared-{kind}", message, place, help=help, fix=fix)


def _is_escape(text: ScannedText, token: Token) -> bool:
    """Whether a backslash before a token was meant to escape it, of which `backslash-placeholder` speaks."""
    return any(flaw.rule == "backslash-placeholder" and flaw.start < token.start < flaw.end for flaw in text.flaws)


def find_idle_names(graph: Graph, kind: NameKind) -> Iterator[Diagnostic]:
    """Inputs or secrets of workflows and tasks that no text uses."""
    for scope in scopes(graph):
        owner, fields = scope.owner, scope.fields_of(kind).fields
        if not isinstance(owner, WorkflowNode | TaskNode) or not owner.complete:
            continue
        if fields.keys() <= set().union(*names_in_texts(scope).values()):
            continue
        used = _names_in_texts(owner, kind)
        for name, field in fields.items():
            if name not in used and not _occurs_in_unread_text(graph, owner, name):
                help = f"use it as `{placeholder(kind, name)}`, or take it away"
                message = f"nothing in `{owner.name}` uses the {kind} `{name}`"
                fix = remove_declaration(graph, owner, kind, field)
                yield Diagnostic(f"unused-{kind}", message, field.place.at_key(), help=help, fix=fix)


def _names_in_texts(owner: WorkflowNode | TaskNode, kind: NameKind) -> set[str | None]:
    """Names that the texts of a declaration use, or misspell."""
    named = {token.path.root for text in owner.texts for token in text.tokens if token.kind != "runtime"}
    strange = named - {*owner.inputs.fields, *owner.secrets.fields}
    named |= {token.path.root for text in owner.texts for token in text.tokens if token.kind == "runtime"}
    used = named | {nearest(name, owner.fields_of(kind).fields) for name in strange}
    used |= {flaw.root.removeprefix("$") for text in owner.texts for flaw in text.flaws if flaw.root}
    for text in owner.texts:
        lost = [flaw for flaw in text.flaws if flaw.rule == "lost-text"]
        used |= {token.path.root for flaw in lost for token in text.scan.tokens if flaw.start <= token.start < flaw.end}
    for check in owner.body.checks or () if isinstance(owner, WorkflowNode) else ():
        used |= {str(check.loop_input).strip("{}<>"), str(check.expected_match_count_ref).strip("{}<>")}
    return used


def _occurs_in_unread_text(graph: Graph, owner: WorkflowNode | TaskNode, name: str) -> bool:
    """Whether a text would use a name, were it read as it was meant."""
    documents = graph.project.files.documents
    paths = {piece.place.path for text in owner.texts for piece in text.text.pieces}
    for problem in graph.project.problems:
        if problem.rule == "lost-text" and problem.place.path in paths:
            span = documents[problem.place.path].span(problem.place)
            lines = documents[problem.place.path].text.split("\n")[span.line - 1 : span.end_line]
            if any(re.search(rf"[<{{]\$?{re.escape(name)}\b", line) for line in lines):
                return True
    said = unread_prompt_text(owner, documents) if isinstance(owner, WorkflowNode) else ""
    return said is None or re.search(rf"(?<!\w){re.escape(name)}(?!\w)", said) is not None


def find_unknown_arguments(graph: Graph, kind: NameKind) -> Iterator[Diagnostic]:
    """What steps and `from_machine` name and the workflow does not declare."""
    for caller in graph.callers:
        for step in caller.steps:
            if step.callee is not None and step.callee.fields_of(kind).known:
                yield from _unknown_arguments(caller, step, step.callee, kind)
            if step.callee is not None and isinstance(step, PipelineStepNode) and kind == "input":
                yield from _unknown_files(step, step.callee)
    yield from find_unknown_machine_names(graph, kind)


def _unknown_arguments(caller: AnyCaller, step: CallNode, callee: Callee, kind: NameKind) -> Iterator[Diagnostic]:
    fields = callee.fields_of(kind)
    for name, value in step.values_of(kind).items():
        is_secret = kind == "input" and name in callee.secrets
        if name in fields or name in unknown_names(callee, kind):
            continue
        if is_secret and not (value.tokens or value.refs):
            continue  # a literal, of which `secret-in-source` speaks
        help, fix = did_you_mean(name, fields.fields), fix_name(value.place.at_key(), name, fields.fields)
        label = Label(callee.at(f"{kind}s").at_key(), "declared here")
        if not fields.fields:
            label = Label(callee.place.at_key(), f"declares no `{kind}s`")
        if is_secret:
            help = f"hand on a secret of the {caller.definition.kind} under `secrets`: `{name}: <$NAME>`"
            fix = move_to_secrets(step, name, value)
            label = Label(callee.secrets.fields[name].place.at_key(), "declared as a secret")
        message = f"`{callee.name}` has no {kind} `{name}`"
        yield Diagnostic(f"unknown-{kind}", message, value.place.at_key(), labels=(label,), help=help, fix=fix)


def _unknown_files(step: PipelineStepNode, callee: Callee) -> Iterator[Diagnostic]:
    """Files of a step that what it runs does not ask for."""
    for name, value in step.files.items():
        if name not in callee.files:
            help = did_you_mean(name, callee.files) if callee.files else f"`{callee.name}` asks for no file at run time"
            labels = (Label(callee.place.at_key(), "declared here"),)
            message = f"`{callee.name}` takes no file `{name}`"
            yield Diagnostic("unknown-input", message, value.place.at_key(), labels=labels, help=help)


def find_idle_arguments(graph: Graph, kind: NameKind) -> Iterator[Diagnostic]:
    """Inputs or secrets of chains and pipelines that no step uses."""
    for chain in graph.callers:
        if chain.fields_of(kind).fields.keys() <= _names_of_callees(chain, kind) and not isinstance(
            chain, PipelineNode
        ):
            continue
        missing = missing_arguments(chain, kind)
        literal = kind == "secret" and any(literal_secrets(step) for step in chain.steps)
        if not chain.steps or not is_fully_read(chain, kind) or (kind == "secret" and missing) or literal:
            continue
        declared = chain.fields_of(kind).fields
        used = names_in_use(chain, kind) | {nearest(field.name, declared) for _, _, field in missing}
        if kind == "input":
            yield from _idle_items(chain)
        for name, field in declared.items():
            if name not in used:
                where = f"use it as `<{name}>` in a step's `inputs`"
                where = where if kind == "input" else f"map it in a step: `secrets: {{NAME: <${name}>}}`"
                help = f"{'hand it to a step' if chain.in_python else where}, or take it away"
                message = f"no step of `{chain.name}` uses the {kind} `{name}`"
                labels = tuple(
                    Label(step.inputs[name].place.at_key(), f"`{step.id}` sets a value of its own")
                    for step in chain.steps
                    if kind == "input" and name in step.inputs
                )
                fix = Fix(f"take `{name}` away", (Removal(field.place, parents=1),), safe=True)
                place = field.place.at_key()
                yield Diagnostic(f"unused-chain-{kind}", message, place, labels=labels, help=help, fix=fix)


def _idle_items(caller: AnyCaller) -> Iterator[Diagnostic]:
    """Items of steps with `each` that nothing in the step uses."""
    for step in caller.steps:
        if not isinstance(step, PipelineStepNode) or step.item is None:
            continue
        name, taken = step.item.name, step.callee.inputs.fields if step.callee and caller.inherits else {}
        used = set().union(*(_names_in_value(value, "input") for key, value in step.values if key != "each"))
        if name not in used and not (name in taken and name not in step.inputs):
            message = f"nothing in step `{step.id}` uses its item `{name}`"
            help = f"hand it on, as `<{name}>`, or run the step once"
            yield Diagnostic("unused-chain-input", message, step.item.place.at_key(), help=help)


def resolve_misspellings(given: Iterable[str], declared: FieldSet) -> set[str]:
    """The declared names that misspelt ones were meant to be: another rule speaks of the misspelling."""
    return {meant for name in given if name not in declared and (meant := nearest(name, declared.fields))}


@keep_answer
def missing_arguments(caller: AnyCaller, kind: NameKind) -> list[tuple[CallNode, Callee, Field]]:
    """What steps need and nothing gives: no value, no input or secret of that name, no machine, no near miss."""
    return [*_missing_arguments(caller, kind)]


def _missing_arguments(caller: AnyCaller, kind: NameKind) -> Iterator[tuple[CallNode, Callee, Field]]:
    if not caller.fields_of(kind).known:
        return
    for step in _steps_that_were_read(caller):
        if (callee := step.callee) is None:
            continue
        declared, values = callee.fields_of(kind), step.values_of(kind)
        inherited = caller.inputs_at(step, "inputs") if kind == "input" else caller.secrets
        given = {*values, *(inherited.fields if caller.inherits else ())}
        lacking = [field for name, field in declared.fields.items() if field.required and name not in given]
        if not lacking:
            continue
        given |= resolve_misspellings([*values, *misspelt_machine_names(caller, kind)], declared)
        machine = {*callee.from_machine, *caller.from_machine}
        for field in lacking:
            if (name := field.name) not in given and SIGNS[kind] + name not in machine:
                renamed = {one for one in unknown_names(callee, kind) if nearest(one, declared.fields) == name}
                if not renamed & given:
                    yield step, callee, field


def _steps_that_were_read(caller: AnyCaller) -> list[CallNode]:
    """The steps without those of which something could not be read; where nobody knows which, none."""
    broken = caller.definition.broken
    if "steps" not in broken:
        return [*caller.steps]
    if "steps[]" in broken or not any(one.startswith("steps[") for one in broken):
        return []
    return [step for index, step in enumerate(caller.steps) if f"steps[{index}]" not in broken]


def literal_secrets(step: CallNode) -> list[tuple[str, Value]]:
    """Secrets of a step that are written out where one should be handed on."""
    return [
        (name, value)
        for name, value in step.secrets.items()
        if not (value.refs or value.sole_token or any(flaw.root for text in value.texts for flaw in text.flaws))
    ]
