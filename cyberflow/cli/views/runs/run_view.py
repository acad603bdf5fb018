"""How a run looks while it goes on and when it is over: a live table on a terminal, elsewhere a line a change."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol, Self

import click

from cyberflow.cli.output_streams import drawing_stream
from cyberflow.cli.styles import indent_lines, one_line, style
from cyberflow.cli.views.runs.statuses import COLOURS, STATUS, colour_of
from cyberflow.client.cyberdesk.wire import parse_time
from cyberflow.run.chain.events import ChainState
from cyberflow.run.chain.result import Result

if TYPE_CHECKING:
    from rich.live import Live

_WIDEST_CELL = 36
_NOT_BEGUN = ("scheduling", "pending")


class ProgressRow(Protocol):
    """What a line shows: a step of a chain, or a task."""

    @property
    def id(self) -> str: ...
    @property
    def workflow(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def is_live(self) -> bool: ...
    @property
    def error(self) -> tuple[str, ...]: ...
    @property
    def started_at(self) -> str | None: ...
    @property
    def ended_at(self) -> str | None: ...
    @property
    def message(self) -> str | None: ...


class ProgressState(Protocol):
    """What goes on: rows, and why the service could not be asked last time."""

    @property
    def steps(self) -> Sequence[ProgressRow]: ...
    @property
    def trouble(self) -> str | None: ...


class RunView(Protocol):
    """Shows states as they come, on standard error. `messages` is how often, in seconds, it wants to hear what the
    agent says; None for never.
    """

    messages: float | None

    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...
    def show(self, state: ProgressState) -> None: ...


def run_view(*, quiet: bool) -> RunView:
    """The view for where standard error goes."""
    if quiet:
        return StatusLines(silent=True)
    return StatusTable() if sys.stderr.isatty() else StatusLines()


class StatusLines:
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

    def show(self, state: ProgressState) -> None:
        width = max(len(step.id) for step in state.steps)
        for step in state.steps:
            if self._silent or self._said.get(step.id) == step.status or step.status in _NOT_BEGUN:
                continue
            self._said[step.id] = step.status
            took = "" if step.is_live else _duration_text(step)
            space = " " * (STATUS - len(step.status) + 2) if took else ""
            status = style(one_line(step.status), fg=COLOURS.get(step.status))
            click.echo(f"  {one_line(step.id):<{width}}  {status}{space}{took}", err=True)
        if state.trouble and state.trouble != self._trouble and not self._silent:
            click.echo(f"  trying again: {one_line(state.trouble)}", err=True)
        self._trouble = state.trouble


class StatusTable:
    """A table that is drawn anew, with a clock for what is running and what its agent said last."""

    messages: float | None = 5.0

    def __init__(self) -> None:
        self._live: Live | None = None
        self._state: ProgressState | None = None

    def __enter__(self) -> Self:
        from rich.console import Console
        from rich.live import Live

        console = Console(file=drawing_stream(sys.stderr), highlight=False)
        self._live = Live(console=console, refresh_per_second=8, get_renderable=self._draw, transient=False)
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, state: ProgressState) -> None:
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
            busy = step.is_live and step.status not in _NOT_BEGUN
            sign: Any = (
                Spinner("dots", style="cyan") if busy else Text(_sign(step), style=COLOURS.get(step.status, "dim"))
            )
            grid.add_row(
                sign,
                Text(one_line(step.id), style="bold"),
                Text(one_line(step.workflow), style="dim"),
                Text(one_line(step.status), style=COLOURS.get(step.status, "dim")),
                Text(_duration_text(step), style="dim"),
                _last_message(step),
            )
        if self._state.trouble:
            grid.add_row("", "", "", Text("the service does not answer, trying again", style="yellow"))
        return grid


def _last_message(step: ProgressRow) -> Any:
    from rich.text import Text

    if step.error:
        return Text(one_line(step.error[0].partition("\n")[0]), style="red")
    return Text(one_line(step.message or "") if step.is_live else "", style="dim")


def result_lines(result: Result) -> Iterator[str]:
    """The end of a run as text; the last line ends in the status."""
    causes = [step for step in result.steps if step.has_failed and step.status != "cancelled"]
    for step in causes or result.steps:
        for line in step.error:
            status = style(one_line(step.status), fg="red", bold=True)
            yield f"{status} in {one_line(step.id)}: {indent_lines(line, '  | ')}"
    if result.outputs:
        width = max(len(name) for name in result.outputs)
        yield style("outputs", bold=True)
        for name, value in result.outputs.items():
            shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            yield f"  {one_line(name):<{width}}  {indent_lines(shown, '  ' + ' ' * width + '| ')}"
    for problem in result.problems:
        yield f"{style('problem', fg='red', bold=True)} in {indent_lines(str(problem), '  | ')}"
    yield f"{result.name}: {style(one_line(result.status), fg=colour_of(result.status), bold=True)}"


def end_notes(state: ChainState) -> Iterator[str]:
    """What there is to say of an end besides its result."""
    for reason in state.refused:
        yield f"it could not be cancelled as asked: {reason}"
    live = ", ".join(f"{one_line(step.id)} ({one_line(step.status)})" for step in state.live_steps)
    if state.trouble:
        yield f"the service could not be asked: {state.trouble}"
    if state.timed_out and live:
        yield f"the time is over and it goes on: {live}"
    elif live:
        yield f"nothing moves any more, and the service has not ended {live}; it is left as it is"


def run_rows(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Runs as a table: when, how it stands, how long it took, of which pipeline or batch, chain and step, its id."""
    yield from _table(rows, ("CHAIN", "STEP", "WORKFLOW"), ("chain", "session_alias", "workflow"))


def task_rows(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Tasks as a table: when, how it stands, how long it took, of which pipeline, what was run, its id."""
    yield from _table(rows, ("TASK", "WORKFLOW"), ("name", "workflow_id"))


def _table(rows: Sequence[Mapping[str, Any]], titles: Sequence[str], keys: Sequence[str]) -> Iterator[str]:
    """A header and a line each; what belongs to what has a column where something belongs to anything."""
    if not rows:
        return
    parts = ("PART OF",) if any(row["part_of"] for row in rows) else ()
    table = [("CREATED", "STATUS", "TOOK", *parts, *titles, "ID")]
    for row in rows:
        part = (_part_text(row["part_of"]),) if parts else ()
        took = _span_text(row["started_at"], row["ended_at"])
        words = ((row["created_at"] or "")[:19], row["status"], took, *part, *(row[key] for key in keys))
        table.append((*(one_line(str(word or "")) for word in words), row["id"]))
    widths = [min(max(len(line[at]) for line in table), _WIDEST_CELL) for at in range(len(table[0]))]
    for number, line in enumerate(table):
        text = "  ".join(f"{cell[:width]:<{width}}" for cell, width in zip(line[:-1], widths[:-1], strict=True))
        yield style(f"{text}  {line[-1]}", bold=True) if not number else f"{text}  {line[-1]}"


def _part_text(part: Mapping[str, str] | None) -> str:
    """A step or item below its pipeline, a row by its name and number; of a long one both ends."""
    if part is None:
        return ""
    text = part["id"] if part["kind"] == "batch" else f"{part['name']}/{part['id']}"
    return text if len(text) <= _WIDEST_CELL else f"{text[:12]}…{text[13 - _WIDEST_CELL :]}"


def _sign(step: ProgressRow) -> str:
    known = {"success": "✓", "completed": "✓", "cancelled": "-", **dict.fromkeys(_NOT_BEGUN, "·")}
    return known.get(step.status, "✗")


def _duration_text(step: ProgressRow) -> str:
    return _span_text(step.started_at, step.ended_at)


def _span_text(started_at: str | None, ended_at: str | None) -> str:
    started = parse_time(started_at) if started_at else None
    if started is None:
        return ""
    ended = parse_time(ended_at) if ended_at else datetime.now(started.tzinfo)
    seconds = max(0.0, ((ended or started) - started).total_seconds())
    return f"{seconds:.1f} s" if seconds < 60 else f"{int(seconds // 60)} min {int(seconds % 60):02} s"  # noqa: PLR2004
