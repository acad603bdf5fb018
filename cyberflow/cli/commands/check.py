"""`cyberflow check`: every finding of the project, in one pass, offline."""

from __future__ import annotations

import gc
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cyberflow.cli.check_cache import Answer, Kept
from cyberflow.cli.options import common, root, target

if TYPE_CHECKING:
    from cyberflow.diagnostics import Diagnostic
    from cyberflow.language.project.load import Sourced


@click.command("check")
@common("text", "json", "sarif", "github")
@target
@click.option("--remote", is_flag=True, help="Ask the target too: pools, machines, models, tags, tasks, inputs.")
@click.option("--error-on", type=click.Choice(["error", "warning"]), default="error", show_default=True)
@click.option("--no-cache", is_flag=True, help="Check anew, though nothing has changed.")
@click.pass_context
def command(
    ctx: click.Context, /, *, project: Path | None, target: str | None, format: str, quiet: bool, **options: Any
) -> int:
    """Find every mistake of the project, offline.

    Reads all declarations, prompts and schemas, checks placeholders, refs and types, and prints each finding with its
    place and what to do about it. Exit code 1 when there is an error. With --target only what is wrong for that one.
    With --remote the target is asked as well whether it has the pools, machines, models, tags and Cyberun workflows
    that are named, and whether each required input is supplied.

    \b
    Example:
      cyberflow check
      cyberflow check --format github --error-on warning
      cyberflow check --format sarif > cyberflow.sarif
      cyberflow check --remote --target prod
    """
    folder = root(project)
    if options["remote"]:
        from cyberflow.cli.check_remote import check_remote

        answer = _answer(*check_remote(folder, target, quiet=quiet), format)
    elif target is not None:
        answer = _answer(*_check_for(folder, target), format)
    else:
        kept = Kept(folder)
        answer = (None if options["no_cache"] else kept.find(format)) or _check(folder, format, kept)
    if answer.errors or answer.warnings or format != "text" or not quiet:
        click.echo(answer.text, nl=False, color=ctx.color)
    return 1 if answer.errors or (options["error_on"] == "warning" and answer.warnings) else 0


def _check(folder: Path, format: str, kept: Kept) -> Answer:
    """Check a project anew, and keep what is said of it."""
    from cyberflow.compiler.check import check
    from cyberflow.language.project.load import read

    gc.disable()
    sourced = read(folder)
    answer = _answer(sourced, check(sourced), format)
    if format in ("text", "json"):  # the others name the job of CI that they belong to
        kept.keep(format, answer, sourced)
    return answer


def _check_for(folder: Path, target: str) -> tuple[Sourced, list[Diagnostic]]:
    """What is wrong for one target."""
    from cyberflow.cli.commands.build import target_name
    from cyberflow.compiler.check import check_target
    from cyberflow.language.project.load import read

    sourced = read(folder)
    return sourced, check_target(sourced, target_name(sourced, target))[2]


def _answer(sourced: Sourced, found: list[Diagnostic], format: str) -> Answer:
    errors = sum(one.severity == "error" for one in found)
    return Answer(rendered(sourced, found, format), errors, len(found) - errors)


def rendered(sourced: Sourced, found: list[Diagnostic], format: str) -> str:
    """Findings in one of the formats, ending in a line end."""
    if format == "json":
        from cyberflow.cli.views.findings_json import findings

        return findings(sourced, found) + "\n"
    if format == "sarif":
        from cyberflow.cli.views.sarif import sarif

        return sarif(sourced, found, os.environ) + "\n"
    if format == "github":
        from cyberflow.cli.views.findings_json import workflow_commands

        return "".join(f"{line}\n" for line in workflow_commands(sourced, found, os.environ))
    from cyberflow.cli.views.diagnostics_text import Printer, summary

    printer = Printer.of(sourced, found)
    return "".join(f"{printer.render(one)}\n\n" for one in found) + summary(sourced, found) + "\n"


def stop_at_errors(sourced: Sourced, found: list[Diagnostic]) -> bool:
    """Print the errors of a project before a command that needs none; whether there were any."""
    errors = [one for one in found if one.severity == "error"]
    if errors:
        click.echo(rendered(sourced, errors, "text"), nl=False)
    return bool(errors)
