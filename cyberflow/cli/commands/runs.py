"""`cyberflow runs`: look at runs that were submitted, follow them, fetch what they made, end them."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import click

from cyberflow.cli.command_list import CommandGroup
from cyberflow.cli.commands.downloads import download_command, screenshots_command
from cyberflow.cli.commands.signals import signal_command
from cyberflow.cli.confirm import confirm_end
from cyberflow.cli.console import print_json, print_record, say
from cyberflow.cli.options import check_status, common_options, parse_id, project_root, secret_option, target_option
from cyberflow.cli.output_streams import filter_streams, keep_on
from cyberflow.cli.runner import FollowInterrupted, follow_and_show, say_detached
from cyberflow.cli.runs_target import run_on_cyberun, run_on_target
from cyberflow.cli.runs_tasks import cancel_and_print_task, print_tasks, show_task, watch_task
from cyberflow.cli.views.runs.run_view import result_lines, run_rows
from cyberflow.compiler.bundle import BundledWorkflow
from cyberflow.run.chain.events import ChainState
from cyberflow.run.chain.result import result_of
from cyberflow.run.inputs.arguments import RawArguments, resolve_arguments
from cyberflow.run.inputs.secrets import system_backends, target_sources
from cyberflow.run.task.request import TaskState
from cyberflow.run.work.journal import follow_command
from cyberflow.run.work.polling import FollowOptions
from cyberflow.sdk.runs.sessions import (
    cancel_session,
    follow_session,
    held_machines,
    list_runs,
    read_run,
    read_session,
    release,
    retry,
)
from cyberflow.targets.local_platform import STATE
from cyberflow.targets.service import CyberdeskService, CyberunService


@click.group("runs", cls=CommandGroup)
@click.pass_context
def command(ctx: click.Context) -> None:
    """List, show, follow, cancel and fetch runs.

    A RUN is the id of a run; where a SESSION is asked for, the id of one of its runs will do.

    \b
    Example:
      cyberflow runs list
      cyberflow runs watch 5c1a58d7-5b31-43ec-b4f6-5b27056adc3d
    """
    if ctx.invoked_subcommand not in ("list", "show"):
        keep_on()


@command.command("list")
@common_options("text", "json")
@target_option
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
@click.option("--status", metavar="STATUS", help="Only runs of this status.")
@click.option("--tasks", is_flag=True, help="Cyberun tasks in place of runs.")
def list_command(*, project: Path | None, target: str | None, quiet: bool, format: str, **options: Any) -> int:
    """List the newest runs.

    \b
    Example:
      cyberflow runs list --status error
    """
    check_status(options["status"], tasks=options["tasks"])
    folder = project_root(project)
    if options["tasks"]:
        wanted = options["limit"], options["status"]
        return run_on_cyberun(
            project, target, quiet, lambda cyberun: print_tasks(cyberun, format, wanted, folder / STATE)
        )

    async def work(service: CyberdeskService) -> int:
        rows = await list_runs(service.client, options["limit"], options["status"], folder / STATE)
        if format == "json":
            print_json({"version": 1, "runs": rows})
            return 0
        for line in run_rows(rows):
            click.echo(line)
        if not rows:
            say("no runs")
        return 0

    return run_on_target(project, target, quiet, work)


@command.command("show")
@common_options("text", "json")
@target_option
@click.argument("run", type=parse_id)
def show_command(*, project: Path | None, target: str | None, quiet: bool, format: str, run: str) -> int:
    """Show one run: its inputs, outputs, errors. Secrets are names. Or show a Cyberun task.

    \b
    Example:
      cyberflow runs show 5c1a58d7-5b31-43ec-b4f6-5b27056adc3d --format json
    """

    async def work(service: CyberdeskService) -> int:
        found = await read_run(service.client, run)
        data = {key: value for key, value in found.to_json().items() if key not in ("run_message_history", "included")}
        print_record(data, format)
        return 0

    return run_on_target(project, target, quiet, work, (run, lambda cyberun, state: show_task(cyberun, state, format)))


@command.command("watch")
@common_options("text", "json")
@target_option
@click.argument("session", type=parse_id)
def watch_command(*, project: Path | None, target: str | None, quiet: bool, format: str, session: str) -> int:
    """Follow a session, a single run, or a Cyberun task to its end.

    \b
    Example:
      cyberflow runs watch 5c1a58d7-5b31-43ec-b4f6-5b27056adc3d
    """

    async def work(service: CyberdeskService) -> int:
        return await _watch(service, await read_session(service.client, session), format, quiet=quiet)

    def on_task(cyberun: CyberunService, state: TaskState) -> Awaitable[int]:
        return watch_task(cyberun, state, format, quiet=quiet)

    return run_on_target(project, target, quiet, work, (session, on_task))


@command.command("retry")
@common_options("text", "json")
@target_option
@click.argument("run", type=parse_id)
@secret_option
@click.option("--detach", is_flag=True, help="Start it again and do not follow.")
def retry_command(*, project: Path | None, target: str | None, quiet: bool, format: str, **options: Any) -> int:
    """Start a run that is over again, under its own id, and follow it.

    Its inputs and files are still there; its secrets are not, and are given again. What it gave before is cleared.

    \b
    Example:
      cyberflow runs retry 5c1a58d7-5b31-43ec-b4f6-5b27056adc3d -s password=env:EPIC_PASSWORD
    """
    folder = project_root(project)

    async def work(service: CyberdeskService) -> int:
        sources = target_sources(service.target, folder)

        def resolve_secrets(run: BundledWorkflow) -> Mapping[str, Any]:
            found = resolve_arguments(run, (), RawArguments(secrets=options["secrets"]), sources, system_backends())
            filter_streams(found.redactor())
            return found.secrets

        state = await retry(service.client, options["run"], resolve_secrets)
        if options["detach"]:
            say(f"it runs again; follow it with\n  {follow_command(service.name, None, [state.steps[0].run_id])}")
            return 0
        return await _watch(service, state, format, quiet=quiet)

    return run_on_target(project, target, quiet, work)


@command.command("cancel")
@common_options("text", "json")
@target_option
@click.argument("session", type=parse_id)
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
def cancel_command(
    *, project: Path | None, target: str | None, quiet: bool, format: str, session: str, yes: bool
) -> int:
    """Cancel what is live in a session: the last step first, then the running one, then the session is released.
    Or cancel a Cyberun task.

    \b
    Example:
      cyberflow runs cancel 5c1a58d7-5b31-43ec-b4f6-5b27056adc3d --yes
    """

    async def work(service: CyberdeskService) -> int:
        found = await read_session(service.client, session)
        live = [step.id for step in found.live_steps]
        if not live:
            say("nothing is live there")
            return 0
        confirm_end(f"cancel {', '.join(live)}?", yes=yes)
        _print_result(await cancel_session(service.client, found, FollowOptions(service.pace)), format)
        return 0

    def on_task(cyberun: CyberunService, state: TaskState) -> Awaitable[int]:
        return cancel_and_print_task(cyberun, state, format, yes=yes)

    return run_on_target(project, target, quiet, work, (session, on_task))


@command.command("release")
@common_options()
@target_option
@click.argument("session", type=parse_id)
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
def release_command(*, project: Path | None, target: str | None, quiet: bool, session: str, yes: bool) -> int:
    """Free the machine that a session holds. Says which live runs that cancels.

    \b
    Example:
      cyberflow runs release 5c1a58d7-5b31-43ec-b4f6-5b27056adc3d
    """

    async def work(service: CyberdeskService) -> int:
        held = await held_machines(service.client, session)
        live = held.live_names
        confirm_end(f"free {held.names}" + (f" and cancel {live}?" if live else "? nothing is live there"), yes=yes)
        await release(service.client, held)
        say(f"{held.names} is free" + (f"; cancelled: {live}" if live else ""))
        return 0

    return run_on_target(project, target, quiet, work)


async def _watch(service: CyberdeskService, state: ChainState, format: str, *, quiet: bool) -> int:
    command = follow_command(service.name, state.session_id, [step.run_id for step in state.steps])
    follow = partial(follow_session, service.client)
    try:
        state = await follow_and_show(follow, state, FollowOptions(service.pace), quiet=quiet)
    except FollowInterrupted:
        return say_detached(command)
    return _print_result(state, format)


def _print_result(state: ChainState, format: str) -> int:
    result = result_of(state)
    if format == "json":
        print_json(result.to_json())
    else:
        click.echo("\n".join(result_lines(result)))
    return result.exit_code


command.add_command(download_command)
command.add_command(signal_command)
command.add_command(screenshots_command)
