"""The SQLite file: its tables and indexes, its version, and opening it. Nobody but its owner reads it."""

from __future__ import annotations

import os
import sqlite3
import zlib
from pathlib import Path
from typing import Any

from cyberflow.errors import CyberflowError

VERSION = 2
"""2 added `crc`, by which damage is told from a mistake of ours. A file of format 1 becomes one of 2 when opened."""

TABLES = """
CREATE TABLE documents (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, id TEXT NOT NULL, parent TEXT, doc TEXT NOT NULL,
    crc INTEGER, UNIQUE (kind, id));
CREATE INDEX documents_parent ON documents (kind, parent);
CREATE TABLE links (kind TEXT NOT NULL, a TEXT NOT NULL, b TEXT NOT NULL, PRIMARY KEY (kind, a, b)) WITHOUT ROWID;
CREATE INDEX links_back ON links (kind, b);
CREATE TABLE contents (id TEXT PRIMARY KEY, content BLOB NOT NULL);
CREATE TABLE runs (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, queue INTEGER NOT NULL, workflow_id TEXT NOT NULL,
    machine_id TEXT, wanted_machine TEXT, session_id TEXT, session_alias TEXT, status TEXT NOT NULL,
    is_priority INTEGER NOT NULL, created_at TEXT NOT NULL, started_at TEXT, ended_at TEXT, due_at TEXT,
    doc TEXT NOT NULL, plan TEXT NOT NULL, crc INTEGER);
CREATE INDEX runs_due ON runs (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX runs_queue ON runs (is_priority DESC, queue) WHERE status = 'scheduling';
CREATE INDEX runs_at_work ON runs (machine_id) WHERE status IN ('running', 'running_checks');
CREATE INDEX runs_session ON runs (session_id, queue);
CREATE INDEX runs_workflow ON runs (workflow_id);
CREATE INDEX runs_machine ON runs (machine_id, status);
CREATE INDEX runs_created ON runs (created_at);
CREATE TABLE answers (
    scope TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, at TEXT NOT NULL, status INTEGER NOT NULL, body BLOB);
CREATE INDEX answers_at ON answers (at);
"""
_LAST_CHANGE = "coalesce(ended_at, started_at, created_at)"
ADDED_INDEXES = {
    "runs_order": "runs (queue)",
    "runs_newest": "runs (created_at, queue)",
    "runs_activity": f"runs (ended_at IS NOT NULL, {_LAST_CHANGE} DESC, queue DESC)",
    "documents_kind": "documents (kind)",
    "documents_updated": "documents (kind, json_extract(doc, '$.updated_at'))",
    "documents_order": "documents (kind, json_extract(doc, '$.order'))",
    "documents_session": "documents (kind, json_extract(doc, '$.reserved_session_id'))",
    "documents_slug": "documents (kind, json_extract(doc, '$.workflow_slug'))",
}
"""What the first files of this format lack; older readers take them as they are."""

_SIDE_COUNTS = """
INSERT INTO temp.link_counts SELECT kind || '.SIDE', SIDE, count(*) FROM links GROUP BY kind, SIDE;
CREATE TEMP TRIGGER links_SIDE_made AFTER INSERT ON main.links BEGIN
    INSERT INTO link_counts VALUES (new.kind || '.SIDE', new.SIDE, 1) ON CONFLICT DO UPDATE SET count = count + 1; END;
CREATE TEMP TRIGGER links_SIDE_gone AFTER DELETE ON main.links BEGIN
    UPDATE link_counts SET count = count - 1 WHERE kind = old.kind || '.SIDE' AND id = old.SIDE; END;
"""
LINK_COUNTS = (
    "CREATE TEMP TABLE link_counts (kind TEXT, id TEXT, count INTEGER NOT NULL, PRIMARY KEY (kind, id));"
    + "".join(_SIDE_COUNTS.replace("SIDE", end) for end in ("a", "b"))
)
"""How many links each end has, kept by the connection: counted anew, n tags on n workflows would cost n squared."""


DOCUMENT_COLUMNS = "kind, id, parent, doc"
RUN_COLUMNS = (
    "id, queue, workflow_id, wanted_machine, session_id, session_alias, status, is_priority, created_at, started_at, "
    "ended_at, due_at, doc, plan"
)
"""What a row's `crc` covers; not `machine_id`, which is cleared for many runs at once."""


class PlatformDataError(CyberflowError):
    """The file of the local platform cannot be used, or not any more; its path is told."""


def connect(path: Path | str) -> sqlite3.Connection:
    """Open or make the file. Raises what SQLite raises, and PlatformDataError for what the system refuses."""
    if path != ":memory:":
        try:
            # Made before SQLite sees it: the journal files take their mode from this one.
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            Path(path).chmod(0o600)
        except OSError as error:
            reason = error.strerror or str(error)
            raise PlatformDataError(f"cannot open the local platform's data at {path}: {reason}") from error
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
    try:
        connection.create_function("mentions", -1, _mentions, deterministic=True)
        connection.create_function("checksum", -1, _checksum, deterministic=True)
        _prepare(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def translate(error: sqlite3.Error | UnicodeDecodeError, path: Path | str) -> PlatformDataError:
    """What SQLite met, as what a person can do about it. Its own messages are not UTF-8 where a file is damaged."""
    what = f"the local platform's data at {path}"
    code = (getattr(error, "sqlite_errorcode", None) or sqlite3.SQLITE_CORRUPT) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return PlatformDataError(f"{what} cannot be written: the disk is full", help="Free some space and try again.")
    if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return PlatformDataError(f"{what} is in use by another program", help="Try again when that has ended.")
    if code in {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_PROTOCOL}:
        help = "The disk, or the way to it, failed; the file may be as good as it was. Try again when it works."
        return PlatformDataError(f"{what} cannot be read or written: {error}", help=help)
    if code in {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH}:
        help = "The file and its folder must be there and belong to who runs cyberflow."
        return PlatformDataError(f"{what} cannot be opened for writing: {error}", help=help)
    return damaged(path, str(error))


def damaged(path: Path | str, reason: str) -> PlatformDataError:
    return PlatformDataError(
        f"the local platform's data at {path} cannot be read: {reason}",
        help="Move the file away to begin with an empty platform.",
    )


def find_damage(connection: sqlite3.Connection) -> str | None:
    """What is wrong with the file, if anything is: its pages, or rows that are not as they were written."""
    (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        return str(verdict)
    for table, columns in (("documents", DOCUMENT_COLUMNS), ("runs", RUN_COLUMNS)):
        query = f"SELECT count(*) FROM {table} WHERE crc IS NOT checksum({columns})"  # noqa: S608 - names of this module
        if (count := connection.execute(query).fetchone()[0]) > 0:
            return f"{count} of its {table} are not as they were written"
    return None


def _prepare(connection: sqlite3.Connection, path: Path | str) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        raise PlatformDataError(
            f"the local platform's data at {path} has format {version}, this cyberflow reads up to {VERSION}",
            help="Use the newer cyberflow that wrote it, or move the file away to begin with an empty platform.",
        )
    if version == 0:
        connection.executescript(f"BEGIN IMMEDIATE;{TABLES}PRAGMA user_version = {VERSION};COMMIT;")
    if version == 1:
        connection.executescript(
            "BEGIN IMMEDIATE;ALTER TABLE documents ADD COLUMN crc INTEGER;ALTER TABLE runs ADD COLUMN crc INTEGER;"  # noqa: S608
            f"UPDATE documents SET crc = checksum({DOCUMENT_COLUMNS});UPDATE runs SET crc = checksum({RUN_COLUMNS});"
            f"PRAGMA user_version = {VERSION};COMMIT;"
        )
    for name, columns in ADDED_INDEXES.items():
        connection.execute(f"CREATE INDEX IF NOT EXISTS {name} ON {columns}")
    connection.executescript(LINK_COUNTS)


def _mentions(search: str, *texts: Any) -> bool:
    return any(search in str(text).casefold() for text in texts if text is not None)


def _checksum(*values: Any) -> int:
    return zlib.crc32("\x1f".join(map(str, values)).encode(errors="surrogatepass"))
