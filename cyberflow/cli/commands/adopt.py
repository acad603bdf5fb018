"""`cyberflow adopt`: take workflows of the platform under declared names. Their content stays as it is."""

from __future__ import annotations

from pathlib import Path

import click

from cyberflow.cli.confirm import confirm_target_name
from cyberflow.cli.console import announce, say
from cyberflow.cli.interrupts import run_cancellable
from cyberflow.cli.options import common_options, project_root, target_option
from cyberflow.cli.views.plans.plan_text import outcome_line, summary
from cyberflow.errors import UsageError
from cyberflow.sdk.deployments.deployment import PlanOptions, open_deployment
from cyberflow.sdk.project import CompiledProject, compile_project


@click.command("adopt")
@common_options()
@target_option
@click.argument("pairs", nargs=-1, required=True, metavar="NAME ID...")
@click.option("--yes", "-y", is_flag=True, expose_value=False, help="Accepted, as in apply: adopt does not ask.")
@click.option("--confirm", metavar="TARGET", help="Name a protected target.")
def command(
    *, project: Path | None, target: str | None, pairs: tuple[str, ...], confirm: str | None, quiet: bool
) -> int:
    """Take a workflow of the platform as a declared one.

    Writes our marker into its schema and puts our tag on it; everything else stays. From then on plan and apply know
    it under that name. Several pairs of NAME and ID may be given.

    \b
    Example:
      cyberflow pull "Patient lookup"
      cyberflow adopt patient-lookup 8e1e5f8c-9cdc-4bb5-b22a-73c3c7931ba0
    """
    if len(pairs) % 2:
        raise UsageError("adopt takes pairs of a name and an id", help="cyberflow adopt NAME ID")
    compiled = compile_project(project_root(project), target)
    named = list(zip(pairs[::2], pairs[1::2], strict=True))
    return run_cancellable(_adopt(compiled, named, confirm, quiet=quiet))


async def _adopt(compiled: CompiledProject, pairs: list[tuple[str, str]], confirm: str | None, *, quiet: bool) -> int:
    async with open_deployment(compiled, say) as deployment:
        announce(deployment.service, quiet=quiet)
        confirm_target_name(deployment, confirm)
        async for outcome in deployment.adopt(pairs):
            click.echo(outcome_line(outcome))
        left = await deployment.plan(PlanOptions(tuple(name for name, _ in pairs)))
        if not quiet:
            say(summary(left) if not left.pending else f"{summary(left)}; `cyberflow plan` shows it")
    return 0
