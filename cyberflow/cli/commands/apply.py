"""`cyberflow apply`: make the target's workflows what the project declares. First the plan, then a yes, then work."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from cyberflow.cli.commands.plan import FILE, prune_options, split_names
from cyberflow.cli.confirm import ask_yes_no, confirm_write, is_terminal
from cyberflow.cli.console import announce, print_json, say, say_help
from cyberflow.cli.error_text import print_error
from cyberflow.cli.interrupts import INTERRUPTED, ignore_signals, run_cancellable
from cyberflow.cli.options import common_options, project_root, target_option
from cyberflow.cli.output_streams import output_failure
from cyberflow.cli.views.plans.plan_text import outcome_line, plan_lines
from cyberflow.deploy.plan.model import Outcome, Plan
from cyberflow.deploy.plan.plan_file import SavedPlan
from cyberflow.diagnostics import pluralize
from cyberflow.errors import CyberflowError, UsageError
from cyberflow.sdk.deployments.deployment import (
    Application,
    ApplyOptions,
    Deployment,
    PlanOptions,
    open_deployment,
    read_saved_plan,
)
from cyberflow.sdk.project import CompiledProject, compile_project


@click.command("apply")
@common_options("text", "json")
@target_option
@click.argument("file", required=False, type=FILE)
@click.option("--yes", "-y", is_flag=True, help="Do not ask; for CI.")
@click.option("--confirm", metavar="TARGET", help="Name a protected target; --yes does not answer for it.")
@click.option("--only", multiple=True, metavar="NAME", help="These workflows alone: several times, or with commas.")
@click.option("--overwrite-drift", is_flag=True, help="Write over what a person changed on the platform.")
@click.option("--wait-idle", is_flag=True, help="Wait until no workflow that would change has a live run.")
@click.option("--prune", is_flag=True, help="Take away what is no longer declared.")
@click.option("--delete-runs", is_flag=True, help="With --prune: delete workflows that have runs, and the runs.")
@click.option("--force", is_flag=True, help="With --prune: even when it takes much, or what is in use.")
@click.option("--prune-images", is_flag=True, help="Delete our images that nothing uses.")
@click.option("--bundle", type=FILE, metavar="FILE", help="A bundle in place of the sources.")
@click.option("--receipt", type=FILE, metavar="FILE", help="Write the receipt here too.")
@click.option("--approved-by", metavar="WHO", help="Who approved it, for the receipt; without it the CI is asked.")
def command(*, project: Path | None, target: str | None, bundle: Path | None, **options: Any) -> int:
    """Make the target's workflows what the project declares.

    Creates and updates workflows, their images and tags; without --prune it never deletes. FILE is a plan that
    `plan --out` saved: exactly that is carried out, or nothing when the target or the project has moved. Safe to kill
    and to run again: a second apply does nothing.

    \b
    Example:
      cyberflow apply
      cyberflow apply --target prod --confirm prod --yes
      cyberflow apply --yes prod.plan
    """
    saved = _read_plan(options)
    if saved is not None:
        if target not in (None, saved.target):
            raise UsageError(f"the plan is for target `{saved.target}`, not for `{target}`")
        target = saved.target
    asked = ApplyOptions(
        PlanOptions(split_names(options["only"]), prune_options(options)),
        saved,
        options["overwrite_drift"],
        options["wait_idle"],
        options["receipt"],
        options["approved_by"],
    )
    door = _Door(options["yes"], options["confirm"], options["format"] == "json", options["quiet"])
    compiled = compile_project(project_root(project), target, bundle)
    return run_cancellable(_Apply(compiled, asked, door).run())


def _read_plan(options: dict[str, Any]) -> SavedPlan | None:
    if options["file"] is None:
        return None
    if given := [name for name in ("only", "prune", "delete_runs", "force", "prune_images") if options[name]]:
        raise UsageError(
            f"--{given[0].replace('_', '-')} belongs to the plan", help="give it to `cyberflow plan --out`"
        )
    return read_saved_plan(options["file"])


@dataclass(frozen=True)
class _Door:
    """How an apply is asked for and shown."""

    yes: bool
    confirm: str | None
    json: bool
    quiet: bool


class _Apply:
    """One apply as it is shown: the plan, the question, each outcome, the end."""

    def __init__(self, compiled: CompiledProject, options: ApplyOptions, door: _Door) -> None:
        self._compiled = compiled
        self._options = options
        self._door = door
        self._concluded: Application | None = None

    async def run(self) -> int:
        try:
            async with open_deployment(self._compiled, say) as deployment:
                announce(deployment.service, quiet=self._door.quiet)
                return await self._deploy(deployment)
        except asyncio.CancelledError:
            if self._concluded is not None:
                return self._concluded.exit_code
            say("interrupted; nothing was sent")
            return INTERRUPTED

    async def _deploy(self, deployment: Deployment) -> int:
        made = await deployment.plan_apply(self._options)
        self._show(made)
        if made.pending and not (made.errors or made.refused):
            self._ask(made, deployment)
            await self._wait(made, deployment)
        application = deployment.apply(made, self._options)
        try:
            async with application:
                if not application.is_refused:
                    await self._carry_out(application)
                ignore_signals()
                self._concluded = application
                self._sum_up(application)
                self._conclude(application)
        except asyncio.CancelledError:
            say("interrupted: what was under way may have been written; the next apply goes on from what is there")
            return INTERRUPTED
        except CyberflowError as error:
            print_error(error)
            return max(application.exit_code, error.exit_code)
        return application.exit_code

    def _show(self, made: Plan) -> None:
        if not self._door.json and not (self._door.quiet and not made.exit_code):
            click.echo("\n".join(plan_lines(made)))

    def _ask(self, made: Plan, deployment: Deployment) -> None:
        """Ask for a yes before the first write. Raises UsageError where nobody can give one; a no ends the command."""
        door = self._door
        confirm_write(deployment, "apply", yes=door.yes, confirm=door.confirm)
        drift = any(change.action == "drift" for change in made.changes)
        if drift and is_terminal() and not self._options.overwrite_drift and not door.yes:
            overwrite = ask_yes_no("write over what was changed by hand?")
            self._options = replace(self._options, overwrite_drift=overwrite)

    async def _wait(self, made: Plan, deployment: Deployment) -> None:
        if not self._options.wait_idle or not made.live:
            return
        told = -1
        async for live in deployment.wait_until_idle(made):
            runs = sum(map(len, live.values()))
            if runs != told:
                say(f"waiting for {pluralize(runs, 'live run')} of {', '.join(_workflow_names(made, live))}")
                told = runs

    async def _carry_out(self, application: Application) -> None:
        reported = 0
        try:
            async with aclosing(application.run()) as outcomes:
                async for outcome in outcomes:
                    self._report(outcome)
                    reported += 1
        except BaseException:
            self._report(*application.outcomes[reported:])
            self._conclude(application)
            raise

    def _sum_up(self, application: Application) -> None:
        if application.is_refused or not application.plan.pending or self._door.json:
            return
        for help in dict.fromkeys(one.help for one in application.outcomes if one.help):
            say_help(help)
        if self._door.quiet:
            return
        some = any(one.status == "done" for one in application.outcomes)
        end = "done, but not all of it: see above" if some else "nothing was changed: see above"
        say("done" if application.exit_code == 0 else end)

    def _conclude(self, application: Application) -> None:
        """Print what a program reads, and have the receipt say so when nothing could be printed."""
        if self._door.json:
            outcomes = [one.to_json() for one in application.outcomes]
            print_json({**application.plan.to_json(), "outcomes": outcomes})
        if (failure := output_failure()) is not None:
            application.exit_code = max(application.exit_code, failure.exit_code)

    def _report(self, *outcomes: Outcome) -> None:
        for outcome in outcomes if not self._door.json else ():
            click.echo(outcome_line(outcome))


def _workflow_names(made: Plan, ids: Mapping[str, Any]) -> list[str]:
    return [f"`{change.name}`" for change in made.changes if change.id in ids and change.kind == "workflow"]
