"""`cyberflow pull`: write workflows of the platform as sources, and prove that they say the same."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import click

from cyberflow.cli.commands.build import resolve_target_name
from cyberflow.cli.options import common_options, project_root, target_option
from cyberflow.cli.project import say
from cyberflow.cli.views.diagnostics_text import pluralize
from cyberflow.deploy.pull.folder import PullFolder, display_path
from cyberflow.deploy.pull.read import PullResult, read_pull
from cyberflow.errors import UsageError
from cyberflow.language.project.load import read_project, target_of
from cyberflow.remote.identity import Owner
from cyberflow.targets import open_target

DEFAULT = "workflows"


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
    folder = PullFolder(sourced, options["into"] or sourced.root / DEFAULT)
    found = asyncio.run(_read(folder, name, names, quiet=options["quiet"]))
    if found.left_out:
        shown = ", ".join(f"`{one}`" for one in found.left_out)
        say(f"left out, declared already: {shown}; `--into .cyberflow/pulled` writes them beside the sources")
    if not found.verified.pulled:
        say("the target has no workflow to pull")
        return 0
    folder.write(found.verified.files, force=options["force"])
    _print_pulled(folder, found)
    if not options["quiet"]:
        _print_next_steps(folder, name, found)
    return 0


async def _read(folder: PullFolder, target: str, names: tuple[str, ...], *, quiet: bool) -> PullResult:
    settings = folder.sourced.settings
    async with open_target(folder.sourced, target, say) as service:
        if not quiet:
            say(service.line)
        owner = Owner(settings.project, target_of(settings, target).scope)
        return await read_pull(service.cyberdesk, folder, owner, names)


def _print_pulled(folder: PullFolder, found: PullResult) -> None:
    for one in found.verified.pulled:
        title = f"  {click.style(one.title, dim=True)}" if one.title and one.title != one.name else ""
        path = display_path(folder.path / next(iter(one.texts)))
        click.echo(f"  {click.style('✓', fg='green', bold=True)} {path}{title}")
    for name, faults in found.verified.faults.items():
        for fault in faults:
            say(f"{click.style('note', fg='yellow', bold=True)}: `{name}`: {fault}")


def _print_next_steps(folder: PullFolder, target: str, found: PullResult) -> None:
    pulled = found.verified.pulled
    say(f"wrote {pluralize(len(pulled), 'workflow')} of {found.total} below {display_path(folder.path)}")
    if new := [one for one in pulled if not one.ours]:
        say("to make them this project's:")
        words = f"--target {target} " if target != "local" else ""
        for one in new:
            say(f"  cyberflow adopt {words}{one.name} {one.id}")
