"""`cyberflow run --each` and `--resume`: one run for each row of a file, with a view and a summary."""

from __future__ import annotations

import asyncio
import shlex
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

import click

from cyberflow.cli.console import announce, print_json, say, say_texts
from cyberflow.cli.interrupts import INTERRUPTED, ask_to_cancel, run_cancellable
from cyberflow.cli.output_streams import filter_streams
from cyberflow.cli.views.runs.batch_view import batch_view, end_lines, summary
from cyberflow.errors import CyberflowError
from cyberflow.run.inputs.inputs import texts_like_json
from cyberflow.run.work.dispatch import ServiceTrouble
from cyberflow.run.work.ledger import Ledger
from cyberflow.sdk.project import compile_project
from cyberflow.sdk.rows.batch_run import BatchRun, open_batch, resume_setup
from cyberflow.sdk.rows.setup import BatchOptions, BatchSetup, prepare_batch

LOST = "nothing can go on with it: `cyberflow runs list` shows what was submitted"
"""The way on from a batch whose ledger is gone."""


@dataclass(frozen=True)
class BatchDisplay:
    """How a batch is shown. `said` is the target line that was printed already; `dry_run` sends nothing."""

    quiet: bool = False
    format: str = "text"
    said: str | None = None
    dry_run: bool = False


def start_batch(
    folder: Path, target: str | None, work: tuple[str, Path | int], options: BatchOptions, display: BatchDisplay
) -> int:
    """Begin a batch: check every row, write a ledger, send."""
    name, file = work
    compiled = compile_project(folder, target, options.bundle)
    setup = prepare_batch(compiled, name, file, options, filter_streams)
    say_texts(texts_like_json(setup.what.inputs, options.inputs), quiet=display.quiet)
    if display.dry_run:
        rows = f"{setup.rows.count} rows of {file} are" if isinstance(file, Path) else f"{setup.rows.count} runs are"
        say(f"{rows} good; nothing was sent")
        if setup.copied:
            setup.copied.unlink(missing_ok=True)
        return 0
    return run_cancellable(_open_and_run(setup, None, display))


def resume_batch(folder: Path, ledger: Ledger, file: Path | None, options: BatchOptions, display: BatchDisplay) -> int:
    """Go on with the batch of a ledger, given the same as before but for what is given anew."""
    options = options.over(ledger.head.options)
    compiled = compile_project(folder, ledger.head.target, options.bundle)
    setup = resume_setup(compiled, ledger, file, options, filter_streams)
    return run_cancellable(_open_and_run(setup, ledger, display))


async def _open_and_run(setup: BatchSetup, ledger: Ledger | None, display: BatchDisplay) -> int:
    try:
        async with open_batch(setup, ledger, say) as batch:
            announce(batch.service, quiet=display.quiet, said=display.said)
            return await _run(batch, display)
    except asyncio.CancelledError:
        say("interrupted; nothing was sent")
        return INTERRUPTED


async def _run(batch: BatchRun, display: BatchDisplay) -> int:
    """Run or resume one batch and print its end."""
    say(f"ledger {batch.ledger.path}")
    again = resume_command(batch)
    try:
        with batch_view(batch.ledger.counts(), quiet=display.quiet) as shown:
            async with aclosing(batch.run()) as updates:
                async for update in updates:
                    if isinstance(update, ServiceTrouble):
                        shown.show_trouble(update.reason)
                    else:
                        shown.show_change(update)
    except asyncio.CancelledError:
        return await _handle_interrupt(batch, again)
    except CyberflowError as error:
        way = f"go on with `{again}`" if batch.ledger.is_there else LOST
        error.help = f"{error.help + '; ' if error.help else ''}{way}"
        raise
    if batch.halt_reason:
        say(f"stopped: {batch.halt_reason}; {f'go on with{chr(10)}  {again}' if batch.ledger.is_there else LOST}")
    data = summary(batch.ledger, batch.results)
    if display.format == "json":
        print_json(data)
    else:
        click.echo("\n".join(end_lines(batch.ledger, data, again)))
    _raise_unwritten(batch, again)
    return 0 if data["status"] == "success" else 1


def _raise_unwritten(batch: BatchRun, again: str) -> None:
    """Raise what kept the results from the disk, after all else is said."""
    if not batch.ledger.is_there:
        raise CyberflowError(f"the ledger at {batch.ledger.path} was removed while the batch was at work", help=LOST)
    if (error := batch.unwritten) is not None:
        error.help = f"nothing is lost, the ledger has it: `{again} --out FILE` writes it elsewhere"
        raise error


async def _handle_interrupt(batch: BatchRun, again: str) -> int:
    live = batch.live_count
    if ask_to_cancel(f"leave the {live} that run, or cancel them?" if live else None):
        await batch.cancel_live()
    say(f"interrupted; no row is lost, go on with\n  {again}" if batch.ledger.is_there else f"interrupted; {LOST}")
    _raise_unwritten(batch, again)
    return INTERRUPTED


def resume_command(batch: BatchRun) -> str:
    """How to go on: secrets where they were found before, and no url, which may hold a password."""
    options = batch.setup.options
    engine = ["--engine", "URL"] if options.engine else []
    secrets = [word for one in options.secrets for word in ("-s", one)]
    return shlex.join(["cyberflow", "run", "--resume", str(batch.ledger.path), *secrets, *engine])
