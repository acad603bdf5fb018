"""How a pipeline looks while it goes on, and when it is over: a live table on a terminal, elsewhere a line a change."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from cyberflow.cli.styles import indent_lines, one_line, style
from cyberflow.cli.views.runs.ledger_view import EVERY, FAILURES, LedgerView, LineView, LiveView
from cyberflow.cli.views.runs.statuses import STATUS, colour_of
from cyberflow.run.pipeline.reducer import pending_retries, waiting_entries
from cyberflow.run.pipeline.result import item_counts, step_status
from cyberflow.run.pipeline.state import PipelineState
from cyberflow.run.work.entry import LedgerEntry

if TYPE_CHECKING:
    from cyberflow.run.work.dispatch import EntryUpdate

_SIGNS = {"success": "✓", "completed": "✓", "skipped": "-", "waiting": "·"}


def pipeline_view(state: PipelineState, ledger: str, *, quiet: bool, stays: bool) -> LedgerView:
    """The view for where standard error goes; `stays`: it is there for as long as somebody is asked."""
    if sys.stderr.isatty() and not quiet:
        return StepTable(state)
    return StepLines(state, ledger if stays else None, silent=quiet)


class StepLines(LineView):
    """A line for each step that is over, each failure, and with a ledger each question that is open; of many items one
    now and then.
    """

    def __init__(self, state: PipelineState, ledger: str | None, *, silent: bool) -> None:
        super().__init__(silent=silent)
        self._state = state
        self._ledger = ledger
        self._said: set[str] = set()
        self._questions = 0
        self._said_at = time.monotonic()

    def __enter__(self) -> Self:
        for entry in waiting_entries(self._state):
            self._ask(entry)
        return super().__enter__()

    def _ask(self, entry: LedgerEntry) -> None:
        if self._ledger is not None and self._questions < FAILURES:
            self._questions += 1
            for line in question_lines(entry, self._ledger):
                self._say(f"  {line}")

    def show_change(self, update: EntryUpdate) -> None:
        entry = update.entry
        if entry.kind == "wait" and entry.stage == "accepted":
            self._ask(entry)
        if entry.is_over and not entry.has_succeeded and entry.kind != "each":
            self._say_failure(f"  {failure_line(entry)}")
        for id, progress in self._state.root.steps.items():
            if id not in self._said and progress.is_over:
                self._said.add(id)
                self._say(f"  {step_line(self._state, id)}")
        if time.monotonic() - self._said_at >= EVERY:
            self._said_at = time.monotonic()
            for id, progress in self._state.root.steps.items():
                if progress.live and progress.step.each is not None:
                    self._say(f"  {step_line(self._state, id)}")


class StepTable(LiveView):
    """A table that is drawn anew: steps, their items, how long it will take, what waits and until when."""

    def __init__(self, state: PipelineState) -> None:
        super().__init__()
        self._state = state
        self._begun: dict[str, tuple[float, int]] = {}

    def show_change(self, update: EntryUpdate) -> None:
        self._trouble = None
        entry = update.entry
        if entry.is_over and not entry.has_succeeded and entry.kind != "each":
            self._print_failure(failure_line(entry))

    def _draw(self) -> Any:
        from rich.spinner import Spinner
        from rich.table import Table as Grid
        from rich.text import Text

        grid = Grid.grid(padding=(0, 2))
        for id, progress in self._state.root.steps.items():
            status = step_status(self._state, progress)
            sign: Any = Text(_SIGNS.get(status, "✗"), style=colour_of(status) if status != "waiting" else "dim")
            if status == "running":
                sign = Spinner("dots", style="cyan")
            shown = Text(one_line(status), style="dim" if status == "waiting" else colour_of(status))
            notes = [items_text(self._state, id), self._remaining_time(id), wait_text(self._state, id)]
            grid.add_row(
                sign, Text(one_line(id), style="bold"), shown, Text("  ".join(filter(None, notes)), style="dim")
            )
        if self._trouble:
            grid.add_row("", "", "", Text(one_line(f"trying again: {self._trouble}"), style="yellow"))
        return grid

    def _remaining_time(self, id: str) -> str:
        progress = self._state.root.steps[id]
        if progress.step.each is None or not progress.expanded or progress.is_over:
            return ""
        done = len(progress.items) - len(progress.todo) - len(progress.live)
        begun, before = self._begun.setdefault(id, (time.monotonic(), done))
        if done == before:
            return ""
        left = round((len(progress.items) - done) * (time.monotonic() - begun) / (done - before))
        return f"{left // 3600}:{left // 60 % 60:02}:{left % 60:02} left"


def step_line(state: PipelineState, id: str, *, has_failed: bool = False) -> str:
    """A step, its status, and how far its items are; what a run that has failed did not come to waits no more."""
    progress = state.root.steps.get(id)
    status = step_status(state, progress)
    if has_failed and status == "waiting" and not (progress and progress.live):
        status = "not run"
    width = max(len(step.id) for step in state.root.pipeline.steps)
    shown = style(one_line(status), fg=colour_of(status) if status not in ("waiting", "not run") else None)
    items = items_text(state, id)
    return f"{one_line(id):<{width}}  {shown}{' ' * max(0, STATUS - len(status)) + items if items else ''}"


def items_text(state: PipelineState, id: str) -> str:
    """How far the items of a step are: `7 of 12: 6 success, 1 error`."""
    progress = state.root.steps.get(id)
    if progress is None or progress.step.each is None or not progress.expanded or progress.problem is not None:
        return ""
    counts = item_counts(state, progress)
    done = len(progress.items) - len(progress.todo) - len(progress.live)
    parts = ", ".join(
        f"{count} {one_line(name)}" for name, count in counts.items() if name not in ("waiting", "sending", "accepted")
    )
    return f"{done} of {len(progress.items)}{f': {parts}' if parts else ''}"


def wait_text(state: PipelineState, id: str) -> str:
    """What a step waits for, and until when."""
    progress = state.root.steps[id]
    entries = [state.entries[item] for item in progress.live if state.entries[item].kind == "wait"]
    if not entries:
        return ""
    due = entries[0].facts.get("due")
    until = f"until {moment_text(due)}" if due is not None else "for an answer"
    question = entries[0].facts.get("question")
    return f"{one_line(question)} ({until})" if question else until


def question_lines(entry: LedgerEntry, ledger: str) -> Iterator[str]:
    """What is waited for, and how it is answered."""
    due = entry.facts.get("due")
    until = f" until {moment_text(due)}" if due is not None else ""
    question = entry.facts.get("question")
    if question is None:
        yield f"{one_line(entry.id)} waits{until}"
        return
    yield f"{one_line(entry.id)} waits{until} for an answer: {style(one_line(question), bold=True)}"
    yield f"  {answer_command(entry, ledger)}"


def left_lines(state: PipelineState, ledger: str) -> Iterator[str]:
    """What only time or a person goes on with: waits, and what is tried again later."""
    for entry in waiting_entries(state)[:FAILURES]:
        yield from question_lines(entry, ledger)
    for entry, due in pending_retries(state)[:FAILURES]:
        yield f"{one_line(entry.id)} is tried again at {moment_text(due)}"


def answer_command(entry: LedgerEntry, ledger: str) -> str:
    """The command that answers a wait."""
    import shlex

    wanted: Mapping[str, Any] = entry.facts.get("outputs") or {}
    words = [word for name, declared in wanted.items() if declared["required"] for word in ("-i", f"{name}=…")]
    return shlex.join(["cyberflow", "runs", "signal", ledger, entry.id]) + "".join(f" {word}" for word in words)


def moment_text(seconds: float) -> str:
    """A moment in the time of this machine."""
    return datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def failure_line(entry: LedgerEntry) -> str:
    said = one_line((entry.error or "").partition("\n")[0])
    return f"{one_line(entry.id)}: {style(one_line(entry.display_status), fg='red')}{f': {said}' if said else ''}"


def end_lines(data: Mapping[str, Any], state: PipelineState, again: str) -> Iterator[str]:
    """The end of a pipeline as text; the last line ends in the status."""
    has_failed = data["status"] not in ("success", "stopped", "waiting", "running")
    for step in data["steps"]:
        yield f"  {step_line(state, step['id'], has_failed=has_failed)}"
    for step in data["steps"]:
        if "error" in step:
            shown = style("error", fg="red", bold=True)
            yield f"{shown} in {one_line(step['id'])}: {indent_lines(step['error'], '  | ')}"
    failed = [run for step in data["steps"] for run in step["runs"] if run["error"]]
    for run in failed[:FAILURES]:
        status = style(one_line(run["status"]), fg="red", bold=True)
        yield f"{status} in {one_line(run['id'])}: {indent_lines(run['error'], '  | ')}"
    if len(failed) > FAILURES:
        yield f"and {len(failed) - FAILURES} more"
    unknown = [run for step in data["steps"] for run in step["runs"] if run["status"] == "unknown"]
    if unknown:
        shown = ", ".join(one_line(run["id"]) for run in unknown[:FAILURES])
        yield f"of unknown fate, the answer to their submission was lost: {shown}"
        yield f"  look for them, then `{again} --resubmit-unknown` sends them once more"
    elif failed and has_failed:
        yield f"  `{again} --retry-failed` runs what failed once more"
    if data["outputs"]:
        width = max(len(name) for name in data["outputs"])
        yield style("outputs", bold=True)
        for name, value in data["outputs"].items():
            shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            yield f"  {one_line(name):<{width}}  {indent_lines(shown, '  ' + ' ' * width + '| ')}"
    status = data["status"]
    colour = "green" if status == "success" else "yellow" if status in ("stopped", "waiting") else "red"
    yield f"{data['name']}: {style(one_line(status), fg=colour, bold=True)}"


def plan_lines(data: Mapping[str, Any]) -> Iterator[str]:
    """What a pipeline would do, a step a line."""
    width = max((len(step["id"]) for step in data["steps"]), default=0)
    for step in data["steps"]:
        what = f"waits: {step['waits']}" if step["waits"] else f"{step['kind']} {step['runs']}"
        if step["each"]:
            total = "as many times as its list has entries" if step["total"] is None else f"{step['total']} times"
            what += f", {total}"
        done = ", ".join(f"{count} {name}" for name, count in step["items"].items() if name != "waiting")
        yield f"  {one_line(step['id']):<{width}}  {one_line(what)}{f'  ({one_line(done)})' if done else ''}"
