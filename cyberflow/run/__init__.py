"""Submitting chains and workflows and following them to their end. What is shown of it is the doors' business.

The order of work: `gather` what is given, make a `chain_request` or `run_request`, `submit` it, `follow` (or `cancel`)
it, and read the `result_of` the state that `replay` makes of the events. Many rows are a `Batch` with a `Ledger`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cyberflow.run.again import Remainder, take_up
    from cyberflow.run.batch import Batch, Trouble, Turn
    from cyberflow.run.chain import advance, begin, replay
    from cyberflow.run.course import Choice, Limits
    from cyberflow.run.engine import Queued, Worker, queue_of
    from cyberflow.run.events import (
        CancelAnswered,
        CancelAsked,
        Event,
        Looked,
        OutputsRead,
        Released,
        State,
        Step,
        TimedOut,
        Unanswered,
    )
    from cyberflow.run.files import SCREENSHOTS, own_folder, save_all, save_exports, save_screenshots
    from cyberflow.run.given import Asked, Given, GivenFile, files_of, gather, gather_shared
    from cyberflow.run.hands import Direct, Hands
    from cyberflow.run.inputs import Runnable, load_inputs, read_inputs
    from cyberflow.run.journal import Entry, Invocation, entry_of_task, go_on, open_journal, unfinished, valid_id
    from cyberflow.run.leaf import Leaf
    from cyberflow.run.ledger import Head, Ledger
    from cyberflow.run.redact import Redactor
    from cyberflow.run.report import write_results
    from cyberflow.run.request import Ids, Parts, Submission, Where, chain_request, run_request
    from cyberflow.run.result import Result, result_of
    from cyberflow.run.rows import Rows, output_names, read_mapping, shape_of
    from cyberflow.run.secrets import NotFound, Source, World, find, source_of, target_sources, this_world
    from cyberflow.run.submission import submit
    from cyberflow.run.table import Fault, Table
    from cyberflow.run.task import TaskRequest, TaskState, task_files, task_request
    from cyberflow.run.task_outputs import SavedOutput, save_outputs
    from cyberflow.run.task_submission import prepare_task, scripted, submit_task
    from cyberflow.run.task_watch import cancel_task, follow_task, seen
    from cyberflow.run.watch import LOCAL, REMOTE, Pace, Watch, cancel, follow

_HOMES = {
    "again": ("Remainder", "take_up"),
    "batch": ("Batch", "Trouble", "Turn"),
    "chain": ("advance", "begin", "replay"),
    "course": ("Choice", "Limits"),
    "engine": ("Queued", "Worker", "queue_of"),
    "events": (
        *("CancelAnswered", "CancelAsked", "Event", "Looked", "OutputsRead", "Released", "State", "Step"),
        *("TimedOut", "Unanswered"),
    ),
    "files": ("SCREENSHOTS", "own_folder", "save_all", "save_exports", "save_screenshots"),
    "given": ("Asked", "Given", "GivenFile", "files_of", "gather", "gather_shared"),
    "hands": ("Direct", "Hands"),
    "inputs": ("Runnable", "load_inputs", "read_inputs"),
    "journal": ("Entry", "Invocation", "entry_of_task", "go_on", "open_journal", "unfinished", "valid_id"),
    "leaf": ("Leaf",),
    "ledger": ("Head", "Ledger"),
    "redact": ("Redactor",),
    "report": ("write_results",),
    "request": ("Ids", "Parts", "Submission", "Where", "chain_request", "run_request"),
    "result": ("Result", "result_of"),
    "rows": ("Rows", "output_names", "read_mapping", "shape_of"),
    "secrets": ("NotFound", "Source", "World", "find", "source_of", "target_sources", "this_world"),
    "submission": ("submit",),
    "table": ("Fault", "Table"),
    "task": ("TaskRequest", "TaskState", "task_files", "task_request"),
    "task_outputs": ("SavedOutput", "save_outputs"),
    "task_submission": ("prepare_task", "scripted", "submit_task"),
    "task_watch": ("cancel_task", "follow_task", "seen"),
    "watch": ("LOCAL", "REMOTE", "Pace", "Watch", "cancel", "follow"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "LOCAL",
    "REMOTE",
    "SCREENSHOTS",
    "Asked",
    "Batch",
    "CancelAnswered",
    "CancelAsked",
    "Choice",
    "Direct",
    "Entry",
    "Event",
    "Fault",
    "Given",
    "GivenFile",
    "Hands",
    "Head",
    "Ids",
    "Invocation",
    "Leaf",
    "Ledger",
    "Limits",
    "Looked",
    "NotFound",
    "OutputsRead",
    "Pace",
    "Parts",
    "Queued",
    "Redactor",
    "Released",
    "Remainder",
    "Result",
    "Rows",
    "Runnable",
    "SavedOutput",
    "Source",
    "State",
    "Step",
    "Submission",
    "Table",
    "TaskRequest",
    "TaskState",
    "TimedOut",
    "Trouble",
    "Turn",
    "Unanswered",
    "Watch",
    "Where",
    "Worker",
    "World",
    "advance",
    "begin",
    "cancel",
    "cancel_task",
    "chain_request",
    "entry_of_task",
    "files_of",
    "find",
    "follow",
    "follow_task",
    "gather",
    "gather_shared",
    "go_on",
    "load_inputs",
    "open_journal",
    "output_names",
    "own_folder",
    "prepare_task",
    "queue_of",
    "read_inputs",
    "read_mapping",
    "replay",
    "result_of",
    "run_request",
    "save_all",
    "save_exports",
    "save_outputs",
    "save_screenshots",
    "scripted",
    "seen",
    "shape_of",
    "source_of",
    "submit",
    "submit_task",
    "take_up",
    "target_sources",
    "task_files",
    "task_request",
    "this_world",
    "unfinished",
    "valid_id",
    "write_results",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
