"""Results on standard output, and words beside them on standard error."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cyberflow.cli.output_streams import write_machine
from cyberflow.cli.styles import indent_lines, style

if TYPE_CHECKING:
    from cyberflow.targets.service import OpenTarget


@dataclass(frozen=True)
class FollowDisplay:
    """How what runs is followed and shown. `said` is the target line that was printed already."""

    quiet: bool = False
    format: str = "text"
    timeout: float | None = None
    cancel_on_timeout: bool = False
    cancel_on_interrupt: bool = False
    said: str | None = None


def say(text: str) -> None:
    """Print something beside the results."""
    click.echo(text, err=True, color=True)


def print_target_line(root: Path, target: str | None, *, quiet: bool) -> str | None:
    """Print which target is meant, where that can be known before anything heavy is loaded; give what was said."""
    from cyberflow.targets.service import target_line

    line = None if quiet else target_line(root, target)
    if line is not None:
        say(line)
    return line


def announce(service: OpenTarget[Any], *, quiet: bool, said: str | None = None) -> None:
    """Print which target is open, unless that was said before."""
    if not quiet and service.line != said:
        say(service.line)


def say_texts(names: Sequence[str], *, quiet: bool) -> None:
    """Say which inputs of `-i` are text and look like more."""
    if names and not quiet:
        which, are = ", ".join(f"`{name}`" for name in names), "are" if len(names) > 1 else "is"
        say(f"{which} {are} text, as all that -i gives where a type takes text; JSON values are given by --inputs FILE")


def page_ending(page: str | None, where: str) -> str:
    """Where a page shows `session ID` or `run ID`, as the end of a line; nothing where none does."""
    kind, _, id = where.partition(" ")
    return f", see {page}/#/{kind}s/{id}" if page is not None else ""


def say_help(text: str) -> None:
    """Print what to do next, below what went wrong."""
    say(f"  {style('help', bold=True)}: {text}")


def print_json(data: Any) -> None:
    """Print a result as data."""
    write_machine(json.dumps(data, ensure_ascii=False, indent=2))


def print_record(data: Mapping[str, Any], format: str) -> None:
    """Print one thing of a service with its fields; as text those that say something."""
    if format == "json":
        print_json({"version": 1, **data})
        return
    width = max(len(key) for key in data)
    for key, value in data.items():
        if value not in (None, "", [], {}, False):
            shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            click.echo(f"{key:<{width}}  {indent_lines(shown, ' ' * width + '| ')}")
