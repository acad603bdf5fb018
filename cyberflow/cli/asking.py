"""Having a yes before the first write: asked on a terminal, given by --yes in CI, by name for a protected target."""

from __future__ import annotations

import sys

import click

from cyberflow.errors import UsageError
from cyberflow.targets import Service


def is_terminal() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def confirmed(service: Service, what: str, *, yes: bool, confirm: str | None) -> None:
    """Have a yes. Raises UsageError where nobody can give one, Abort on a no; nothing was sent then."""
    if service.target.protect:
        by_name(service.name, confirm)
        return
    if confirm is not None and confirm != service.name:
        raise UsageError(f"`{confirm}` is not the name of the target `{service.name}`; nothing was sent")
    if yes:
        return
    if not is_terminal():
        help = f"read the plan with `cyberflow plan`, then give --yes to `cyberflow {what}`"
        raise UsageError(f"{what} asks before it writes, and nobody is here to answer", help=help)
    click.confirm(f"{what} this to {service.name}?", abort=True, err=True)


def by_name(name: str, given: str | None) -> None:
    """Have the name of a protected target, from the option or a person."""
    if given is None and is_terminal():
        given = click.prompt(f"`{name}` is protected; type its name to go on", err=True)
    if given is None:
        raise UsageError(f"the target `{name}` is protected", help=f"--yes does not answer for it: --confirm {name}")
    if given != name:
        raise UsageError(f"`{given}` is not the name of the target `{name}`; nothing was sent")
