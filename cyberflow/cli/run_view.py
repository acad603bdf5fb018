"""How a run looks while it goes on and when it is over: a live table on a terminal, elsewhere a line a change."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol, Self

import click

from cyberflow.run import Result, State, Step
from cyberflow.service.wire import moment

if TYPE_CHECKING:
    from rich.live import Live

_COLOURS = {"success": "green", "error": "red", "task_failed": "red", "cancelled": "yellow", "running": "cyan"}


class View(Protocol):
    """Shows states as they come, on standard error. `messages` is how often, in seconds, it wants to hear what the
    agent says; None for never.
    """

    messages: float | None

    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...
    def show(self, state: State) -> None: ...


def view(*, quiet: bool) -> View:
    """The view for where standard error goes."""
    if quiet:
        return Lines(silent=True)
    return LiveTable() if sys.stderr.isatty() else Lines()


class Lines:
    """One line for each change of a status, and for each trouble with the service."""

    messages: float | None = None

    def __init__(self, *, silent: bool = False) -> None:
        self._silent = silent
        self._said: dict[str, str] = {}
        self._trouble: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def show(self, state: State) -> None:
        width = max(len(step.id) for step in state.steps)
        for step in state.steps:
            if self._silent or self._said.get(step.id) == step.status or step.status == "scheduling":
                continue
            self._said[step.id] = step.status
            took = f"  {_took(step)}" if not step.live and _took(step) else ""
            status = click.style(f"{step.status:<9}", fg=_COLOURS.get(step.status))
            click.echo(f"  {step.id:<{width}}  {status}{took}".rstrip(), err=True)
        if state.trouble and state.trouble != self._trouble and not self._silent:
            click.echo(f"  trying again: {state.trouble}", err=True)
        self._trouble = state.trouble


class LiveTable:
    """A table that is drawn anew, with a clock for what is running and what its agent said last."""

    messages: float | None = 5.0

    def __init__(self) -> None:
        self._live: Live | None = None
        self._state: State | None = None

    def __enter__(self) -> Self:
        from rich.console import Console
        from rich.live import Live

        console = Console(file=sys.stderr, highlight=False)
        self._live = Live(console=console, refresh_per_second=8, get_renderable=self._draw, transient=False)
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, state: State) -> None:
        self._state = state

    def _draw(self) -> Any:
        from rich.spinner import Spinner
        from rich.table import Table as Grid
        from rich.text import Text

        grid = Grid.grid(padding=(0, 2), expand=True)
        for _ in range(5):
            grid.add_column(no_wrap=True)
        grid.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
        if self._state is None:
            return ""
        for step in self._state.steps:
            busy = step.live and step.status != "scheduling"
            sign: Any = (
                Spinner("dots", style="cyan") if busy else Text(_sign(step), style=_COLOURS.get(step.status, "dim"))
            )
            grid.add_row(
                sign,
                Text(step.id, style="bold"),
                Text(step.workflow, style="dim"),
                Text(step.status, style=_COLOURS.get(step.status, "dim")),
                Text(_took(step), style="dim"),
                _last_message(step),
            )
        if self._state.trouble:
            grid.add_row("", "", "", Text("the service does not answer, trying again", style="yellow"))
        return grid


def _last_message(step: Step) -> Any:
    from rich.text import Text

    if step.error:
        return Text(step.error[0].splitlines()[0], style="red")
    return Text((step.message or "") if step.live else "", style="dim")


def result_lines(result: Result) -> Iterator[str]:
    """The end of a run as text; the last line ends in the status."""
    causes = [step for step in result.steps if step.failed and step.status != "cancelled"]
    for step in causes or result.steps:
        for line in step.error:
            yield f"{click.style(step.status, fg='red', bold=True)} in {step.id}: {line}"
    if result.outputs:
        width = max(len(name) for name in result.outputs)
        yield click.style("outputs", bold=True)
        for name, value in result.outputs.items():
            shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            yield f"  {name:<{width}}  {shown}"
    colour = _COLOURS.get(result.status, "yellow")
    yield f"{result.name}: {click.style(result.status, fg=colour, bold=True)}"


def _sign(step: Step) -> str:
    return {"success": "✓", "scheduling": "·", "cancelled": "-"}.get(step.status, "✗")


def _took(step: Step) -> str:
    started = moment(step.started_at) if step.started_at else None
    if started is None:
        return ""
    ended = moment(step.ended_at) if step.ended_at else datetime.now(started.tzinfo)
    seconds = max(0.0, ((ended or started) - started).total_seconds())
    return f"{seconds:.1f} s" if seconds < 60 else f"{int(seconds // 60)} min {int(seconds % 60):02} s"  # noqa: PLR2004
