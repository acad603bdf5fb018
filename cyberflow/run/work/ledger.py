"""What became of each row of a batch, in a SQLite file of its own: written before a row is sent, so that whoever is
killed can go on. It holds keys, ids, statuses and outputs; no secret ever comes here.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, Self
from uuid import UUID, uuid5

from cyberflow.errors import CyberflowError, UsageError
from cyberflow.storage import make_folder, parse_json

FORMAT = 1
Stage = Literal["waiting", "sending", "accepted", "ended", "refused", "unknown"]

TABLES = """
CREATE TABLE head (id INTEGER PRIMARY KEY CHECK (id = 1), content TEXT NOT NULL);
CREATE TABLE rows (
    number INTEGER PRIMARY KEY, stage TEXT NOT NULL, attempt INTEGER NOT NULL, sent_at REAL,
    session_id TEXT, run_ids TEXT, status TEXT, outputs TEXT, error TEXT);
CREATE INDEX rows_stage ON rows (stage, status);
"""


@dataclass(frozen=True)
class LedgerHeader:
    """What a batch is. `invocation` is random and makes every key; `shape` tells whether a body would be the same now.

    `options` are what `run` was given besides secrets, so that it can be given the same again.
    """

    invocation: str
    name: str
    target: str
    file: str
    digest: str
    total: int
    shape: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class LedgerEntry:
    """One row. `sent_at` is when its present attempt was sent first, seconds of the epoch."""

    number: int
    stage: Stage = "waiting"
    attempt: int = 0
    sent_at: float | None = None
    session_id: str | None = None
    run_ids: tuple[str, ...] = ()
    status: str | None = None
    outputs: Any = None
    error: str | None = None

    @property
    def has_failed(self) -> bool:
        return self.stage == "refused" or (self.stage == "ended" and self.status != "success")

    @property
    def display_status(self) -> str:
        """The status of a row in a result: a run's own, or how far it came."""
        return self.status or self.stage


class Ledger:
    """An open ledger; nobody else can open it meanwhile. Raises CyberflowError when the disk refuses."""

    def __init__(self, path: Path, connection: sqlite3.Connection, head: LedgerHeader) -> None:
        self.path = path
        self.head = head
        self._connection = connection
        self._file = path.stat().st_ino

    @classmethod
    def create(cls, path: Path, head: LedgerHeader) -> Self:
        """Begin a ledger. Raises UsageError where there is one already."""
        try:
            make_folder(path.parent)
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        except FileExistsError:
            raise UsageError(
                f"{path} is there already", help=f"go on with it: `cyberflow run --resume {path}`"
            ) from None
        except OSError as error:
            raise _write_error(path, error.strerror or "no access") from error
        connection = _connect(path)
        with _translate_errors(path), connection:
            connection.executescript(f"{TABLES}PRAGMA user_version = {FORMAT};")
            connection.execute("INSERT INTO head VALUES (1, ?)", (json.dumps(asdict(head)),))
        return cls(path, connection, head)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a ledger to go on. Raises UsageError for a file that is not one."""
        if not path.is_file():
            raise UsageError(f"there is no ledger at {path}", help="they are in .cyberflow/ledgers")
        try:
            connection = _connect(path)
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version != FORMAT:
                raise UsageError(f"{path} is a ledger of format {version}, this cyberflow reads {FORMAT}")
            (content,) = connection.execute("SELECT content FROM head").fetchone()
            header = LedgerHeader(**parse_json(content))
        except (sqlite3.DatabaseError, TypeError, ValueError) as error:
            if "locked" in str(error):
                raise CyberflowError(
                    f"another cyberflow is at work on {path}", help="wait for it, or stop it"
                ) from None
            raise UsageError(f"{path} is not a ledger of a batch") from error
        return cls(path, connection, header)

    @property
    def is_there(self) -> bool:
        """Whether its file is still where it was opened: an open one can be removed, and nobody finds it then."""
        try:
            return self.path.stat().st_ino == self._file
        except OSError:
            return False

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def key(self, number: int, attempt: int) -> str:
        """The idempotency key of one attempt at a row: known before it is written, and the same for ever."""
        return str(uuid5(UUID(self.head.invocation), f"{number}/{attempt}"))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Write what happens inside at once, and wait until it is on the disk."""
        with _translate_errors(self.path), self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            yield

    def write(self, entries: Iterable[LedgerEntry]) -> None:
        """Put entries in the place of those of their rows; inside `together`."""
        self._connection.executemany(
            "INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", [_to_columns(entry) for entry in entries]
        )

    def replace_head(self, head: LedgerHeader) -> None:
        """Take over a head: the batch goes on with what is declared now."""
        with self.transaction():
            self._connection.execute("UPDATE head SET content = ?", (json.dumps(asdict(head)),))
        self.head = head

    def entry(self, number: int) -> LedgerEntry:
        row = self._connection.execute("SELECT * FROM rows WHERE number = ?", (number,)).fetchone()
        return _from_columns(row) if row else LedgerEntry(number)

    def entries(self, *stages: Stage) -> Iterator[LedgerEntry]:
        """The rows that have one of these stages, or any, in the order of the file."""
        where = f" WHERE stage IN ({', '.join('?' * len(stages))})" if stages else ""
        for row in self._connection.execute(f"SELECT * FROM rows{where} ORDER BY number", stages):  # noqa: S608 - placeholders
            yield _from_columns(row)

    def all_entries(self) -> Iterator[LedgerEntry]:
        """Every row of the file in its order, those that were never sent included."""
        number = 1
        for entry in self.entries():
            yield from (LedgerEntry(missing) for missing in range(number, entry.number))
            yield entry
            number = entry.number + 1
        yield from (LedgerEntry(missing) for missing in range(number, self.head.total + 1))

    def counts(self) -> dict[str, int]:
        """How many rows are how far: by status where they have one, else by stage."""
        found = self._connection.execute("SELECT coalesce(status, stage), count(*) FROM rows GROUP BY 1")
        counts = {str(name): int(count) for name, count in found}
        if rest := self.head.total - sum(counts.values()):
            counts["waiting"] = counts.get("waiting", 0) + rest
        return counts


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, timeout=0.5)
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    return connection


@contextmanager
def _translate_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise _write_error(path, str(error)) from error


def _to_columns(entry: LedgerEntry) -> tuple[Any, ...]:
    runs = json.dumps(entry.run_ids) if entry.run_ids else None
    outputs = None if entry.outputs is None else json.dumps(entry.outputs, ensure_ascii=False)
    head = (entry.number, entry.stage, entry.attempt, entry.sent_at, entry.session_id, runs)
    return (*head, entry.status, outputs, entry.error)


def _from_columns(row: tuple[Any, ...]) -> LedgerEntry:
    number, stage, attempt, sent_at, session_id, runs, status, outputs, error = row
    ids = tuple(parse_json(runs)) if runs else ()
    return LedgerEntry(
        number, stage, attempt, sent_at, session_id, ids, status, parse_json(outputs) if outputs else None, error
    )


def _write_error(path: Path, why: str) -> CyberflowError:
    return CyberflowError(
        f"the ledger at {path} cannot be written: {why.lower()}", help="no row is sent that was not written down first"
    )
