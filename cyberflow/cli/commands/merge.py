"""`cyberflow merge`: join what somebody changed in the dashboard with what the sources say now."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from cyberflow.cli.confirm import confirm_target_name
from cyberflow.cli.console import announce, say
from cyberflow.cli.interrupts import run_cancellable
from cyberflow.cli.options import common_options, project_root, target_option
from cyberflow.cli.styles import style
from cyberflow.sdk.deployments.deployment import open_deployment
from cyberflow.sdk.deployments.merges import MergeResult, merge_into_sources
from cyberflow.sdk.project import CompiledProject, compile_project

CONFLICT = 4
_SIDES = {
    "sources": "as in the sources",
    "platform": "from the platform",
    "blocks": "joined block by block",
    "conflict": "is yours to decide, between the markers",
}


@click.command("merge")
@common_options()
@target_option
@click.argument("name")
@click.option("--confirm", metavar="TARGET", help="Name a protected target.")
def command(*, project: Path | None, target: str | None, name: str, confirm: str | None, quiet: bool) -> int:
    """Join a dashboard edit of a workflow with the edits of the sources.

    Fields are merged one by one, prompts by block. Only what the platform changed is written, into the file where it
    stands; what both changed is left between git's markers, with exit code 4. A clean merge marks the workflow as seen:
    plan then shows an update, and no drift.

    \b
    Example:
      cyberflow merge patient-lookup --target prod
    """
    compiled = compile_project(project_root(project), target)
    found = run_cancellable(_merge(compiled, name, confirm, quiet=quiet))
    click.echo("\n".join(_lines(found)))
    if not quiet:
        _print_next_step(compiled, found)
    return CONFLICT if found.conflicts else 0


async def _merge(compiled: CompiledProject, name: str, confirm: str | None, *, quiet: bool) -> MergeResult:
    async with open_deployment(compiled, say) as deployment:
        announce(deployment.service, quiet=quiet)
        confirm_target_name(deployment, confirm)
        return await merge_into_sources(deployment.service.client, compiled, name)


def _lines(found: MergeResult) -> Iterator[str]:
    if found.merged is None:
        yield f"{style('nothing to merge', fg='green', bold=True)}: nobody changed `{found.name}` since it was applied"
        return
    if found.base is None:
        yield "there is no base: what was applied last is in no commit that is here, so every difference is a conflict"
    else:
        yield f"base: {found.base}"
    for part, side in found.merged.sides.items():
        conflict = part in found.conflicts
        sign, colour = ("!", "magenta") if conflict else ("✓", "green")
        yield f"  {style(sign, fg=colour, bold=True)} {part}  {_SIDES['conflict' if conflict else side]}"
    yield from (f"    {reason}" for reason in found.merged.reasons)
    yield from (f"  wrote {path}" for path in found.written)


def _print_next_step(compiled: CompiledProject, found: MergeResult) -> None:
    words = "" if compiled.target == "local" else f"--target {compiled.target} "
    if found.merged is not None and not found.conflicts:
        say(f"`cyberflow plan {words}`".replace(" `", "`") + " shows what is left to apply")
    elif found.conflicts:
        say(f"decide between the markers, then `cyberflow apply {words}--only {found.name} --overwrite-drift`")
