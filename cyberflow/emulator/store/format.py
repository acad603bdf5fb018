"""The SQLite file: its tables and indexes, its version, and opening it. Nobody but its owner reads it."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

from cyberflow.errors import CyberflowError

VERSION = 1

TABLES = """
CREATE TABLE documents (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, id TEXT NOT NULL, parent TEXT, doc TEXT NOT NULL,
    UNIQUE (kind, id));
CREATE INDEX documents_parent ON documents (kind, parent);
CREATE TABLE links (kind TEXT NOT NULL, a TEXT NOT NULL, b TEXT NOT NULL, PRIMARY KEY (kind, a, b)) WITHOUT ROWID;
CREATE INDEX links_back ON links (kind, b);
CREATE TABLE contents (id TEXT PRIMARY KEY, content BLOB NOT NULL);
CREATE TABLE runs (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, queue INTEGER NOT NULL, workflow_id TEXT NOT NULL,
    machine_id TEXT, wanted_machine TEXT, session_id TEXT, session_alias TEXT, status TEXT NOT NULL,
    is_priority INTEGER NOT NULL, created_at TEXT NOT NULL, started_at TEXT, ended_at TEXT, due_at TEXT,
    doc TEXT NOT NULL, plan TEXT NOT NULL);
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
    "documents_updated": "documents (kind, json_extract(doc, '$.updated_at'))",
    "documents_order": "documents (kind, json_extract(doc, '$.order'))",
    "documents_slug": "documents (kind, json_extract(doc, '$.workflow_slug'))",
}
"""What the first files of this format lack; older readers take them as they are."""


def connect(path: Path | str) -> sqlite3.Connection:
    if path != ":memory:":
        try:
            # Made before SQLite sees it: the journal files take their mode from this one.
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            Path(path).chmod(0o600)
        except OSError as error:
            raise CyberflowError(f"cannot open the local platform's data at {path}: {error.strerror}") from error
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
    connection.create_function("mentions", -1, _mentions, deterministic=True)
    try:
        _prepare(connection, path)
    except sqlite3.DatabaseError as error:
        connection.close()
        raise CyberflowError(
            f"the local platform's data at {path} cannot be read: {error}",
            help="Move the file away to begin with an empty platform.",
        ) from error
    except CyberflowError:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path | str) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        raise CyberflowError(
            f"the local platform's data at {path} has format {version}, this cyberflow reads up to {VERSION}",
            help="Use the newer cyberflow that wrote it, or move the file away to begin with an empty platform.",
        )
    if version == 0:
        connection.executescript(f"BEGIN IMMEDIATE;{TABLES}PRAGMA user_version = {VERSION};COMMIT;")
    for name, columns in ADDED_INDEXES.items():
        connection.execute(f"CREATE INDEX IF NOT EXISTS {name} ON {columns}")


def _mentions(search: str, *texts: Any) -> bool:
    return any(search in str(text).casefold() for text in texts if text is not None)
