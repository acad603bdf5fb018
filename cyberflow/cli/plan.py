"""`cyberflow plan`: what apply would change, read from the target and never written."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path

import click

from cyberflow.cli.build import bundle_assets, compile_project, target_name
from cyberflow.cli.options import common, root, target
from cyberflow.compiler import Bundle, load_bundle
from cyberflow.compiler.bundle import AssetReader
from cyberflow.errors import CyberflowError, UsageError
from cyberflow.language import Sourced, read, target_of
from cyberflow.remote import Owner
from cyberflow.targets import Service, open_target

PENDING = 5


@dataclass(frozen=True)
class Compiled:
    """What a command works on: the project, the target it means, its bundle, and the content of its assets."""

    sourced: Sourced
    target: str
    bundle: Bundle
    assets: AssetReader


@click.command("plan")
@common("text", "json")
@target
@click.option("--check", is_flag=True, help="Exit 5 when changes are pending, drift included.")
@click.option("--bundle", type=click.Path(dir_okay=False, path_type=Path), help="A bundle in place of the sources.")
def command(
    *, project: Path | None, target: str | None, check: bool, bundle: Path | None, format: str, quiet: bool
) -> int:
    """Show what apply would change. Reads only.

    \b
    Example:
      cyberflow plan --target prod
      cyberflow plan --check --format json
    """
    compiled = compile_for(root(project), target, bundle)
    return 1 if compiled is None else asyncio.run(_plan(compiled, format, quiet=quiet, check=check))


async def _plan(compiled: Compiled, format: str, *, quiet: bool, check: bool) -> int:
    from cyberflow.cli.plan_text import plan_lines
    from cyberflow.deploy import plan
    from cyberflow.remote import snapshot

    async with open_target(compiled.sourced, compiled.target, say) as service:
        if not quiet:
            say(service.line)
        made = plan(compiled.bundle, await snapshot(service.desk), owner(compiled, service))
    if format == "json":
        click.echo(json.dumps(made.to_json(), ensure_ascii=False, indent=2))
    else:
        click.echo("\n".join(plan_lines(made)))
    return made.exit_code or (PENDING if check and made.pending else 0)


def compile_for(folder: Path, target: str | None, bundle: Path | None) -> Compiled | None:
    """Compile the sources, or read a bundle; None when the project has errors, which are printed."""
    if bundle is None:
        made = compile_project(folder, target)
        if made is None:
            return None
        sourced, fresh = made
        return Compiled(sourced, fresh.target, fresh, sourced.files.by_hash)
    sourced = read(folder)
    name = target_name(sourced, target)
    try:
        loaded = load_bundle(bundle.read_text(encoding="utf-8"))
    except OSError as error:
        raise CyberflowError(f"{bundle} cannot be read: {(error.strerror or '').lower()}") from error
    if loaded.project != sourced.settings.project:
        raise UsageError(f"the bundle is of project `{loaded.project}`, this is `{sourced.settings.project}`")
    if loaded.target != name:
        help = f"build one for it: `cyberflow build --target {name}`"
        raise UsageError(f"the bundle was built for target `{loaded.target}`, not for `{name}`", help=help)
    return Compiled(sourced, name, loaded, bundle_assets(bundle.parent))


def owner(compiled: Compiled, service: Service) -> Owner:
    """Whose workflows are meant in this account."""
    return Owner(compiled.bundle.project, target_of(compiled.sourced.settings, service.name).scope)


def say(text: str) -> None:
    """Something beside the results."""
    click.echo(text, err=True)
