"""Findings put in order: of one graph, of all targets, silenced, as loud as the project wants them, without secrets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import chain

from cyberflow.compiler.build import GraphBuilder
from cyberflow.compiler.graph import Graph
from cyberflow.compiler.queries.texts import text_findings
from cyberflow.compiler.rules import WARNINGS, graph_rules
from cyberflow.diagnostics import Diagnostic
from cyberflow.edits import texts_of
from cyberflow.language.characters import note_invisible
from cyberflow.language.project.declarations import decode_project
from cyberflow.language.project.load import RawProject
from cyberflow.late import dataclass, expression
from cyberflow.source import Route, Sources, Span

_QUOTED = expression(r"`[^`]*`")
PromptFiles = dict[str, dict[Route, set[str]]]
"""The files that the text of each prompt comes from, by the path and route of the prompt."""


def check_graph(graph: Graph) -> Iterator[Diagnostic]:
    """Run every rule over one graph."""
    found = (text_findings(graph), *(find(graph) for find in graph_rules().values()))
    return (replace(one, severity="warning") if one.rule in WARNINGS else one for one in chain.from_iterable(found))


@dataclass(frozen=True)
class TargetBuild:
    """A project compiled for one target, with what was found meanwhile: neither silenced nor masked nor in order."""

    builder: GraphBuilder
    graph: Graph
    findings: tuple[Diagnostic, ...]


def build_target(sourced: RawProject, target: str) -> TargetBuild:
    """Compile a project for one target, and run every rule over it."""
    project = decode_project(sourced, target)
    builder = GraphBuilder(project)
    graph = builder.build()
    return TargetBuild(builder, graph, (*project.problems, *builder.problems, *check_graph(graph)))


def targets_to_check(sourced: RawProject) -> list[str]:
    """The targets whose declarations can differ: all of them when there are templates, else the default one."""
    settings = sourced.settings
    if not sourced.has_templates:
        return [settings.default_target]
    return sorted({"local", settings.default_target, *settings.targets})


def merge_targets(found: Mapping[str, Iterable[Diagnostic]]) -> list[Diagnostic]:
    """Findings of all targets, each once; where targets differ, one that only some have names them."""
    hit: dict[Diagnostic, list[str]] = {}
    for target, findings in found.items():
        for one in findings:
            hit.setdefault(one, []).append(target)
    return [
        one if len(where) == len(found) else replace(one, notes=(*one.notes, _only_for_targets(where)))
        for one, where in hit.items()
    ]


def sort_findings(found: Iterable[Diagnostic], sources: Sources) -> list[Diagnostic]:
    """Each finding once, by path, place and rule; what stands behind two aliases is one."""
    once: dict[tuple[Span, str, str], Diagnostic] = {}
    for one in found:
        once.setdefault((sources.span(one.place), one.rule, one.message), one)
    return [once[key] for key in sorted(once)]


def prompt_files(graphs: Iterable[Graph]) -> PromptFiles:
    """Where the prompts of some graphs come from."""
    files: PromptFiles = {}
    for graph in graphs:
        for (path, route), prompt in graph.project.prompts.items():
            held = files.setdefault(path, {}).setdefault(route, set())
            held.update(piece.place.path for piece in prompt.text.pieces)
    return files


def redact_and_sort(found: Iterable[Diagnostic], sourced: RawProject) -> list[Diagnostic]:
    """Findings without the text of any literal secret, whoever quoted it, in the order in which they are shown."""
    return sort_findings(_redact_secrets(found, sourced), sourced.sources)


def _redact_secrets(found: Iterable[Diagnostic], sourced: RawProject) -> Iterator[Diagnostic]:
    for one in found:
        edits = one.fix.edits if one.fix else ()
        paths = {one.place.path, *(label.place.path for label in one.labels), *(edit.place.path for edit in edits)}
        hide = partial(sourced.secrets.hide, paths=paths)
        yield replace(
            one,
            message=hide(one.message),
            note=hide(_note_unseen(one)),
            notes=tuple(hide(note) for note in one.notes),
            help=hide(one.help) if one.help else None,
            labels=tuple(replace(label, message=hide(label.message)) for label in one.labels),
            fix=one.fix if one.fix and all(hide(text) == text for text in texts_of(one.fix)) else None,
        )


def _note_unseen(finding: Diagnostic) -> str:
    """The note of a finding; where its message quotes a word with characters that nobody sees, it says which."""
    note, unseen = finding.note, note_invisible("".join(_QUOTED.findall(finding.message)))
    return note if not unseen or "(U+" in note else f"{note}; {unseen}" if note else unseen


def _only_for_targets(names: list[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in names)
    return f"only for target {shown}" if len(names) == 1 else f"only for targets {shown}"
