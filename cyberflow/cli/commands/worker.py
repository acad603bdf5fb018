"""`cyberflow worker`: runs rows that a batch put into a queue, on this machine or on many."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cyberflow.cli.first_line import print_target_line
from cyberflow.cli.options import common_options, project_root, target_option


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
@click.option("-s", "secrets", multiple=True, metavar="NAME=SOURCE", help="env:VAR, file:PATH, keyring:S/USER.")
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
    folder = project_root(project)
    said = print_target_line(folder, target, quiet=options["quiet"])
    from cyberflow.cli.worker_setup import start_worker

    return start_worker(folder, target, (engine, parallel), {**options, "said": said})
