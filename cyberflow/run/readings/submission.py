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
Looks = tuple[tuple[ReadingsById, ...], int, int]
TABLES = (
    "CREATE TABLE IF NOT EXISTS readings (number INTEGER PRIMARY KEY, at REAL NOT NULL, content TEXT NOT NULL)",
    """CREATE TABLE IF NOT EXISTS covered (
        id TEXT, attempt INTEGER, reading INTEGER NOT NULL, PRIMARY KEY (id, attempt)) WITHOUT ROWID""",
)
"""Readings that many submissions have in common; and for each that was over by then, the first one after its end."""


@dataclass(frozen=True)
class Submission:
    """What was submitted by us. `looks` are readings by workflow id, each of some workflows, in their order: the first
    `sent` were taken before the submission, those from `over` on after its end. `times` are the beginning and end of
    each run as they were then.
    """

    name: str
    target: str
    session_id: str | None
    run_ids: tuple[str, ...]
    looks: tuple[ReadingsById, ...] = ()
    sent: int = 0
    over: int = 0
    times: RunTimes = field(default_factory=dict)

    def readings_of(self, workflow: str) -> tuple[WorkflowReading, ...]:
        """The readings of one workflow, from the last before it was sent to the first after its end; none where there
        is not one of each.
        """
        places = [place for place, look in enumerate(self.looks) if workflow in look]
        before = [place for place in places if place < self.sent]
        after = [place for place in places if place >= self.over]
        if not before or not after:
            return ()
        return tuple(self.looks[place][workflow] for place in places if before[-1] <= place <= after[0])


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
            target = ledger.head.target or str(entry.facts.get("target"))
            looks = _own_looks(entry) or common.looks_around(entry)
            yield Submission(entry.step, target, entry.session_id, entry.run_ids, *looks, times=_times(entry))


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

    def looks_around(self, entry: LedgerEntry) -> Looks:
        first = self.covered.get((entry.id, entry.attempt))
        if first is None or entry.sent_at is None:
            return (), 0, 0
        sent = sum(at <= entry.sent_at for at in self.moments.values())
        return tuple(self.looks.values()), sent, [*self.looks].index(first)


def _own_looks(entry: LedgerEntry) -> Looks | None:
    """The two readings of a single run, which are among its facts."""
    both = [_readings(_values(entry.facts.get(key))) for key in ("workflows", "workflows_after")]
    return (tuple(both), 1, 1) if all(both) and entry.stage == "ended" else None


def _readings(content: Any) -> dict[str, WorkflowReading]:
    readings = map(WorkflowReading.from_json, content if isinstance(content, Iterable) else ())
    return {reading.id: reading for reading in readings if reading is not None}


def _values(found: Any) -> list[Any]:
    return list(found.values()) if isinstance(found, dict) else []


def _times(entry: LedgerEntry) -> RunTimes:
    found = entry.facts.get("runs")
    runs = found.items() if isinstance(found, dict) else ()
    return {id: (time.get("started_at"), time.get("ended_at")) for id, time in runs if isinstance(time, dict)}
