"""How the end of a task looks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from cyberflow.cli.console import say
from cyberflow.cli.styles import indent_lines, one_line, style
from cyberflow.cli.views.runs.statuses import colour_of
from cyberflow.errors import CyberflowError
from cyberflow.redact import Redactor
from cyberflow.run.task.outputs import SavedOutput
from cyberflow.run.task.request import TaskState


def task_lines(state: TaskState, outputs: Iterable[SavedOutput]) -> Iterator[str]:
    """The last line ends in the status."""
    for line in state.error:
        yield f"{style(one_line(state.status), fg='red', bold=True)}: {indent_lines(line, '  | ')}"
    found = [*outputs]
    if found:
        width = max(len(one.key) for one in found)
        yield style("outputs", bold=True)
        for one in found:
            yield f"  {one_line(one.key):<{width}}  {one.path or one_line(one.url or 'no address')}"
    yield f"{state.name}: {style(one_line(state.status), fg=colour_of(state.status), bold=True)}"


def task_json(state: TaskState, outputs: Iterable[SavedOutput], redactor: Redactor) -> dict[str, Any]:
    """The end of a task as data."""
    return state.to_json({one.key: one.to_json() for one in outputs}, redactor)


def task_notes(state: TaskState) -> Iterator[str]:
    """What there is to say of an end besides the result."""
    if state.refused:
        yield f"it could not be cancelled as asked: {state.refused}"
    if state.is_live and state.cancelled:
        yield f"it was cancelled, and the service has not ended it ({state.status}); it is left as it is"
    elif state.is_live and state.timed_out:
        yield f"the time is over and it goes on: {state.name} ({state.status})"
    elif state.timed_out and state.cancelled:
        late = "" if state.status == "cancelled" else f", too late: it is {state.status}"
        yield f"the time was over and it was cancelled{late}"


def download_hint(task_id: str, target: str) -> str:
    """The command that saves the outputs of a task."""
    return f"cyberflow runs download {task_id} --target {target}"


def raise_save_failures(outputs: list[SavedOutput]) -> None:
    """Say which outputs are not on the disk, and raise the reason of the first."""
    lost = [one for one in outputs if one.failure is not None]
    for one in lost[1:]:
        say(f"output {one.key} is not saved: {one.failure}")
    if lost and lost[0].failure is not None:
        raise CyberflowError(f"output `{lost[0].key}` is not saved: {lost[0].failure}", help=lost[0].failure.help)
