"""`cyberflow build`: the bundle and its files, by hash."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import click

from cyberflow.cli.console import say
from cyberflow.cli.options import common_options, project_root, target_option
from cyberflow.compiler.bundle import Bundle
from cyberflow.diagnostics import pluralize
from cyberflow.errors import CyberflowError
from cyberflow.language.project.load import RawProject
from cyberflow.sdk.portability import READS, reads_json
from cyberflow.sdk.project import compile_project
from cyberflow.storage import private_folder, write_bytes, write_text


@click.command("build")
@common_options()
@target_option
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help="Default: dist/.")
def command(*, project: Path | None, target: str | None, out: Path | None, quiet: bool) -> int:
    """Write the bundle: what is deployed and run, as files.

    The same sources give the same bytes on every machine. `apply --bundle` and `run --bundle` take it in place of the
    sources.

    \b
    Example:
      cyberflow build --target prod --out dist
    """
    gc.disable()
    compiled = compile_project(project_root(project), target)
    sourced, bundle = compiled.sourced, compiled.bundle
    folder = out or sourced.root / "dist"
    private_folder(folder)
    try:
        _write(folder, sourced, bundle)
    except OSError as error:
        raise CyberflowError(f"{error.filename or folder} cannot be written: {error.strerror}") from error
    if not quiet:
        parts = [
            pluralize(len(bundle.workflows), "workflow"),
            pluralize(len(bundle.chains), "chain"),
            pluralize(len(bundle.assets), "file"),
        ]
        say(f"wrote {folder / 'bundle.json'}: {', '.join(parts)}, digest {bundle.digest[:12]}")
    return 0


def _write(folder: Path, sourced: RawProject, bundle: Bundle) -> None:
    if os.name == "posix":
        folder.chmod(0o700)
    (folder / "assets").mkdir(exist_ok=True)
    for asset in bundle.assets:
        write_bytes(folder / "assets" / asset.sha256, sourced.files.by_hash(asset.sha256))
    write_text(folder / "bundle.json", bundle.to_json())
    write_text(folder / READS, reads_json(sourced, bundle))
