"""Submissions as a ledger holds them: which runs came of one, and the readings of their workflows around it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cyberflow.run.readings.reading import Readings, WorkflowReading
from cyberflow.run.work.entry import LedgerEntry
from cyberflow.run.work.journal import JOURNAL, OLD_FOLDER, journal_ledger
from cyberflow.run.work.ledger import Ledger
from cyberflow.storage import parse_json

RunTimes = Mapping[str, tuple[str | None, str | None]]
ReadingsById = Mapping[str, WorkflowReading]
TABLES = (
    "CREATE TABLE IF NOT EXISTS readings (number INTEGER PRIMARY KEY, at REAL NOT NULL, content TEXT NOT NULL)",
    """CREATE TABLE IF NOT EXISTS covered (
        id TEXT, attempt INTEGER, reading INTEGER NOT NULL, PRIMARY KEY (id, attempt)) WITHOUT ROWID""",
)
"""Readings that many submissions have in common; and for each that was over by then, the first one after its end."""


@dataclass(frozen=True)
class Submission:
    """What was submitted by us. `readings` are those from the last before it was sent to the first after its end, by
    workflow id, none where one of the two is missing; `times` are the beginning and end of each run as they were then.
    """

    name: str
    target: str
    session_id: str | None
    run_ids: tuple[str, ...]
    readings: tuple[ReadingsById, ...] = ()
    times: RunTimes = field(default_factory=dict)

    def readings_of(self, workflow: str) -> tuple[WorkflowReading, ...]:
        """The readings of one workflow; none unless every look saw it."""
        found = tuple(look[workflow] for look in self.readings if workflow in look)
        return found if len(found) == len(self.readings) else ()


def write_reading(ledger: Ledger, readings: Readings, at: float) -> None:
    """Write down a reading: the first after the end of everything that is over, and before whatever is sent from now
    on. Raises CyberflowError for the disk.
    """
    if not readings.workflows:
        return
    content = json.dumps([one.to_json() for one in readings.workflows.values()])
    with ledger.transaction() as connection:
        for table in TABLES:
            connection.execute(table)
        number = connection.execute("INSERT INTO readings (at, content) VALUES (?, ?)", (at, content)).lastrowid
        over = "INSERT OR IGNORE INTO covered SELECT id, attempt, ? FROM entries WHERE stage = 'ended'"
        connection.execute(over, (number,))


def submissions_of_journal(state: Path) -> list[Submission]:
    """The submissions of a project's single runs; none where nothing ran."""
    if not (state / JOURNAL).is_file() and not (state / OLD_FOLDER).is_dir():
        return []
    with journal_ledger(state) as ledger:
        return list(submissions_of(ledger))


def submissions_of(ledger: Ledger) -> Iterator[Submission]:
    """The submissions of a ledger whose runs are known."""
    common = _CommonReadings.read(ledger)
    for entry in ledger.entries():
        if entry.kind in ("chain", "run") and entry.run_ids:
            yield Submission(
                entry.step,
                ledger.head.target or str(entry.facts.get("target")),
                entry.session_id,
                entry.run_ids,
                _own_readings(entry) or common.around(entry),
                _times(entry),
            )


@dataclass(frozen=True)
class _CommonReadings:
    moments: Mapping[int, float]
    looks: Mapping[int, ReadingsById]
    covered: Mapping[tuple[str, int], int]

    @classmethod
    def read(cls, ledger: Ledger) -> _CommonReadings:
        if not list(ledger.select("SELECT 1 FROM sqlite_master WHERE name = 'covered'")):
            return cls({}, {}, {})
        rows = list(ledger.select("SELECT number, at, content FROM readings ORDER BY number"))
        looks = {number: _readings(parse_json(content)) for number, _, content in rows}
        covered = ledger.select("SELECT id, attempt, reading FROM covered")
        return cls({number: at for number, at, _ in rows}, looks, {(id, attempt): one for id, attempt, one in covered})

    def around(self, entry: LedgerEntry) -> tuple[ReadingsById, ...]:
        last = self.covered.get((entry.id, entry.attempt))
        earlier = [number for number, at in self.moments.items() if entry.sent_at is not None and at <= entry.sent_at]
        if last is None or not earlier:
            return ()
        return tuple(look for number, look in self.looks.items() if max(earlier) <= number <= last)


def _own_readings(entry: LedgerEntry) -> tuple[ReadingsById, ...]:
    """The two readings of a single run, which are among its facts."""
    both = [_readings(_values(entry.facts.get(key))) for key in ("workflows", "workflows_after")]
    return tuple(both) if all(both) and entry.stage == "ended" else ()


def _readings(content: Any) -> dict[str, WorkflowReading]:
    readings = map(WorkflowReading.from_json, content if isinstance(content, Iterable) else ())
    return {reading.id: reading for reading in readings if reading is not None}


def _values(found: Any) -> list[Any]:
    return list(found.values()) if isinstance(found, dict) else []


def _times(entry: LedgerEntry) -> RunTimes:
    found = entry.facts.get("runs")
    runs = found.items() if isinstance(found, dict) else ()
    return {id: (time.get("started_at"), time.get("ended_at")) for id, time in runs if isinstance(time, dict)}
