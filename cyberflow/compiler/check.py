"""Checks a project: runs every rule over the graph of every target. Findings come out once each, sorted by place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from itertools import chain

from cyberflow.compiler.build import GraphBuilder
from cyberflow.compiler.flow_tests.check import check_tests
from cyberflow.compiler.graph import Graph
from cyberflow.compiler.levels import apply_levels, check_levels, levels_to_compile
from cyberflow.compiler.queries.texts import text_findings
from cyberflow.compiler.rules import REMOTE_RULES, RULES, TEST_RULES, WARNINGS, graph_rules
from cyberflow.compiler.suppressions import Suppressions
from cyberflow.diagnostics import Diagnostic, did_you_mean, fix_name
from cyberflow.edits import texts_of
from cyberflow.language.flow_tests.cases import ReadTests
from cyberflow.language.project.load import RawProject, decode_project
from cyberflow.language.project.secret_literals import SecretLiterals
from cyberflow.source import Place, Route, Sources, Span


def check_graph(graph: Graph) -> Iterator[Diagnostic]:
    """Run every rule over one graph."""
    found = (text_findings(graph), *(find(graph) for find in graph_rules().values()))
    return (replace(one, severity="warning") if one.rule in WARNINGS else one for one in chain.from_iterable(found))


def check_target(sourced: RawProject, target: str) -> tuple[Graph, GraphBuilder, list[Diagnostic]]:
    """Compile a project for one target: its graph, and what is wrong with it, told as `check` tells it."""
    graph, builder, found = _compile_target(sourced, target)
    found += check_tests(_tests_for(sourced, target), {target: graph}, sourced.settings.default_target)
    left = Suppressions.read(sourced.sources, _prompt_files([graph])).filter(found)
    return graph, builder, _redact_and_sort(apply_levels(left, levels_to_compile(sourced.settings.rules)), sourced)


def check(sourced: RawProject, remote: Iterable[Diagnostic] | None = None) -> list[Diagnostic]:
    """Every finding of a project, with what a target that was asked has said. Where targets differ, one that only some
    have names them.
    """
    names = targets_to_check(sourced)
    hit: dict[Diagnostic, list[str]] = {}
    graphs: dict[str, Graph] = {}
    for name in names:
        graph, _, found = _compile_target(sourced, name)
        graphs[name] = graph
        for diagnostic in sort_findings(found, sourced.sources):
            hit.setdefault(diagnostic, []).append(name)
    merged = (
        diagnostic
        if len(where) == len(names)
        else replace(diagnostic, notes=(*diagnostic.notes, _only_for_targets(where)))
        for diagnostic, where in hit.items()
    )
    tests = check_tests(sourced.flow_tests, graphs, sourced.settings.default_target)
    ignores = Suppressions.read(sourced.sources, _prompt_files(graphs.values()))
    levels = sourced.settings.rules
    found = [*_check_default_target(sourced), *check_levels(levels), *merged, *tests, *(remote or ())]
    left = [*ignores.filter(found)]
    left += ignores.check_comments(RULES, unasked=(*TEST_RULES, *(REMOTE_RULES if remote is None else ())))
    return _redact_and_sort(apply_levels(left, levels), sourced)


def _compile_target(sourced: RawProject, target: str) -> tuple[Graph, GraphBuilder, list[Diagnostic]]:
    """A project for one target, with everything found on the way."""
    project = decode_project(sourced, target)
    builder = GraphBuilder(project)
    graph = builder.build()
    return graph, builder, [*sourced.problems, *project.problems, *builder.problems, *check_graph(graph)]


def _tests_for(sourced: RawProject, target: str) -> ReadTests:
    """The tests that read a project as it is for one target."""
    default, tests = sourced.settings.default_target, sourced.flow_tests
    same = not sourced.has_templates
    return replace(tests, cases=tuple(one for one in tests.cases if same or (one.target or default) == target))


def _prompt_files(graphs: Iterable[Graph]) -> dict[tuple[str, Route], set[str]]:
    """The files that the text of each prompt comes from."""
    files: dict[tuple[str, Route], set[str]] = {}
    for graph in graphs:
        for at, prompt in graph.project.prompts.items():
            files.setdefault(at, set()).update(piece.place.path for piece in prompt.text.pieces)
    return files


def _redact_and_sort(found: Iterable[Diagnostic], sourced: RawProject) -> list[Diagnostic]:
    return sort_findings(_redact_secrets(found, sourced), sourced.sources)


def _check_default_target(sourced: RawProject) -> Iterator[Diagnostic]:
    name, known = sourced.settings.default_target, {"local", *sourced.settings.targets}
    unread = any(problem.place.route[:1] == ("targets",) for problem in sourced.problems)
    if name not in known and not unread:
        place = Place("cyberflow.yaml", ("default_target",))
        help, fix = did_you_mean(name, known), fix_name(place, name, known)
        yield Diagnostic("missing-key", f"there is no target `{name}`", place, help=help, fix=fix)


def _redact_secrets(found: Iterable[Diagnostic], sourced: RawProject) -> Iterator[Diagnostic]:
    """Findings without the text of any literal secret, whoever quoted it."""
    found = list(found)
    secrets = sourced.secrets if found else SecretLiterals()
    for one in found:
        paths = {one.place.path, *(label.place.path for label in one.labels)}
        hide = partial(secrets.hide, paths=paths)
        yield replace(
            one,
            message=hide(one.message),
            note=hide(one.note),
            notes=tuple(hide(note) for note in one.notes),
            help=hide(one.help) if one.help else None,
            labels=tuple(replace(label, message=hide(label.message)) for label in one.labels),
            fix=one.fix if one.fix and all(hide(text) == text for text in texts_of(one.fix)) else None,
        )


def targets_to_check(sourced: RawProject) -> list[str]:
    """The targets whose declarations can differ: all of them when there are templates, else the default one."""
    settings = sourced.settings
    if not sourced.has_templates:
        return [settings.default_target]
    return sorted({"local", settings.default_target, *settings.targets})


def sort_findings(found: Iterable[Diagnostic], sources: Sources) -> list[Diagnostic]:
    """Each finding once, by path, place and rule; what stands behind two aliases is one."""
    once: dict[tuple[Span, str, str], Diagnostic] = {}
    for one in found:
        once.setdefault((sources.span(one.place), one.rule, one.message), one)
    return [once[key] for key in sorted(once)]


def _only_for_targets(names: list[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in names)
    return f"only for target {shown}" if len(names) == 1 else f"only for targets {shown}"
