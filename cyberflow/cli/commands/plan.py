"""`cyberflow plan`: what apply would change, read from the target and never written."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from cyberflow.cli.console import announce, print_json, say
from cyberflow.cli.interrupts import run_cancellable
from cyberflow.cli.options import common_options, project_root, target_option
from cyberflow.deploy.plan.model import Plan, PruneOptions
from cyberflow.deploy.plan.plan_file import dump_plan
from cyberflow.deploy.replay.model import ReplayRange
from cyberflow.errors import UsageError
from cyberflow.sdk.deployments.deployment import PlanOptions, open_deployment
from cyberflow.sdk.project import CompiledProject, compile_project
from cyberflow.storage import write_text

PENDING = 5
FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("plan")
@common_options("text", "json", "markdown")
@target_option
@click.option("--check", is_flag=True, help="Exit 5 when changes are pending, drift included.")
@click.option("--only", multiple=True, metavar="NAME", help="These workflows alone: several times, or with commas.")
@click.option("--out", type=FILE, metavar="FILE", help="Save the plan, for `apply FILE`.")
@click.option("--prune", is_flag=True, help="Show what `apply --prune` would take as well.")
@click.option("--delete-runs", is_flag=True, help="With --prune: delete workflows that have runs, and the runs.")
@click.option("--force", is_flag=True, help="With --prune: even when it takes much, or what is in use.")
@click.option("--prune-images", is_flag=True, help="Show the images that `apply --prune-images` would delete.")
@click.option("--replay", metavar="N|DATE", help="Hold the last N runs, or those since DATE, against the changes.")
@click.option("--show-values", is_flag=True, help="With --replay, on a terminal: the values that would be refused.")
@click.option("--fail-on", type=click.Choice(["replay"]), help="Exit 1 when a past run would be refused.")
@click.option("--images", is_flag=True, help="List our images that nothing uses.")
@click.option("--bundle", type=FILE, metavar="FILE", help="A bundle in place of the sources.")
def command(*, project: Path | None, target: str | None, bundle: Path | None, **options: Any) -> int:
    """Show what apply would change. Reads only.

    \b
    Example:
      cyberflow plan --target prod
      cyberflow plan --check --format json
      cyberflow plan --target prod --format markdown --out prod.plan
      cyberflow plan --target prod --replay 200 --fail-on replay
    """
    past = _replay_range(options)
    compiled = compile_project(project_root(project), target, bundle)
    asked = PlanOptions(split_names(options["only"]), prune_options(options), past)
    made = run_cancellable(_plan(compiled, asked, quiet=options["quiet"]))
    print_plan(made, options["format"], images=options["images"], values=options["show_values"])
    if (out := options["out"]) is not None:
        write_text(out, dump_plan(made))
        if not options["quiet"]:
            say(f"saved: `cyberflow apply {out}` carries out exactly this, or refuses")
    if made.exit_code:
        return made.exit_code
    if options["fail_on"] and any(one.replay and one.replay.refused for one in made.changes):
        return 1
    return PENDING if options["check"] and made.pending else 0


def _replay_range(options: dict[str, Any]) -> ReplayRange | None:
    """The runs of `--replay`. Raises UsageError where an option needs it, or values could reach a file."""
    given = options["replay"]
    if given is None and (options["show_values"] or options["fail_on"]):
        word = "--show-values" if options["show_values"] else "--fail-on replay"
        raise UsageError(f"{word} needs --replay", help="--replay 50, or --replay 2026-03-01")
    if options["show_values"] and (options["format"] != "text" or not sys.stdout.isatty()):
        raise UsageError("--show-values is for a terminal: what runs were given is written to no file and no pipe")
    return None if given is None else ReplayRange.parse(given)


async def _plan(compiled: CompiledProject, options: PlanOptions, *, quiet: bool) -> Plan:
    async with open_deployment(compiled, say) as deployment:
        announce(deployment.service, quiet=quiet)
        return await deployment.plan(options)


def print_plan(made: Plan, format: str, *, images: bool = False, values: bool = False) -> None:
    """Print a plan in one of its formats."""
    if format == "json":
        print_json(made.to_json())
    elif format == "markdown":
        from cyberflow.cli.views.plans.plan_markdown import plan_markdown

        click.echo(plan_markdown(made))
    else:
        from cyberflow.cli.views.plans.plan_text import image_lines, plan_lines

        click.echo("\n".join([*plan_lines(made, values=values), *(image_lines(made) if images else ())]))


def split_names(given: tuple[str, ...]) -> tuple[str, ...]:
    """The names of `--only`, which may also be given with commas."""
    return tuple(name for one in given for name in one.split(",") if name)


def prune_options(options: dict[str, Any]) -> PruneOptions:
    """What the options of pruning ask for."""
    return PruneOptions(
        workflows=options["prune"],
        delete_runs=options["delete_runs"],
        images=options["prune_images"],
        force=options["force"],
    )
