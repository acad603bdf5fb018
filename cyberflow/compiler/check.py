"""Checks a project: runs every rule over the graph of every target. Findings come out once each, sorted by place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from cyberflow.compiler.build import GraphBuilder
from cyberflow.compiler.facts.file_facts import ProjectFacts
from cyberflow.compiler.facts.findings import TargetBuild, build_target, prompt_files, redact_and_sort, targets_to_check
from cyberflow.compiler.facts.link import link
from cyberflow.compiler.graph import Graph
from cyberflow.compiler.levels import apply_levels, check_levels, is_unread, levels_to_compile
from cyberflow.compiler.rules import REMOTE_RULES, RULES, TEST_RULES
from cyberflow.compiler.suppressions import Suppressions, comments_of
from cyberflow.diagnostics import Diagnostic, did_you_mean, fix_name
from cyberflow.language.project.load import RawProject
from cyberflow.source import Place

if TYPE_CHECKING:
    from cyberflow.language.flow_tests.cases import ReadTests


def check_target(
    sourced: RawProject, target: str, built: TargetBuild | None = None
) -> tuple[Graph, GraphBuilder, list[Diagnostic]]:
    """Compile a project for one target, unless it is `built`: its graph, and what is wrong with it, told as `check`
    tells it.
    """
    built = build_target(sourced, target) if built is None else built
    graph = built.graph
    found = [*_check_settings(sourced), *sourced.problems, *built.findings]
    if sourced.tests:
        from cyberflow.compiler.flow_tests.check import check_tests

        found += check_tests(_tests_for(sourced, target), {target: graph}, sourced.settings.default_target)
    prompts = prompt_files([graph])
    comments = [one for document in sourced.sources.documents.values() for one in comments_of(document, prompts)]
    ignores = Suppressions(sourced.sources, comments)
    left = [*filter(is_unread, found), *ignores.filter(one for one in found if not is_unread(one))]
    return graph, built.builder, redact_and_sort(apply_levels(left, levels_to_compile(sourced.settings.rules)), sourced)


def check(
    sourced: RawProject, remote: Iterable[Diagnostic] | None = None, built: Mapping[str, TargetBuild] | None = None
) -> list[Diagnostic]:
    """Every finding of a project, with what a target that was asked has said. Where targets differ, one that only some
    have names them. `built` are targets for which it is compiled already.
    """
    if built and not sourced.has_templates:
        built = dict.fromkeys(targets_to_check(sourced), next(iter(built.values())))  # no target differs from another
    return check_facts(sourced, link(sourced, ProjectFacts(), built), remote)


def check_facts(
    sourced: RawProject, facts: ProjectFacts, remote: Iterable[Diagnostic] | None = None
) -> list[Diagnostic]:
    """Every finding of a project whose files have these facts."""
    kept = [one for file in facts.files.values() for one in file.findings]
    comments = [one for file in facts.files.values() for one in file.comments]
    others = (one for path, one in sourced.files.documents.items() if path not in facts.files)
    comments += [one for document in others for one in comments_of(document, {})]
    ignores = Suppressions(sourced.sources, comments)
    levels = sourced.settings.rules
    found = [*_check_settings(sourced), *sourced.problems, *kept, *(remote or ())]
    left = [*ignores.filter(found)]
    left += ignores.check_comments(RULES, unasked=(*TEST_RULES, *(REMOTE_RULES if remote is None else ())))
    return redact_and_sort(apply_levels(left, levels), sourced)


def _tests_for(sourced: RawProject, target: str) -> ReadTests:
    """The tests that read a project as it is for one target."""
    from cyberflow.language.flow_tests.cases import read_cases

    default, tests = sourced.settings.default_target, read_cases(sourced.tests, sourced.files)
    same = not sourced.has_templates
    return replace(tests, cases=tuple(one for one in tests.cases if same or (one.target or default) == target))


def _check_settings(sourced: RawProject) -> Iterator[Diagnostic]:
    yield from check_levels(sourced.settings.rules)
    name, known = sourced.settings.default_target, {"local", *sourced.settings.targets}
    unread = any(problem.place.route[:1] == ("targets",) for problem in sourced.problems)
    if name not in known and not unread:
        place = Place("cyberflow.yaml", ("default_target",))
        help, fix = did_you_mean(name, known), fix_name(place, name, known)
        yield Diagnostic("missing-key", f"there is no target `{name}`", place, help=help, fix=fix)
