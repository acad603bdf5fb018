"""The SQLite file of a ledger: its tables, its versions, and the lock of the one process that works on it."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cyberflow.errors import CyberflowError, UsageError
from cyberflow.run.work.entry import attempt_key
from cyberflow.storage import make_folder, parse_json

FORMAT = 2
_PATIENCE = 5.0
"""Seconds to wait for others who write."""
COLUMNS = (
    *("id", "step", "number", "kind", "stage", "attempt", "key", "sent_at", "session_id", "run_ids"),
    *("status", "outputs", "error", "shape", "inputs", "facts"),
)
TABLES = """
CREATE TABLE entries (
    id TEXT PRIMARY KEY, step TEXT NOT NULL, number INTEGER NOT NULL, kind TEXT NOT NULL,
    stage TEXT NOT NULL, attempt INTEGER NOT NULL, key TEXT, sent_at REAL,
    session_id TEXT, run_ids TEXT, status TEXT, outputs TEXT, error TEXT,
    shape TEXT, inputs TEXT, facts TEXT) WITHOUT ROWID;
CREATE INDEX entries_step ON entries (step, number);
CREATE INDEX entries_stage ON entries (stage, status);
CREATE TABLE answers (id TEXT PRIMARY KEY, outputs TEXT NOT NULL, who TEXT, at REAL NOT NULL)
"""


@dataclass
class OwnerLock:
    """Held by the one process that works on a ledger, until it closes it or dies; others may read it meanwhile."""

    path: Path
    connection: sqlite3.Connection

    @classmethod
    def take(cls, ledger: Path) -> OwnerLock:
        """Raises CyberflowError when another one holds it."""
        path = ledger.with_name(f"{ledger.name}-lock")
        while True:
            with _open_errors(ledger):
                os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
                before = path.stat().st_ino
                connection = sqlite3.connect(path, isolation_level=None, timeout=0, check_same_thread=False)
            try:
                connection.execute("BEGIN EXCLUSIVE")
                if path.stat().st_ino == before:
                    return cls(path, connection)
            except sqlite3.Error:
                connection.close()
                text = f"another cyberflow is at work on {ledger}"
                raise CyberflowError(text, help="wait for it, or stop it") from None
            except OSError:
                pass  # who held it went away in between, and its file with it
            connection.close()

    def release(self) -> None:
        with suppress(OSError):
            self.path.unlink()
        self.connection.close()


class UnwrittenLedger(UsageError):
    """There is no ledger yet: no file, or one that somebody is about to fill, or was killed over."""


def create_file(path: Path, head: str) -> sqlite3.Connection:
    """Make the file of a ledger, with its tables and its header; one that was begun and never written will do. Raises
    FileExistsError where a ledger or anything else is, CyberflowError for the disk.
    """
    with _open_errors(path):
        make_folder(path.parent)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    try:
        connection = connect(path)
    except UsageError:
        raise FileExistsError(path) from None
    with translate_errors(path), connection:
        connection.execute("BEGIN IMMEDIATE")
        if connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,):
            _make_tables(connection)
            connection.execute("CREATE TABLE head (id INTEGER PRIMARY KEY CHECK (id = 1), content TEXT NOT NULL)")
            connection.execute("INSERT INTO head VALUES (1, ?)", (head,))
            return connection
    connection.close()
    raise FileExistsError(path)


def open_file(path: Path) -> tuple[sqlite3.Connection, dict[str, Any]]:
    """Open the file of a ledger and give its header; one of format 1 is brought to this one. Raises UsageError for what
    is not a ledger.
    """
    if not path.is_file():
        raise UnwrittenLedger(f"there is no ledger at {path}", help="they are in .cyberflow/ledgers")
    connection = connect(path)
    try:
        version = _read_version(path, connection)
        (content,) = connection.execute("SELECT content FROM head").fetchone()
        head = dict(parse_json(content))
        if version == 1:
            _upgrade(connection, head)
    except (sqlite3.DatabaseError, TypeError, ValueError) as error:
        connection.close()
        if "locked" in str(error):
            raise CyberflowError(f"another cyberflow is at work on {path}", help="wait for it, or stop it") from None
        raise UsageError(f"{path} is not a ledger") from error
    except BaseException:
        connection.close()
        raise
    return connection, head


def _read_version(path: Path, connection: sqlite3.Connection) -> int:
    """The format of a file. Whether it has tables is asked first: who fills it writes both at once."""
    if connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,):
        raise UnwrittenLedger(f"{path} is not a ledger: nothing was written into it")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version not in (1, FORMAT):
        raise UsageError(f"{path} is a ledger of format {version}, this cyberflow reads 1 and {FORMAT}")
    return int(version)


def _make_tables(connection: sqlite3.Connection) -> None:
    for statement in TABLES.split(";"):
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {FORMAT}")


def _upgrade(connection: sqlite3.Connection, head: Mapping[str, Any]) -> None:
    """Rewrite format 1 in one transaction; each row keeps the key under which it was sent."""

    def key_of(number: int, attempt: int) -> str | None:
        return attempt_key(head["invocation"], str(number), attempt) if attempt else None

    connection.create_function("key_of", 2, key_of)
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        _make_tables(connection)
        connection.execute(
            "INSERT INTO entries SELECT ? || '[' || number || ']', ?, number, 'chain', stage, attempt,"
            " key_of(number, attempt), sent_at, session_id, run_ids, status, outputs, error, NULL, NULL, NULL"
            " FROM rows",
            (head["name"], head["name"]),
        )
        connection.execute("DROP TABLE rows")


def connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, timeout=_PATIENCE, check_same_thread=False)
    try:
        _use_wal(connection)
        connection.execute("PRAGMA synchronous = FULL")
    except sqlite3.DatabaseError as error:
        connection.close()
        if "not a database" in str(error):
            raise UsageError(f"{path} is not a ledger") from None
        raise write_error(path, str(error)) from error
    return connection


def _use_wal(connection: sqlite3.Connection) -> None:
    """Have a file write ahead. SQLite does not wait by itself for others who are just doing the same."""
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            return


@contextmanager
def translate_errors(path: Path) -> Iterator[None]:
    """Say of a database that refuses which ledger could not be written."""
    try:
        yield
    except sqlite3.Error as error:
        raise write_error(path, str(error)) from error


@contextmanager
def _open_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise write_error(path, error.strerror or "no access") from error


def write_error(path: Path, why: str) -> CyberflowError:
    return CyberflowError(
        f"the ledger at {path} cannot be written: {why.lower()}", help="nothing is sent that was not written down first"
    )
