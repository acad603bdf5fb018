"""`cyberflow check`: every finding of the project, in one pass, offline."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import click

from cyberflow.cli.options import common, root
from cyberflow.compiler import check
from cyberflow.diagnostics import Diagnostic
from cyberflow.language import Sourced, read


@click.command("check")
@common("text", "json", "sarif", "github")
@click.option("--error-on", type=click.Choice(["error", "warning"]), default="error", show_default=True)
def command(*, project: Path | None, format: str, quiet: bool, error_on: str) -> int:
    """Find every mistake of the project, offline.

    Reads all declarations, prompts and schemas, checks placeholders, refs and types, and prints each finding with its
    place and what to do about it. Exit code 1 when there is an error.

    \b
    Example:
      cyberflow check
      cyberflow check --format github --error-on warning
      cyberflow check --format sarif > cyberflow.sarif
    """
    gc.disable()
    sourced = read(root(project))
    found = check(sourced)
    write = {"text": _text, "json": _json, "sarif": _sarif, "github": _github}[format]
    write(sourced, found, quiet)
    fails = {"error"} if error_on == "error" else {"error", "warning"}
    return 1 if any(one.severity in fails for one in found) else 0


def _text(sourced: Sourced, found: list[Diagnostic], quiet: bool) -> None:
    from cyberflow.cli.printer import Printer, summary

    printer = Printer.of(sourced, found)
    for one in found:
        click.echo(printer.render(one) + "\n")
    if found or not quiet:
        click.echo(summary(sourced, found))


def _json(sourced: Sourced, found: list[Diagnostic], _quiet: bool) -> None:
    from cyberflow.cli.findings_json import findings

    click.echo(findings(sourced, found))


def _sarif(sourced: Sourced, found: list[Diagnostic], _quiet: bool) -> None:
    from cyberflow.cli.sarif import sarif

    click.echo(sarif(sourced, found, os.environ))


def _github(sourced: Sourced, found: list[Diagnostic], _quiet: bool) -> None:
    from cyberflow.cli.findings_json import workflow_commands

    for line in workflow_commands(sourced, found):
        click.echo(line)


def stop_at_errors(sourced: Sourced, found: list[Diagnostic]) -> bool:
    """Print the errors of a project before a command that needs none; whether there were any."""
    errors = [one for one in found if one.severity == "error"]
    if errors:
        _text(sourced, errors, quiet=False)
    return bool(errors)
