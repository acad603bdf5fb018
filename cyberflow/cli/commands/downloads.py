"""`cyberflow runs download` and `screenshots`: the files of a run, in a folder that holds those of no other run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cyberflow.cli.console import say
from cyberflow.cli.options import common_options, parse_id, project_root, target_option
from cyberflow.cli.runs_target import run_on_target
from cyberflow.cli.runs_tasks import download_task
from cyberflow.errors import CyberflowError, UsageError
from cyberflow.run.chain.downloads import SCREENSHOTS, output_folder, save_exports, save_screenshots
from cyberflow.run.task.request import TaskState
from cyberflow.sdk.runs.sessions import read_run, workflow_names
from cyberflow.storage import make_folder, private_folder, write_text
from cyberflow.targets.local_platform import state_folder
from cyberflow.targets.service import CyberdeskService, CyberunService

if TYPE_CHECKING:
    from cyberflow.client.cyberdesk.client import Cyberdesk

Save = Callable[["Cyberdesk", str, Path], AsyncIterator[Path]]
CLAIMS = "downloads"
_OUT = click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Save here; the files of another run may not be there.  [default: outputs/WORKFLOW/ID]",
)


@click.command("download")
@common_options()
@target_option
@click.argument("run", type=parse_id)
@_OUT
def download_command(*, project: Path | None, target: str | None, quiet: bool, run: str, out: Path | None) -> int:
    """Save the files that a run exported, or the outputs of a Cyberun task, under safe names.

    \b
    Example:
      cyberflow runs download 5c1a58d7-5b31-43ec-b4f6-5b27056adc3d --out exports
    """
    folder = project_root(project)

    async def on_run(service: CyberdeskService) -> int:
        return await _save(service, (folder, out), run, save_exports)

    async def on_task(cyberun: CyberunService, state: TaskState) -> int:
        return await download_task(cyberun, state, lambda: claim_folder(folder, out, state.name, state.task_id))

    return run_on_target(project, target, quiet, on_run, (run, on_task))


@click.command("screenshots")
@common_options()
@target_option
@click.argument("run", type=parse_id)
@_OUT
def screenshots_command(*, project: Path | None, target: str | None, quiet: bool, run: str, out: Path | None) -> int:
    """Save every screenshot of a run's message history, through fresh signed urls.

    \b
    Example:
      cyberflow runs screenshots 5c1a58d7-5b31-43ec-b4f6-5b27056adc3d --out shots
    """
    folder = project_root(project)

    async def work(service: CyberdeskService) -> int:
        return await _save(service, (folder, out), run, save_screenshots)

    return run_on_target(project, target, quiet, work)


async def _save(service: CyberdeskService, where: tuple[Path, Path | None], id: str, save: Save) -> int:
    run = await read_run(service.client, id)
    folder = claim_folder(*where, workflow_names(run.included).get(run.workflow_id, "run"), run.id)
    if where[1] is None and save is save_screenshots:
        folder /= SCREENSHOTS
    saved = False
    async for path in save(service.client, run.id, folder):
        click.echo(str(path))
        saved = True
    if not saved:
        say("there is nothing to save")
    return 0


def claim_folder(project: Path, out: Path | None, name: str, id: str) -> Path:
    """Take a folder for the files of one run: `out`, or one of its own. Which run a folder was taken for is noted in
    the project's `.cyberflow`. Raises UsageError for one that holds anything else.
    """
    folder = out or output_folder(name, id)
    note = state_folder(project) / CLAIMS / sha256(str(folder.resolve()).encode()).hexdigest()[:32]
    try:
        holder = note.read_text(encoding="utf-8") if note.exists() else None
        if holder != id and folder.is_dir() and any(folder.iterdir()):
            whose = f"files of {holder}" if holder else "files already"
            help = f"save these in a folder of their own: `--out {folder / id[:8]}`"
            raise UsageError(f"{folder} holds {whose}, and would mix them with those of {id}", help=help)
        make_folder(note.parent)
        write_text(note, id)
    except OSError as error:
        raise CyberflowError(f"{error.filename or note} cannot be used: {error.strerror}") from error
    if out is None:
        private_folder(Path(folder.parts[0]))
    return folder
