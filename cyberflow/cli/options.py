"""Options that mean the same in every command, and the two steps nearly all of them begin with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from cyberflow.cli.output_streams import drop_colours

F = TypeVar("F", bound=Callable[..., Any])


def common_options(*formats: str) -> Callable[[F], F]:
    """`--project`, `--quiet`, `--no-color`, and `--format` when the command has `formats`; the first is the default."""

    def decorate(function: F) -> F:
        function = click.option(
            "--no-color", is_flag=True, expose_value=False, callback=_no_color, is_eager=True, help="Plain text."
        )(function)
        function = click.option("--quiet", "-q", is_flag=True, help="Say only what was asked for.")(function)
        if formats:
            kind = click.Choice(formats)
            option = click.option(
                "--format", "format", type=kind, default=formats[0], show_default=True, callback=_note_format
            )
            function = option(function)
        path = click.Path(file_okay=False, exists=True, path_type=Path)
        return click.option("--project", "project", type=path, metavar="DIR", help="The project's folder.")(function)

    return decorate


def target_option(function: F) -> F:
    """`--target`: which target's values and service; the project's `default_target` when not given."""
    return click.option("--target", "-t", metavar="NAME", help="A target of cyberflow.yaml.")(function)


def secret_option(function: F) -> F:
    """`-s`: where a secret is found; never its value."""
    help = "env:VAR, file:PATH, prompt, keyring:S/USER."
    return click.option("-s", "--secret", "secrets", multiple=True, metavar="NAME=SOURCE", help=help)(function)


def _note_format(ctx: click.Context, _parameter: click.Parameter, value: str) -> str:
    """Leave the format to whoever prints what went wrong, once the command is over."""
    if isinstance(ctx.obj, dict):
        ctx.obj["format"] = value
    return value


def _no_color(_ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value:
        drop_colours()


def project_root(project: Path | None) -> Path:
    """The folder of the project. Raises UsageError when there is none."""
    from cyberflow.language.discovery import find_root

    return find_root(project or Path.cwd())


def parse_id(value: str) -> str:
    """The type of an argument that is the id of a run, a session or a task, or the beginning of one."""
    from cyberflow.run.work.ids import check_id

    return check_id(value, "a run or session")


def check_status(status: str | None, *, tasks: bool) -> None:
    """Raise UsageError for a status that no run, or no task, can have."""
    from cyberflow.client.cyberdesk.wire import FINAL, LIVE
    from cyberflow.client.cyberun.wire import KNOWN_STATUSES
    from cyberflow.diagnostics import did_you_mean
    from cyberflow.errors import UsageError

    known = KNOWN_STATUSES if tasks else FINAL | LIVE
    if status is not None and status not in known:
        raise UsageError(f"no {'task' if tasks else 'run'} has the status `{status}`", help=did_you_mean(status, known))
