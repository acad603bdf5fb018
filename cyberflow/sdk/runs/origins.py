"""The ledgers of a project: where they are, and which of their entries a run belongs to."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Container, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cyberflow.errors import CyberflowError
from cyberflow.run.work.entry import LedgerHeader
from cyberflow.run.work.journal import JOURNAL, entries
from cyberflow.run.work.ledger import Ledger
from cyberflow.storage import ELSEWHERE, LEDGERS, ledgers_elsewhere, make_folder, write_text

UNREADABLE = (CyberflowError, sqlite3.Error, TypeError, ValueError)
"""What a file raises that is a ledger no more, or never was one."""


@dataclass(frozen=True)
class SubmissionOrigin:
    """What a run was submitted for: the entry of a ledger. `declared` is what was run by its name, None where the
    ledger does not say; `kind` that of the entry.
    """

    ledger: Path
    head: LedgerHeader
    id: str
    kind: str
    declared: str | None

    @property
    def chain(self) -> str | None:
        return self.declared if self.kind == "chain" else None

    def to_json(self) -> dict[str, str] | None:
        """Of which batch, pipeline or script it is a part, and which; None for what was run alone."""
        if self.head.kind == "runs":
            return None
        return {"kind": self.head.kind, "name": self.head.name, "id": self.id, "ledger": str(self.ledger)}


_Submission = tuple[SubmissionOrigin, str | None, tuple[str, ...]]


def ledger_paths(state: Path) -> dict[str, Path]:
    """Every ledger of a project by the name it has there: its file's, with a number behind it where that is taken."""
    named: dict[str, Path] = {}
    for path in (*sorted((state / LEDGERS).glob("*.db")), *ledgers_elsewhere(state)):
        name, number = path.stem, 1
        while name in named:
            number += 1
            name = f"{path.stem}-{number}"
        named[name] = path
    return named


def remember_ledger(state: Path, path: Path) -> None:
    """Keep where a ledger is that stands elsewhere, so that what it did is found again."""
    path, folder, known = path.resolve(), state.resolve() / LEDGERS, ledgers_elsewhere(state)
    if path.parent == folder or path in known:
        return
    root = state.resolve().parent
    lines = [str(one.relative_to(root) if one.is_relative_to(root) else one) for one in (*known, path)]
    with suppress(CyberflowError):  # a run goes on without
        make_folder(folder)
        write_text(state / ELSEWHERE, json.dumps(lines, ensure_ascii=False))


def origins(state: Path, wanted: Container[str] | None = None) -> dict[str, SubmissionOrigin]:
    """What each run and each session was submitted for, by its id; of these that are `wanted`, or of all. Of a session
    that several joined the first counts; a run tells more.
    """
    found: dict[str, SubmissionOrigin] = {}
    for origin, session, runs in _submissions(state, wanted):
        for id in runs:
            found[id] = origin
        if session is not None:
            found.setdefault(session, origin)
    return found


def _submissions(state: Path, wanted: Container[str] | None) -> Iterator[_Submission]:
    single = LedgerHeader("", "", "", kind="runs")
    for entry in entries(state):
        is_chain = entry.kind == "chain" and entry.session_id is not None  # 0.1 called a run of its own a chain, too
        kind = "task" if entry.task_id else "chain" if is_chain else "run"
        yield SubmissionOrigin(state / JOURNAL, single, entry.id, kind, entry.step), entry.session_id, entry.run_ids
    for path in ledger_paths(state).values():
        yield from _read(path, wanted)


def _read(path: Path, wanted: Container[str] | None) -> Iterator[_Submission]:
    """The submissions of a ledger; one that cannot be read says nothing here."""
    try:
        with Ledger.open(path, shared=True) as ledger:
            head, steps = ledger.head, ledger.head.options.get("steps")
            query = "SELECT id, step, kind, session_id, run_ids FROM entries WHERE run_ids IS NOT NULL"
            for id, step, kind, session, listed in ledger.select(query):
                runs = tuple(map(str, json.loads(listed)))
                if wanted is None or session in wanted or any(run in wanted for run in runs):
                    declared = _name_in_steps(steps, step) if head.kind == "pipeline" else step
                    yield SubmissionOrigin(path, head, id, kind, declared), session, runs
    except UNREADABLE:
        return


def _name_in_steps(steps: Any, path: str) -> str | None:
    """What a step of a pipeline runs, by the path that entries have: `STEP`, nested `outer[KEY]/STEP`."""
    for id, step in steps.items() if isinstance(steps, Mapping) else ():
        if path == id:
            return str(step["run"]) if step.get("run") else None
        if path.startswith((f"{id}/", f"{id}[")):
            ends = (at for at, letter in enumerate(path) if letter == "/")
            found = (_name_in_steps(step.get("runs"), path[end + 1 :]) for end in ends)
            return next((name for name in found if name), None)
    return None
