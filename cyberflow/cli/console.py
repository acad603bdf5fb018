"""Words beside the results, on standard error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from cyberflow.targets import OpenTarget


def say(text: str) -> None:
    """Print something beside the results."""
    click.echo(text, err=True)


def announce(service: OpenTarget[Any], *, quiet: bool, said: str | None = None) -> None:
    """Print which target is open, unless that was said before."""
    if not quiet and service.line != said:
        say(service.line)


def say_help(text: str) -> None:
    """Print what to do next, below what went wrong."""
    say(f"  {click.style('help', bold=True)}: {text}")
