"""How a batch looks while it goes on and when it is over: a bar on a terminal, elsewhere a line now and then."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cyberflow.cli.styles import one_line, style
from cyberflow.cli.views.runs.ledger_view import EVERY, FAILURES, LedgerView, LineView, LiveView
from cyberflow.run.work.dispatch import EntryUpdate
from cyberflow.run.work.ledger import Ledger

UNDER_WAY = ("sending", "accepted")


def batch_view(counts: Mapping[str, int], *, quiet: bool) -> LedgerView:
    tally = RowCounts(counts)
    return BatchBar(tally) if sys.stderr.isatty() and not quiet else BatchLines(tally, silent=quiet)


class RowCounts:
    """How many rows are how far."""

    def __init__(self, counts: Mapping[str, int]) -> None:
        self.counts = Counter(counts)
        self.total = sum(counts.values())

    def apply_change(self, update: EntryUpdate) -> None:
        self.counts[update.before] -= 1
        self.counts[update.entry.display_status] += 1

    @property
    def done_count(self) -> int:
        return self.total - self.counts["waiting"] - sum(self.counts[name] for name in UNDER_WAY)

    def text(self) -> str:
        live = sum(self.counts[name] for name in UNDER_WAY)
        parts = [f"{count} {name}" for name, count in sorted(self.counts.items()) if count and name not in NOT_OVER]
        done = f"{self.done_count} of {self.total} done" + (f": {', '.join(parts)}" if parts else "")
        return done + (f"; {live} under way" if live else "")


NOT_OVER = ("waiting", *UNDER_WAY)


class BatchLines(LineView):
    """A line for each of the first failures, and one for the whole every few seconds."""

    def __init__(self, tally: RowCounts, *, silent: bool) -> None:
        super().__init__(silent=silent)
        self._tally = tally
        self._said = time.monotonic()

    def show_change(self, update: EntryUpdate) -> None:
        self._tally.apply_change(update)
        if update.entry.has_failed or update.entry.stage == "unknown":
            self._say_failure(failure_line(update))
        if time.monotonic() - self._said >= EVERY:
            self._said = time.monotonic()
            self._say(f"  {self._tally.text()}")


class BatchBar(LiveView):
    """A bar that is drawn anew, with failures above it."""

    def __init__(self, tally: RowCounts) -> None:
        super().__init__()
        self._tally = tally
        self._begun = (time.monotonic(), tally.done_count)

    def show_change(self, update: EntryUpdate) -> None:
        self._tally.apply_change(update)
        self._trouble = None
        if update.entry.has_failed or update.entry.stage == "unknown":
            self._print_failure(failure_line(update))

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
        if self._trouble:
            grid.add_row("", Text(one_line(f"trying again: {self._trouble}"), style="yellow"))
        return grid

    def _remaining_time(self) -> str:
        begun, before = self._begun
        done, seconds = self._tally.done_count - before, time.monotonic() - begun
        if not done:
            return ""
        left = round((self._tally.total - self._tally.done_count) * seconds / done)
        return f"{left // 3600}:{left // 60 % 60:02}:{left % 60:02} left" if left else ""


def failure_line(update: EntryUpdate) -> str:
    said = one_line((update.entry.error or "").partition("\n")[0])
    status = style(one_line(update.entry.display_status), fg="red")
    return f"  row {update.entry.number}: {status}{f': {said}' if said else ''}"


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
