"""What the commands that talk to a target begin with: the project or a bundle, compiled for that target."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from cyberflow.cli.bundle_portability import portability_problem
from cyberflow.cli.commands.build import bundle_asset_reader, compile_project, resolve_target_name
from cyberflow.compiler.bundle import load_bundle
from cyberflow.errors import CyberflowError, UsageError
from cyberflow.language.project.load import read_project
from cyberflow.sdk.prepare import CompiledProject


def compile_for(folder: Path, target: str | None, bundle: Path | None) -> CompiledProject | None:
    """Compile the sources, or read a bundle; None when the project has errors, which are printed."""
    if bundle is None:
        made = compile_project(folder, target)
        if made is None:
            return None
        sourced, fresh = made
        return CompiledProject(sourced, fresh.target, fresh, sourced.files.by_hash)
    sourced = read_project(folder)
    try:
        loaded = load_bundle(bundle.read_text(encoding="utf-8"))
    except OSError as error:
        raise CyberflowError(f"{bundle} cannot be read: {(error.strerror or '').lower()}") from error
    if loaded.project != sourced.settings.project:
        raise UsageError(f"the bundle is of project `{loaded.project}`, this is `{sourced.settings.project}`")
    name = resolve_target_name(sourced, target)
    if loaded.target != name:
        if why := portability_problem(bundle, loaded, sourced.settings):
            help = f"build one for it: `cyberflow build --target {name}`"
            raise UsageError(f"the bundle was built for target `{loaded.target}`, not for `{name}`: {why}", help=help)
        loaded = replace(loaded, target=name)
    return CompiledProject(sourced, name, loaded, bundle_asset_reader(bundle.parent))


def say(text: str) -> None:
    """Something beside the results."""
    click.echo(text, err=True)
