"""Texts of a project, and the tokens and values in them."""

from __future__ import annotations

from collections.abc import Iterator

from cyberflow.compiler.graph import ChainNode, Graph, TaskNode, Value, WorkflowNode
from cyberflow.compiler.interface import Field
from cyberflow.compiler.scanned_text import ScannedText
from cyberflow.diagnostics import Diagnostic, replace_text
from cyberflow.edits import Fix
from cyberflow.language.prompt.tokens import TextMend, Token
from cyberflow.schema.paths import MissingMember, Scalar, lookup


def owners(graph: Graph) -> list[WorkflowNode | ChainNode | TaskNode]:
    """Every declaration that has texts."""
    return [*graph.workflows.values(), *graph.chains.values(), *graph.tasks.values()]


def prompts(graph: Graph) -> Iterator[tuple[WorkflowNode, ScannedText]]:
    """Every text that is a prompt, with its workflow."""
    for workflow in graph.workflows.values():
        yield from ((workflow, text) for text in workflow.texts if text.format is not None)


def runtime_tokens(graph: Graph) -> Iterator[tuple[WorkflowNode, ScannedText, Token]]:
    """Every `{{name}}` of the workflows, but for those inside a third pair of braces, which is another finding."""
    for workflow in graph.workflows.values():
        for text in workflow.texts:
            for token in text.tokens:
                if token.kind == "runtime" and text.scan.text[token.start - 1 : token.start] != "{":
                    yield workflow, text, token


def text_findings(graph: Graph) -> Iterator[Diagnostic]:
    """What the readers of prompts and chain strings found themselves."""
    for owner in owners(graph):
        for text in owner.texts:
            for flaw in text.flaws:
                place = text.place_of(flaw.start, flaw.end)
                fix = _fix_of(text, flaw.mend) if flaw.mend else None
                yield Diagnostic(flaw.rule, flaw.message, place, note=flaw.note, help=flaw.help, fix=fix)


def _fix_of(text: ScannedText, mend: TextMend) -> Fix:
    old = text.text.value[mend.start : mend.end]
    return replace_text(text.place_of(mend.start, mend.end), old, mend.text, safe=mend.safe)


def find_dead_paths(graph: Graph) -> Iterator[tuple[ScannedText, Token, Field, MissingMember | Scalar]]:
    """Every token whose root is declared and whose path leads nowhere."""
    for owner in owners(graph):
        for text in owner.texts:
            for token in text.tokens:
                if not token.path.keys or token.kind == "runtime":
                    continue
                field = owner.fields_of(token.kind).fields.get(token.path.root)
                found = lookup(field.schema, token.path.keys) if field else None
                if field and isinstance(found, MissingMember | Scalar):
                    yield text, token, field, found


def argument_values(graph: Graph) -> Iterator[tuple[ChainNode | TaskNode, Value]]:
    """The values of chains and tasks in which `<name>` is an input of their own."""
    for chain in graph.chains.values():
        yield from ((chain, value) for _, _, value in chain.values)
    for task in graph.tasks.values():
        yield from ((task, value) for value in task.parameters.values())
