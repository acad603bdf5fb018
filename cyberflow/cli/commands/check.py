"""`cyberflow check`: every finding of the project, in one pass, offline."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cyberflow.cli.check_cache import CheckCache, CheckReport
from cyberflow.cli.console import say
from cyberflow.cli.options import common_options, project_root, target_option
from cyberflow.cli.output_streams import write_machine
from cyberflow.cli.views.findings.report import check_and_cache, make_report

if TYPE_CHECKING:
    from cyberflow.diagnostics import Diagnostic
    from cyberflow.language.project.load import RawProject


@click.command("check")
@common_options("text", "json", "sarif", "github")
@target_option
@click.argument("paths", nargs=-1, metavar="[PATH...]", type=click.Path(path_type=Path))
@click.option("--select", multiple=True, metavar="RULE", help="Findings of this rule alone; several times, or commas.")
@click.option("--ignore", multiple=True, metavar="RULE", help="No findings of this rule, this once.")
@click.option("--remote", is_flag=True, help="Ask the target too: pools, machines, models, tags, tasks, inputs.")
@click.option("--error-on", type=click.Choice(["error", "warning"]), default="error", show_default=True)
@click.option("--fix", is_flag=True, help="Make the fixes that are hardly guesses, and show what is left.")
@click.option("--unsafe-fixes", is_flag=True, help="Make those that guess too.")
@click.option("--diff", is_flag=True, help="Print what a fix would change, and write nothing.")
@click.option("--no-cache", is_flag=True, help="Check anew, though nothing has changed.")
def command(*, project: Path | None, target: str | None, format: str, quiet: bool, **options: Any) -> int:
    """Find every mistake of the project, offline.

    Reads all declarations, prompts and schemas, checks placeholders, refs and types, and prints each finding with its
    place and what to do about it. Exit code 1 when there is an error. With PATH the findings of these files alone, of a
    project that is read as a whole. With --target only what is wrong for that one.
    With --fix the files are mended where a finding says what to write, each whole, and never so that another finding
    comes up; --unsafe-fixes makes guesses as well. With --diff nothing is written; exit code 5 when something would be.
    With --remote the target is asked as well whether it has the pools, machines, models, tags and Cyberun workflows
    that are named, and whether each required input is supplied.

    \b
    Example:
      cyberflow check
      cyberflow check workflows/lookup.yaml --select unknown-output
      cyberflow check --fix --diff
      cyberflow check --format github --error-on warning
      cyberflow check --format sarif > cyberflow.sarif
      cyberflow check --remote --target prod
    """
    folder = project_root(project)
    if options["fix"] or options["unsafe_fixes"] or options["diff"]:
        return _fix(folder, target, format, quiet=quiet, options=options)
    asked = bool(options["paths"] or options["select"] or options["ignore"])
    if options["remote"]:
        from cyberflow.sdk.checks.remote import check_remote

        lines = (lambda _: None) if quiet else say
        answer = make_report(*_select(*check_remote(folder, target, say, lines), options), format)
    elif target is not None or asked:
        answer = make_report(*_select(*_check_anew(folder, target), options), format)
    else:
        kept = CheckCache(str(folder))
        anew = options["no_cache"]
        answer = (None if anew else kept.find(format)) or check_and_cache(folder, format, kept, anew=anew)
    return _print(answer, format, quiet=quiet, error_on=options["error_on"])


def _print(answer: CheckReport, format: str, *, quiet: bool, error_on: str) -> int:
    """Print what was found, and give the exit code."""
    if answer.errors or answer.warnings or format != "text" or not quiet:
        if format == "text":
            click.echo(answer.text, nl=False)
        elif answer.text:
            write_machine(answer.text.removesuffix("\n"))
    if answer.hint and format == "text" and not quiet:
        say(answer.hint.removesuffix("\n"))
    return _exit_code(answer, error_on)


def _exit_code(answer: CheckReport, error_on: str) -> int:
    return 1 if answer.errors or (error_on == "warning" and answer.warnings) else 0


def _fix(folder: Path, target: str | None, format: str, *, quiet: bool, options: dict[str, Any]) -> int:
    """Mend the project, or print what would change."""
    from cyberflow.cli.views.findings.fixes import describe_mending, render_diff
    from cyberflow.compiler.facts.analysis import Analysis
    from cyberflow.compiler.fixes.mend import mend
    from cyberflow.errors import UsageError
    from cyberflow.sdk.checks.fix import write_mending
    from cyberflow.sdk.checks.selection import FindingSelection

    if options["remote"] or target is not None:
        raise UsageError("a fix is of the sources, for every target", help="leave out `--remote` and `--target`")
    if options["diff"] and format != "text":
        raise UsageError("`--diff` prints a diff", help="leave out `--format`: in JSON each finding has its fix")
    asked = FindingSelection.of(folder, options["paths"], options["select"], options["ignore"])
    mending = mend(Analysis(folder), asked.filter, unsafe=options["unsafe_fixes"])
    left = mending.before if options["diff"] else mending.after
    answer = make_report(left.raw, asked.filter(left.findings), format)
    if not options["diff"]:
        write_mending(folder, mending)
        for line in () if quiet else describe_mending(mending):
            say(line)
        return _print(answer, format, quiet=quiet, error_on=options["error_on"])
    for line in render_diff(mending):
        click.echo(line)
    if not quiet and not mending.contents:
        say("nothing to mend")
    return 5 if mending.contents else _exit_code(answer, options["error_on"])


def _check_anew(folder: Path, target: str | None) -> tuple[RawProject, list[Diagnostic]]:
    """What is wrong with a project, or for one target."""
    from cyberflow.compiler.check import check, check_target
    from cyberflow.language.project.load import read_project
    from cyberflow.sdk.project import resolve_target_name

    sourced = read_project(folder)
    if target is None:
        return sourced, check(sourced)
    return sourced, check_target(sourced, resolve_target_name(sourced, target))[2]


def _select(
    sourced: RawProject, found: list[Diagnostic], options: dict[str, Any]
) -> tuple[RawProject, list[Diagnostic]]:
    """The findings that were asked for."""
    from cyberflow.sdk.checks.selection import FindingSelection

    asked = FindingSelection.of(sourced.root, options["paths"], options["select"], options["ignore"])
    return sourced, asked.filter(found)
