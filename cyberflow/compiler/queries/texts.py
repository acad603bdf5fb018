"""Texts of a project, and the tokens and values in them."""

from __future__ import annotations

from collections.abc import Iterator

from cyberflow.compiler.graph import ChainNode, Graph, PipelineNode, TaskNode, WorkflowNode
from cyberflow.compiler.interface import Callee, Field, FieldSet, NameKind
from cyberflow.compiler.queries.answers import keep_answer
from cyberflow.compiler.scanned_text import ScannedText, Value
from cyberflow.diagnostics import Diagnostic, replace_text
from cyberflow.edits import Fix
from cyberflow.language.prompt.tokens import TextMend, Token
from cyberflow.late import dataclass
from cyberflow.schema.paths import LookupResult, MissingMember, Scalar, lookup

Owner = WorkflowNode | ChainNode | TaskNode | PipelineNode


@dataclass(frozen=True)
class TextScope:
    """Texts of a declaration, and the inputs that their tokens may name: in a step with `each` its item too."""

    owner: Owner
    inputs: FieldSet
    texts: tuple[ScannedText, ...]

    def fields_of(self, kind: NameKind) -> FieldSet:
        return self.inputs if kind == "input" else self.owner.secrets


def owners(graph: Graph) -> list[Owner]:
    """Every declaration that has texts."""
    return [*graph.workflows.values(), *graph.chains.values(), *graph.tasks.values(), *graph.pipelines.values()]


@keep_answer
def scopes(graph: Graph) -> list[TextScope]:
    """Every text with the names that it may use."""
    return [*_scopes(graph)]


def _scopes(graph: Graph) -> Iterator[TextScope]:
    for owner in owners(graph):
        if isinstance(owner, PipelineNode):
            for step, key, value in owner.values:
                yield TextScope(owner, owner.inputs_at(step, key), value.texts)
        else:
            yield TextScope(owner, owner.inputs, owner.texts)


@keep_answer
def prompts(graph: Graph) -> list[tuple[WorkflowNode, ScannedText]]:
    """Every text that is a prompt, with its workflow."""
    return [(one, text) for one in graph.workflows.values() for text in one.texts if text.format is not None]


@keep_answer
def runtime_tokens(graph: Graph) -> list[tuple[WorkflowNode, ScannedText, Token]]:
    """Every `{{name}}` of the workflows, but for those inside a third pair of braces, which is another finding."""
    return [
        (workflow, text, token)
        for workflow in graph.workflows.values()
        for text in workflow.texts
        for token in text.tokens
        if token.kind == "runtime" and text.scan.text[token.start - 1 : token.start] != "{"
    ]


@keep_answer
def names_in_texts(owner: TextScope | Callee) -> dict[str, set[str]]:
    """The names that the tokens in some texts begin with, by kind."""
    found: dict[str, set[str]] = {"input": set(), "secret": set(), "runtime": set()}
    for text in owner.texts:
        for token in text.tokens:
            found[token.kind].add(token.path.root)
    return found


def text_findings(graph: Graph) -> Iterator[Diagnostic]:
    """What the readers of prompts and of strings in steps found themselves."""
    for owner in owners(graph):
        for text in owner.texts:
            for flaw in text.flaws:
                place = text.place_of(flaw.start, flaw.end)
                fix = _fix_of(text, flaw.mend) if flaw.mend else None
                yield Diagnostic(flaw.rule, flaw.message, place, note=flaw.note, help=flaw.help, fix=fix)


def _fix_of(text: ScannedText, mend: TextMend) -> Fix:
    old = text.text.value[mend.start : mend.end]
    return replace_text(text.place_of(mend.start, mend.end), old, mend.text, safe=mend.safe)


@keep_answer
def find_dead_paths(graph: Graph) -> list[tuple[ScannedText, Token, Field, MissingMember | Scalar]]:
    """Every token whose root is declared and whose path leads nowhere."""
    dead = []
    known: dict[tuple[int, tuple[str | int, ...]], LookupResult] = {}  # types live as long as the graph
    for scope in scopes(graph):
        for text in scope.texts:
            for token in text.tokens:
                if not token.path.keys or token.kind == "runtime":
                    continue
                field = scope.fields_of(token.kind).fields.get(token.path.root)
                if field is None:
                    continue
                asked = id(field.schema), token.path.keys
                found = known.get(asked) or known.setdefault(asked, lookup(field.schema, token.path.keys))
                if isinstance(found, MissingMember | Scalar):
                    dead.append((text, token, field, found))
    return dead


def argument_values(graph: Graph) -> Iterator[tuple[FieldSet, Value]]:
    """The values of chains, tasks and pipelines, with the inputs that `<name>` may be there."""
    for caller in graph.callers:
        yield from ((caller.inputs_at(step, key), value) for step, key, value in caller.values)
    for task in graph.tasks.values():
        yield from ((task.inputs, value) for value in task.parameters.values())
