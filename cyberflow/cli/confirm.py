"""Confirmation before the first write: asked on a terminal, given by --yes in CI, by name for a protected target."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import click

from cyberflow.cli.console import say
from cyberflow.cli.interrupts import INTERRUPTED, raise_on_ctrl_c
from cyberflow.errors import UsageError
from cyberflow.sdk.deployments.deployment import Deployment


def is_terminal() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def confirm_write(deployment: Deployment, what: str, *, yes: bool, confirm: str | None) -> None:
    """Ask before the first write. Raises UsageError where nobody can answer; a no ends the command, nothing is sent."""
    name = deployment.service.name
    if deployment.service.target.protect or confirm is not None:
        confirm_target_name(deployment, confirm)
        if deployment.service.target.protect:
            return
    if yes:
        return
    if not is_terminal():
        help = f"read the plan with `cyberflow plan`, then give --yes to `cyberflow {what}`"
        raise UsageError(f"{what} asks before it writes, and nobody is here to answer", help=help)
    if not ask_yes_no(f"{what} this to {name}?"):
        _abort_unsent_command()


def confirm_target_name(deployment: Deployment, given: str | None) -> None:
    """Ask for the name of a protected target, unless an option has it."""
    if given is None and deployment.service.target.protect and is_terminal():
        with _interruptible():
            given = click.prompt(f"`{deployment.service.name}` is protected; type its name to go on", err=True)
    deployment.require_name(given)


def confirm_end(question: str, *, yes: bool) -> None:
    """Ask for confirmation before something ends. Raises UsageError where nobody can answer; a no ends the command."""
    if yes:
        return
    if not is_terminal():
        raise UsageError(f"nobody is here to answer: {question}", help="give --yes")
    if not ask_yes_no(question):
        _abort_unsent_command()


def ask_yes_no(question: str) -> bool:
    """Ask a person before anything is sent; whoever answers with Ctrl-C or Ctrl-D ends the command."""
    with _interruptible():
        return click.confirm(question, err=True)


@contextmanager
def _interruptible() -> Iterator[None]:
    """Hear Ctrl-C and Ctrl-D while a person is asked; both end the command."""
    try:
        with raise_on_ctrl_c():
            yield
    except click.Abort:
        click.echo(err=True)
        _abort_unsent_command()


def _abort_unsent_command() -> NoReturn:
    say("nothing was sent")
    raise click.exceptions.Exit(INTERRUPTED)
