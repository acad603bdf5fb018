"""The row of a run: public columns, the rest of its public fields in `doc`, and in `plan` what the simulation needs."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from cyberflow.emulator.store.format import RUN_COLUMNS
from cyberflow.emulator.store.store import Store, dump

LIVE = ("scheduling", "running", "running_checks")
FINAL = ("success", "task_failed", "error", "cancelled")


@dataclass(slots=True)
class RunRow:
    """`queue` orders submissions and retries; `due_at` is when the clock next changes this run."""

    id: str
    queue: int
    workflow_id: str
    machine_id: str | None
    wanted_machine: str | None
    session_id: str | None
    session_alias: str | None
    status: str
    is_priority: bool
    created_at: str
    started_at: str | None
    ended_at: str | None
    due_at: str | None
    doc: dict[str, Any]
    plan: dict[str, Any]

    @property
    def is_live(self) -> bool:
        return self.status in LIVE


_COLUMNS = tuple(field.name for field in fields(RunRow))
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM runs"  # noqa: S608 - names of this module
_NUMBERS = {name: f"?{number}" for number, name in enumerate(_COLUMNS, 1)}
_CRC = f"checksum({', '.join(_NUMBERS[name] for name in RUN_COLUMNS.split(', '))})"
_INSERT = f"INSERT INTO runs ({', '.join(_COLUMNS)}, crc) VALUES ({', '.join(_NUMBERS.values())}, {_CRC})"  # noqa: S608
_SET = ", ".join(f"{name} = {number}" for name, number in _NUMBERS.items())
_UPDATE = f"UPDATE runs SET {_SET}, crc = {_CRC} WHERE id = {_NUMBERS['id']}"  # noqa: S608
_PUBLIC_COLUMNS = tuple(name for name in _COLUMNS if name not in {"queue", "wanted_machine", "due_at", "doc", "plan"})


def public_fields(run: RunRow) -> dict[str, Any]:
    """What the API shows of a run; the message history only where one was patched in."""
    return {
        "id": run.id,
        "workflow_id": run.workflow_id,
        "machine_id": run.machine_id,
        "status": run.status,
        "created_at": run.created_at,
        **run.doc,
        "is_priority": run.is_priority,
        "session_id": run.session_id,
        "session_alias": run.session_alias,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
    }


def insert(store: Store, run: RunRow) -> None:
    store.connection.execute(_INSERT, _to_row(run))


def save(store: Store, run: RunRow) -> None:
    """Write a run that was read. Where an index is damaged it may not be found again, and who waits for a change of
    it would wait for ever.
    """
    if store.connection.execute(_UPDATE, _to_row(run)).rowcount != 1:
        raise sqlite3.DatabaseError(f"the run {run.id} is not found where it was read")


def remove(store: Store, id: str) -> None:
    store.connection.execute("DELETE FROM runs WHERE id = ?", (id,))


def find(store: Store, id: str) -> RunRow | None:
    return next(iter(select(store, "WHERE id = ?", id)), None)


def select(store: Store, clause: str, *values: Any) -> list[RunRow]:
    """Rows by a clause written in this package; values only through placeholders."""
    return [_from_row(row) for row in store.connection.execute(f"{_SELECT} {clause}", values)]


def select_fields(store: Store, clause: str, wanted: Sequence[str], *values: Any) -> list[dict[str, Any]]:
    """As `select`, but of each row only these public fields but the message history; what is not wanted is not read."""
    columns = [name for name in _PUBLIC_COLUMNS if name in wanted]
    inner = [name for name in wanted if name not in _PUBLIC_COLUMNS]
    selected = ", ".join([*columns, "doc"] if inner else columns)
    found = []
    for row in store.connection.execute(f"SELECT {selected} FROM runs {clause}", values):  # noqa: S608 - as above
        shown: dict[str, Any] = dict(zip(columns, row, strict=False))
        if "is_priority" in shown:
            shown["is_priority"] = bool(shown["is_priority"])
        if inner:
            doc = json.loads(row[-1])
            shown |= {name: doc[name] for name in inner}
        found.append(shown)
    return found


def count(store: Store, clause: str, *values: Any) -> int:
    (number,) = store.connection.execute(f"SELECT count(*) FROM runs {clause}", values).fetchone()  # noqa: S608
    return int(number)


def next_queue(store: Store) -> int:
    (last,) = store.connection.execute("SELECT coalesce(max(queue), 0) FROM runs").fetchone()
    return int(last) + 1


def live_of_session(store: Store, session_id: str) -> list[RunRow]:
    return select(
        store,
        "WHERE session_id = ? AND status IN ('scheduling', 'running', 'running_checks') ORDER BY queue",
        session_id,
    )


def runs_of_workflow(store: Store, workflow_id: str) -> list[RunRow]:
    """The last first, so that forgetting them one by one starts nothing."""
    return select(store, "WHERE workflow_id = ? ORDER BY queue DESC", workflow_id)


def outputs_of(store: Store, run: RunRow, alias: str) -> Any:
    """What the session keeps under an alias: the outputs of the last run that succeeded with it."""
    if run.session_id is None:
        return None
    found = select(
        store,
        "WHERE session_id = ? AND session_alias = ? AND status = 'success' AND id != ? ORDER BY ended_at DESC LIMIT 1",
        run.session_id,
        alias,
        run.id,
    )
    return found[0].doc["output_data"] if found else None


def _to_row(run: RunRow) -> Sequence[Any]:
    values: list[Any] = [getattr(run, name) for name in _COLUMNS]
    values[-2:] = [dump(run.doc), dump(run.plan)]
    return values


def _from_row(row: tuple[Any, ...]) -> RunRow:
    columns: dict[str, Any] = dict(zip(_COLUMNS, row, strict=True))
    columns |= {"doc": json.loads(columns["doc"]), "plan": json.loads(columns["plan"])}
    return RunRow(**columns | {"is_priority": bool(columns["is_priority"])})
