"""`cyberflow pull`: write workflows of the platform as sources, and prove that they say the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cyberflow.cli.console import announce, say
from cyberflow.cli.interrupts import run_cancellable
from cyberflow.cli.options import common_options, project_root, target_option
from cyberflow.cli.styles import one_line, style
from cyberflow.deploy.pull.folder import PullFolder, display_path
from cyberflow.deploy.pull.read import PullResult
from cyberflow.diagnostics import pluralize
from cyberflow.errors import UsageError
from cyberflow.language.project.load import read_project
from cyberflow.sdk.deployments.pulls import PullOptions, pull_sources
from cyberflow.sdk.project import resolve_target_name


@click.command("pull")
@common_options()
@target_option
@click.argument("names", nargs=-1, metavar="[NAME...]")
@click.option("--all", "everything", is_flag=True, help="Every workflow that is not another project's.")
@click.option("--into", type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help="Default: workflows/.")
@click.option("--force", is_flag=True, help="Write over files that differ.")
def command(*, project: Path | None, target: str | None, names: tuple[str, ...], **options: Any) -> int:
    """Write workflows of the platform as YAML, with their prompts and images.

    NAME is a declared name, a title or an id. What is written is compiled and held against the platform; what the
    language cannot say is told. `adopt` then makes the workflow this project's.

    \b
    Example:
      cyberflow pull "Patient lookup" --target prod
      cyberflow pull --all --into imported
    """
    if bool(names) == options["everything"]:
        raise UsageError("say which workflows: names, titles or ids, or --all")
    sourced = read_project(project_root(project))
    name = resolve_target_name(sourced, target)
    quiet = options["quiet"]
    asked = PullOptions(names, options["into"], options["force"])
    folder, found = run_cancellable(pull_sources(sourced, name, asked, say, lambda at: announce(at, quiet=quiet)))
    if found.left_out:
        shown = ", ".join(f"`{one}`" for one in found.left_out)
        say(f"left out, declared already: {shown}; `--into .cyberflow/pulled` writes them beside the sources")
    if not found.verified.pulled:
        say("the target has no workflow to pull")
        return 0
    _print_pulled(folder, found)
    if not quiet:
        _print_next_steps(folder, name, found)
    return 0


def _print_pulled(folder: PullFolder, found: PullResult) -> None:
    for one in found.verified.pulled:
        title = f"  {style(one_line(one.title), dim=True)}" if one.title and one.title != one.name else ""
        path = display_path(folder.path / next(iter(one.texts)))
        click.echo(f"  {style('✓', fg='green', bold=True)} {path}{title}")
    for name, faults in found.verified.faults.items():
        for fault in faults:
            say(f"{style('note', fg='yellow', bold=True)}: `{name}`: {fault}")


def _print_next_steps(folder: PullFolder, target: str, found: PullResult) -> None:
    pulled = found.verified.pulled
    say(f"wrote {pluralize(len(pulled), 'workflow')} of {found.total} below {display_path(folder.path)}")
    if new := [one for one in pulled if not one.ours]:
        say("to make them this project's:")
        words = f"--target {target} " if target != "local" else ""
        for one in new:
            say(f"  cyberflow adopt {words}{one.name} {one.id}")
