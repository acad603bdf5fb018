"""`cyberflow worker`: runs rows that a batch put into a queue, on this machine or on many."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cyberflow.cli.console import announce, print_target_line, say
from cyberflow.cli.interrupts import INTERRUPTED, run_cancellable
from cyberflow.cli.options import common_options, project_root, target_option

if TYPE_CHECKING:
    from cyberflow.sdk.project import CompiledProject
    from cyberflow.sdk.rows.workers import WorkerOptions


@click.command("worker")
@common_options()
@target_option
@click.option("--engine", required=True, metavar="URL", help="postgresql://USER@HOST/DB")
@click.option(
    "--parallel",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    help="Rows at a time, for each worker of the queue: who starts last decides.",
)
@click.option(
    "-s", "--secret", "secrets", multiple=True, metavar="NAME=SOURCE", help="env:VAR, file:PATH, keyring:S/USER."
)
@click.option("--stale-ok", is_flag=True, help="Run what is on the target, though the sources differ.")
@click.option("--bundle", type=click.Path(dir_okay=False, path_type=Path), help="A bundle in place of the sources.")
def command(*, project: Path | None, target: str | None, engine: str, parallel: int, **options: Any) -> int:
    """Run rows of batches that were begun with `run --each FILE --engine URL`.

    Needs the same project, applied to the same target, and its secrets. Any number of workers share the rows; those of
    a worker that dies go to the others. Ctrl-C stops it.

    \b
    Example:
      cyberflow worker --engine postgresql://cyberflow@db.example.org/batches --target prod
    """
    folder, quiet = project_root(project), options["quiet"]
    said = print_target_line(folder, target, quiet=quiet)
    from cyberflow.sdk.project import compile_project
    from cyberflow.sdk.rows.workers import WorkerOptions

    asked = WorkerOptions(engine, parallel, options["secrets"], options["stale_ok"])
    return run_cancellable(_work(compile_project(folder, target, options["bundle"]), asked, said, quiet=quiet))


async def _work(compiled: CompiledProject, options: WorkerOptions, said: str | None, *, quiet: bool) -> int:
    from cyberflow.sdk.rows.workers import work_rows
    from cyberflow.targets.service import open_target

    try:
        async with open_target(compiled.sourced, compiled.target, say) as service:
            announce(service, quiet=quiet, said=said)
            await work_rows(compiled, service, options, (lambda _: None) if quiet else say)
    except asyncio.CancelledError:
        pass
    say("stopped; the rows it had go to other workers")
    return INTERRUPTED
