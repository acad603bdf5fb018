"""`cyberflow runs`: look at runs that were submitted, follow them, fetch what they made, end them."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Mapping
from pathlib import Path
from typing import Any

import click

from cyberflow.cli.commands.downloads import download_command, screenshots_command
from cyberflow.cli.options import common_options, project_root, target_option
from cyberflow.cli.project import say
from cyberflow.cli.redacted_streams import filter_streams
from cyberflow.cli.run_ids import check_status, parse_id
from cyberflow.cli.runs_target import confirm_or_abort, run_on_cyberun, run_on_target
from cyberflow.cli.runs_tasks import cancel_and_print_task, list_tasks, show_task, watch_task
from cyberflow.cli.sessions import (
    cancel_session,
    follow_to_end,
    list_runs,
    print_result,
    read_run,
    read_session,
    release,
    retry,
)
from cyberflow.cli.views.run_view import STATUS
from cyberflow.compiler.bundle import BundledWorkflow
from cyberflow.run.inputs.arguments import RawArguments, resolve_arguments
from cyberflow.run.inputs.secrets import system_backends, target_sources
from cyberflow.run.task.request import TaskState
from cyberflow.run.work.journal import follow_command
from cyberflow.targets import CyberdeskService, CyberunService


@click.group("runs")
def command() -> None:
    """List, show, follow, cancel and fetch runs.

    A RUN is the id of a run; where a SESSION is asked for, the id of one of its runs will do.

    \b
    Example:
      cyberflow runs list
      cyberflow runs watch 5c1a58d7-5b31-43ec-b4f6-5b27056adc3d
    """


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
    if options["tasks"]:
        return run_on_cyberun(
            project, target, quiet, lambda gpu: list_tasks(gpu, format, options["limit"], options["status"])
        )

    async def work(service: CyberdeskService) -> int:
        rows = await list_runs(service.cyberdesk, options["limit"], options["status"])
        if format == "json":
            click.echo(json.dumps({"version": 1, "runs": rows}, ensure_ascii=False, indent=2))
            return 0
        for row in rows:
            alias = row["session_alias"] or ""
            made, status = row["created_at"][:19], f"{row['status']:<{STATUS}}"
            click.echo(f"{made}  {status}  {row['workflow'][:32]:<32}  {alias:<16}  {row['id']}")
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
        found = await read_run(service.cyberdesk, run)
        data = {key: value for key, value in found.to_json().items() if key not in ("run_message_history", "included")}
        if format == "json":
            click.echo(json.dumps({"version": 1, **data}, ensure_ascii=False, indent=2))
            return 0
        width = max(len(key) for key in data)
        for key, value in data.items():
            if value not in (None, [], {}, False):
                shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
                click.echo(f"{key:<{width}}  {shown}")
        return 0

    return run_on_target(project, target, quiet, work, (run, lambda gpu, state: show_task(gpu, state, format)))


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
        return await follow_to_end(service, await read_session(service.cyberdesk, session), format, quiet=quiet)

    def on_task(gpu: CyberunService, state: TaskState) -> Awaitable[int]:
        return watch_task(gpu, state, format, quiet=quiet)

    return run_on_target(project, target, quiet, work, (session, on_task))


@command.command("retry")
@common_options("text", "json")
@target_option
@click.argument("run", type=parse_id)
@click.option("-s", "secrets", multiple=True, metavar="NAME=SOURCE", help="env:VAR, file:PATH, prompt, keyring:S/USER.")
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

        state = await retry(service.cyberdesk, options["run"], resolve_secrets)
        if options["detach"]:
            say(f"it runs again; follow it with\n  {follow_command(service.name, None, [options['run']])}")
            return 0
        return await follow_to_end(service, state, format, quiet=quiet)

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
        found = await read_session(service.cyberdesk, session)
        live = [step.id for step in found.live_steps]
        if not live:
            say("nothing is live there")
            return 0
        confirm_or_abort(f"cancel {', '.join(live)}?", yes=yes)
        return print_result(await cancel_session(service.cyberdesk, found, local=service.local), format, done=0)

    def on_task(gpu: CyberunService, state: TaskState) -> Awaitable[int]:
        return cancel_and_print_task(gpu, state, format, lambda question: confirm_or_abort(question, yes=yes))

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
        return await release(service.cyberdesk, session, lambda question: confirm_or_abort(question, yes=yes), say)

    return run_on_target(project, target, quiet, work)


command.add_command(download_command)
command.add_command(screenshots_command)
