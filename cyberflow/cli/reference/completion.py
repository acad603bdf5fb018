"""Names of the project for a shell that completes: chains, workflows, tasks, pipelines, targets, tests, rules. What
cannot be read completes nothing, in silence.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

import click
from click.shell_completion import CompletionItem, get_completion_class

_WORKFLOWS, _DRAWN = ("workflows",), ("workflows", "chains", "pipelines")
_ALL = ("chains", "workflows", "tasks", "pipelines")
_SECTIONS = {
    ("run", "name"): _ALL,
    ("show", "name"): _ALL,
    ("graph", "name"): _DRAWN,
    ("merge", "name"): _WORKFLOWS,
    ("pull", "names"): _WORKFLOWS,
    ("adopt", "pairs"): _WORKFLOWS,
    ("plan", "only"): _WORKFLOWS,
    ("apply", "only"): _WORKFLOWS,
    ("test", "names"): ("tests",),
}
"""By command and parameter: what of the project is named there."""


def print_completions(program: click.Command, variable: str) -> int:
    """Answer a shell that asks how the line goes on."""
    shell, _, question = os.environ[variable].partition("_")
    made = get_completion_class(shell)
    if made is None or question != "complete":
        return 1
    click.echo(made(program, {}, "cyberflow", variable).complete())
    return 0


def complete_names(command: click.Command) -> None:
    """Have the parameters of a command complete the names that they take."""
    for parameter in command.params:
        names = _source(command.name or "", parameter.name or "")
        if names is not None:
            parameter.shell_complete = _completer(names)  # type: ignore[method-assign, assignment]


def _source(command: str, parameter: str) -> Callable[[Path], Iterable[str]] | None:
    if parameter == "target":
        return _targets
    if (command, parameter) in (("check", "select"), ("check", "ignore")):
        return lambda _: _rules()
    if (command, parameter) == ("explain", "name"):
        return lambda _: _topics()
    sections = _SECTIONS.get((command, parameter))
    return None if sections is None else lambda folder: _declared(folder, sections)


def _completer(names: Callable[[Path], Iterable[str]]) -> Callable[[click.Context, str], list[CompletionItem]]:
    def complete(ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        given = ctx.params.get("project") or (ctx.parent and ctx.parent.params.get("project"))
        try:
            found = sorted(set(names(Path(given or "."))))
        except Exception:  # noqa: BLE001 - whatever it is, a shell that completes is not the place to say so
            return []
        return [CompletionItem(name) for name in found if name.startswith(incomplete)]

    return complete


def _declared(folder: Path, sections: Iterable[str]) -> Iterable[str]:
    from cyberflow.language.discovery import find_root
    from cyberflow.language.flow_tests.cases import read_cases
    from cyberflow.language.project.load import read_project

    sourced = read_project(find_root(folder))
    if "tests" in sections:
        return {case.test for case in read_cases(sourced.tests, sourced.files).cases}
    tops = [document.data for document in sourced.declaration_files if isinstance(document.data, dict)]
    return {name for top in tops for section in sections for name in top.get(section) or ()}


def _targets(folder: Path) -> Iterable[str]:
    from cyberflow.language.discovery import find_root
    from cyberflow.language.project.load import read_project

    return {"local", *read_project(find_root(folder)).settings.targets}


def _rules() -> Iterable[str]:
    from cyberflow.compiler.rules import RULES

    return RULES


def _topics() -> Iterable[str]:
    from cyberflow.cli.reference.topics import topic_names

    return topic_names()
