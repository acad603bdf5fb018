"""Submissions as the journal holds them: which runs came of one, and the readings of their workflows around it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cyberflow.run.work.journal import FOLDER, journal_lines
from cyberflow.run.work.readings import WorkflowReading

RunTimes = Mapping[str, tuple[str | None, str | None]]


@dataclass(frozen=True)
class Submission:
    """What was submitted by this project on this machine. `before` and `after` are readings by workflow id; `times` are
    the beginning and end of each run as they were at the second reading.
    """

    name: str
    target: str
    session_id: str | None
    run_ids: tuple[str, ...]
    before: Mapping[str, WorkflowReading] = field(default_factory=dict)
    after: Mapping[str, WorkflowReading] = field(default_factory=dict)
    times: RunTimes = field(default_factory=dict)


def submissions_of_journal(state: Path) -> Iterator[Submission]:
    """The submissions of the journal in a `.cyberflow` folder whose runs are known, in no order."""
    for path in sorted((state / FOLDER).glob("*.jsonl")):
        lines = {line["what"]: line for line in journal_lines(path) if isinstance(line.get("what"), str)}
        begun, accepted, ended = (lines.get(what, {}) for what in ("submitting", "accepted", "ended"))
        runs = accepted.get("run_ids")
        if not isinstance(runs, list) or not all(isinstance(begun.get(key), str) for key in ("name", "target")):
            continue
        yield Submission(
            begun["name"],
            begun["target"],
            accepted.get("session_id"),
            tuple(map(str, runs)),
            _readings(begun),
            _readings(ended),
            _times(ended),
        )


def _readings(line: Mapping[str, Any]) -> dict[str, WorkflowReading]:
    found = line.get("workflows")
    readings = map(WorkflowReading.from_json, found.values() if isinstance(found, dict) else ())
    return {reading.id: reading for reading in readings if reading is not None}


def _times(line: Mapping[str, Any]) -> RunTimes:
    found = line.get("runs")
    runs = found.items() if isinstance(found, dict) else ()
    return {id: (time.get("started_at"), time.get("ended_at")) for id, time in runs if isinstance(time, dict)}
