"""`cyberflow build`: the bundle and its files, by hash."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import click

from cyberflow.cli.bundle_portability import READS, reads_json
from cyberflow.cli.commands.check import print_errors
from cyberflow.cli.options import common_options, project_root, target_option
from cyberflow.cli.views.diagnostics_text import pluralize
from cyberflow.compiler.bundle import AssetReader, Bundle
from cyberflow.compiler.check import check, check_target
from cyberflow.compiler.compile import compile_bundle
from cyberflow.errors import CyberflowError, UsageError
from cyberflow.language.project.load import RawProject, read_project
from cyberflow.storage import private_folder, write_file


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
    compiled = compile_project(project_root(project), target)
    if compiled is None:
        return 1
    sourced, bundle = compiled
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
        click.echo(f"wrote {folder / 'bundle.json'}: {', '.join(parts)}, digest {bundle.digest[:12]}", err=True)
    return 0


def _write(folder: Path, sourced: RawProject, bundle: Bundle) -> None:
    if os.name == "posix":
        folder.chmod(0o700)
    (folder / "assets").mkdir(exist_ok=True)
    for asset in bundle.assets:
        write_file(folder / "assets" / asset.sha256, sourced.files.by_hash(asset.sha256))
    write_file(folder / "bundle.json", bundle.to_json())
    write_file(folder / READS, reads_json(sourced, bundle))


def compile_project(folder: Path, target: str | None) -> tuple[RawProject, Bundle] | None:
    """Compile for one target; None when the project has errors, which are printed."""
    sourced = read_project(folder)
    name = resolve_target_name(sourced, target)
    graph, builder, found = check_target(sourced, name)
    if (sourced.has_templates or found) and print_errors(sourced, check(sourced)):
        return None
    return sourced, compile_bundle(graph, builder)


def bundle_asset_reader(folder: Path) -> AssetReader:
    """The content of a built bundle's assets, which lie beside it."""

    def content(sha256: str) -> bytes:
        try:
            data = (folder / "assets" / sha256).read_bytes()
        except OSError as error:
            help = "keep the folder that `cyberflow build` wrote together"
            raise CyberflowError(f"the bundle lacks the file {sha256}", help=help) from error
        if hashlib.sha256(data).hexdigest() != sha256:
            raise CyberflowError(f"the file {sha256} of the bundle was changed after it was built")
        return data

    return content


def resolve_target_name(sourced: RawProject, target: str | None) -> str:
    """The target that is meant. Raises UsageError when the project has none of that name."""
    from cyberflow.diagnostics import did_you_mean

    name = target or sourced.settings.default_target
    known = {"local", *sourced.settings.targets}
    if name not in known:
        raise UsageError(f"there is no target `{name}`", help=did_you_mean(name, known))
    return name
