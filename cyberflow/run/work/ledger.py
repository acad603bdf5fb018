"""What became of each submission, in a SQLite file of its own: written before it is sent, so that whoever is killed can
go on. It holds keys, ids, statuses, inputs and outputs; no secret ever comes here.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

from cyberflow.errors import UsageError
from cyberflow.run.work.entry import LedgerEntry, LedgerHeader, Stage, attempt_key, row_entry
from cyberflow.run.work.ledger_file import COLUMNS, OwnerLock, create_file, open_file, translate_errors
from cyberflow.storage import make_folder, parse_json

_INSERT = f"INSERT OR REPLACE INTO entries VALUES ({', '.join('?' * len(COLUMNS))})"  # noqa: S608 - placeholders
_COUNTS = """
SELECT coalesce(status, CASE WHEN kind = 'wait' AND stage = 'accepted' THEN 'waiting' ELSE stage END), count(*)
FROM entries GROUP BY 1
"""


class LedgerExists(UsageError):
    """A ledger was to begin where there is one already."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is there already", help=f"go on with it: `cyberflow run --resume {path}`")


class Ledger:
    """An open ledger. Nobody else works on it meanwhile; others may read it, and answer what waits. Raises
    CyberflowError when the disk refuses.
    """

    def __init__(
        self, path: Path, connection: sqlite3.Connection, head: LedgerHeader, lock: OwnerLock | None = None
    ) -> None:
        self.path = path
        self.head = head
        self._connection = connection
        self._file = path.stat().st_ino
        self._lock = lock

    @classmethod
    def create(cls, path: Path, head: LedgerHeader, *, shared: bool = False) -> Self:
        """Begin a ledger; a `shared` one has no owner. Raises LedgerExists where there is one already."""
        make_folder(path.parent)
        lock = None if shared else OwnerLock.take(path)
        try:
            return cls(path, create_file(path, json.dumps(asdict(head))), head, lock)
        except BaseException as error:
            if lock is not None:
                lock.release()
            if not isinstance(error, FileExistsError):
                raise
            raise LedgerExists(path) from None

    @classmethod
    def open(cls, path: Path, *, shared: bool = False) -> Self:
        """Open a ledger to go on; a `shared` one to read it, and to answer what waits. Raises UsageError for a file
        that is not one, CyberflowError while another process works on it.
        """
        lock = OwnerLock.take(path) if path.is_file() and not shared else None
        try:
            connection, head = open_file(path)
            return cls(path, connection, LedgerHeader(**head), lock)
        except BaseException as error:
            if lock is not None:
                lock.release()
            if isinstance(error, TypeError):
                raise UsageError(f"{path} is not a ledger") from error
            raise

    @property
    def is_there(self) -> bool:
        """Whether its file is still where it was opened: an open one can be removed, and nobody finds it then."""
        try:
            return self.path.stat().st_ino == self._file
        except OSError:
            return False

    def close(self) -> None:
        self._connection.close()
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def key(self, id: str, attempt: int) -> str:
        """The idempotency key of one attempt."""
        return attempt_key(self.head.invocation, id, attempt)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Write what happens inside at once, and wait until it is on the disk."""
        with translate_errors(self.path), self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            yield self._connection

    def select(self, query: str) -> Iterator[tuple[Any, ...]]:
        """The rows that a query gives."""
        yield from self._connection.execute(query)

    def write(self, entries: Iterable[LedgerEntry]) -> None:
        """Put entries in the place of those of their ids; inside `transaction`."""
        self._connection.executemany(_INSERT, [_to_columns(entry) for entry in entries])

    def remove(self, ids: Iterable[str]) -> None:
        """Forget entries, and the answers to them; inside `transaction`."""
        wanted = [(id,) for id in ids]
        self._connection.executemany("DELETE FROM entries WHERE id = ?", wanted)
        self._connection.executemany("DELETE FROM answers WHERE id = ?", wanted)

    def replace_head(self, head: LedgerHeader) -> None:
        """Take over a head: it goes on with what is declared now."""
        with self.transaction():
            self._connection.execute("UPDATE head SET content = ?", (json.dumps(asdict(head)),))
        self.head = head

    def find(self, id: str) -> LedgerEntry | None:
        row = self._connection.execute("SELECT * FROM entries WHERE id = ?", (id,)).fetchone()
        return _from_columns(row) if row else None

    def row(self, number: int) -> LedgerEntry:
        """The entry of a row of a batch."""
        empty = row_entry(self.head.name, number)
        return self.find(empty.id) or empty

    def entries(self, *stages: Stage) -> Iterator[LedgerEntry]:
        """The entries that have one of these stages, or any, in the order of their steps' items."""
        where = f" WHERE stage IN ({', '.join('?' * len(stages))})" if stages else ""
        for row in self._connection.execute(f"SELECT * FROM entries{where} ORDER BY step, number", stages):  # noqa: S608 - placeholders
            yield _from_columns(row)

    def rows(self) -> Iterator[LedgerEntry]:
        """Every row of a batch in its order, those that were never sent included."""
        number = 1
        for entry in self.entries():
            yield from (row_entry(self.head.name, missing) for missing in range(number, entry.number))
            yield entry
            number = entry.number + 1
        yield from (row_entry(self.head.name, missing) for missing in range(number, self.head.total + 1))

    def counts(self) -> dict[str, int]:
        """How many entries are how far, in the words of `display_status`; rows of a batch that were never sent are
        waiting.
        """
        found = self._connection.execute(_COUNTS)
        counts = {str(name): int(count) for name, count in found}
        if (rest := self.head.total - sum(counts.values())) > 0:
            counts["waiting"] = counts.get("waiting", 0) + rest
        return counts

    def answer(self, id: str, outputs: Mapping[str, Any], who: str | None, at: float) -> None:
        """Answer a wait; inside `transaction`. The first answer wins: raises sqlite3.IntegrityError for a later one."""
        content = json.dumps(outputs, ensure_ascii=False)
        self._connection.execute("INSERT INTO answers VALUES (?, ?, ?, ?)", (id, content, who, at))

    def answers(self) -> dict[str, dict[str, Any]]:
        """The answers that were given, by the ids of the waits: `outputs`, `who`, `at`."""
        found = self._connection.execute("SELECT * FROM answers")
        return {id: {"outputs": parse_json(outputs), "who": who, "at": at} for id, outputs, who, at in found}


def _to_columns(entry: LedgerEntry) -> tuple[Any, ...]:
    values = [getattr(entry, name) for name in COLUMNS]
    for place in _JSON_PLACES:
        if values[place] is not None:
            values[place] = json.dumps(values[place], ensure_ascii=False)
    values[_RUN_IDS] = values[_RUN_IDS] if entry.run_ids else None
    values[_FACTS] = values[_FACTS] if entry.facts else None
    return tuple(values)


def _from_columns(row: tuple[Any, ...]) -> LedgerEntry:
    values = list(row)
    for place in _JSON_PLACES:
        values[place] = parse_json(values[place]) if values[place] else None
    values[_RUN_IDS] = tuple(values[_RUN_IDS] or ())
    values[_FACTS] = values[_FACTS] or {}
    return LedgerEntry(*values)


_RUN_IDS, _FACTS = COLUMNS.index("run_ids"), COLUMNS.index("facts")
_JSON_PLACES = tuple(COLUMNS.index(name) for name in ("run_ids", "outputs", "inputs", "facts"))
