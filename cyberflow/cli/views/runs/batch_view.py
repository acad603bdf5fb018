"""How a batch looks while it goes on and when it is over: a bar on a terminal, elsewhere a line now and then."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self

import click

from cyberflow.cli.output_streams import drawing_stream
from cyberflow.cli.styles import one_line, style, unstyle
from cyberflow.run.work.dispatch import EntryUpdate
from cyberflow.run.work.ledger import Ledger

if TYPE_CHECKING:
    from rich.live import Live

EVERY = 10.0
"""Seconds between two lines where nobody watches."""
FAILURES = 20
UNDER_WAY = ("sending", "accepted")


class BatchView(Protocol):
    """Shows what happens to rows, on standard error."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...
    def show_change(self, turn: EntryUpdate) -> None: ...
    def show_trouble(self, reason: str) -> None: ...


def batch_view(counts: Mapping[str, int], *, quiet: bool) -> BatchView:
    tally = RowCounts(counts)
    return BatchBar(tally) if sys.stderr.isatty() and not quiet else BatchLines(tally, silent=quiet)


class RowCounts:
    """How many rows are how far."""

    def __init__(self, counts: Mapping[str, int]) -> None:
        self.counts = Counter(counts)
        self.total = sum(counts.values())

    def apply_change(self, turn: EntryUpdate) -> None:
        self.counts[turn.before] -= 1
        self.counts[turn.entry.display_status] += 1

    @property
    def done_count(self) -> int:
        return self.total - self.counts["waiting"] - sum(self.counts[name] for name in UNDER_WAY)

    def text(self) -> str:
        live = sum(self.counts[name] for name in UNDER_WAY)
        parts = [f"{count} {name}" for name, count in sorted(self.counts.items()) if count and name not in NOT_OVER]
        done = f"{self.done_count} of {self.total} done" + (f": {', '.join(parts)}" if parts else "")
        return done + (f"; {live} under way" if live else "")


NOT_OVER = ("waiting", *UNDER_WAY)


class BatchLines:
    """A line for each of the first failures, and one for the whole every few seconds."""

    def __init__(self, tally: RowCounts, *, silent: bool) -> None:
        self._tally = tally
        self._silent = silent
        self._failures = 0
        self._said = time.monotonic()
        self._trouble: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def show_change(self, turn: EntryUpdate) -> None:
        self._tally.apply_change(turn)
        if turn.entry.has_failed or turn.entry.stage == "unknown":
            self._failures += 1
            if self._failures <= FAILURES:
                self._say(failure_line(turn))
        if time.monotonic() - self._said >= EVERY:
            self._said = time.monotonic()
            self._say(f"  {self._tally.text()}")

    def show_trouble(self, reason: str) -> None:
        if reason != self._trouble:
            self._say(f"  trying again: {one_line(reason)}")
        self._trouble = reason

    def _say(self, text: str) -> None:
        if not self._silent:
            click.echo(text, err=True)


class BatchBar:
    """A bar that is drawn anew, with failures above it."""

    def __init__(self, tally: RowCounts) -> None:
        self._tally = tally
        self._failures = 0
        self._reason: str | None = None
        self._begun = (time.monotonic(), tally.done_count)
        self._live: Live | None = None

    def __enter__(self) -> Self:
        from rich.console import Console
        from rich.live import Live

        console = Console(file=drawing_stream(sys.stderr), highlight=False)
        self._live = Live(console=console, refresh_per_second=4, get_renderable=self._draw)
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def show_change(self, turn: EntryUpdate) -> None:
        self._tally.apply_change(turn)
        self._reason = None
        if turn.entry.has_failed or turn.entry.stage == "unknown":
            self._failures += 1
            if self._failures <= FAILURES and self._live is not None:
                from rich.text import Text

                self._live.console.print(Text(unstyle(failure_line(turn)), style="red"), overflow="ellipsis")

    def show_trouble(self, reason: str) -> None:
        self._reason = reason

    def _draw(self) -> Any:
        from rich.progress_bar import ProgressBar
        from rich.table import Table as Grid
        from rich.text import Text

        tally = self._tally
        grid = Grid.grid(padding=(0, 2))
        grid.add_row(
            ProgressBar(tally.total, tally.done_count, width=30),
            Text(tally.text()),
            Text(self._remaining_time(), style="dim"),
        )
        if self._reason:
            grid.add_row("", Text(one_line(f"trying again: {self._reason}"), style="yellow"))
        return grid

    def _remaining_time(self) -> str:
        begun, before = self._begun
        done, seconds = self._tally.done_count - before, time.monotonic() - begun
        if not done:
            return ""
        left = round((self._tally.total - self._tally.done_count) * seconds / done)
        return f"{left // 3600}:{left // 60 % 60:02}:{left % 60:02} left" if left else ""


def failure_line(turn: EntryUpdate) -> str:
    said = one_line((turn.entry.error or "").partition("\n")[0])
    status = style(one_line(turn.entry.display_status), fg="red")
    return f"  row {turn.entry.number}: {status}{f': {said}' if said else ''}"


def summary(ledger: Ledger, results: Path) -> dict[str, Any]:
    """A batch as data. `status` is the first in the order of rows that is not `success`, or `success`."""
    status = next((entry.display_status for entry in ledger.rows() if entry.display_status != "success"), "success")
    counts = dict(sorted(ledger.counts().items()))
    rows = {"total": ledger.head.total, **counts}
    return {
        "version": 1,
        "name": ledger.head.name,
        "status": status,
        "ledger": str(ledger.path),
        "results": str(results),
        "rows": rows,
        "unknown": [entry.number for entry in ledger.entries("unknown")],
    }


def end_lines(ledger: Ledger, data: Mapping[str, Any], command: str) -> Iterator[str]:
    """The end of a batch as text; the last line ends in the status."""
    rows = data["rows"]
    width = len(str(rows["total"]))
    for name, count in rows.items():
        if name != "total":
            yield f"  {count:>{width}} {style(one_line(name), fg='green' if name == 'success' else 'yellow')}"
    if unknown := data["unknown"]:
        shown = ", ".join(map(str, unknown[:FAILURES])) + (", …" if len(unknown) > FAILURES else "")
        yield f"of unknown fate, the answer to their submission was lost: rows {shown}"
        yield f"  look for them, then `{command} --resubmit-unknown` sends them once more"
    if any(entry.has_failed for entry in ledger.entries("ended", "refused")):
        yield f"  `{command} --retry-failed` runs what failed once more"
    yield f"results {data['results']}"
    colour = "green" if data["status"] == "success" else "red"
    yield f"{data['name']}: {style(one_line(data['status']), fg=colour, bold=True)}"
