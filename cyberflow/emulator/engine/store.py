"""The SQLite file: documents, links between them, contents, and the rows of runs. It decides nothing.

Everything that is acknowledged was committed; no table has a column for a secret's value.
"""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any, Literal

from cyberflow.errors import CyberflowError

VERSION = 1

Kind = Literal[
    "workflow",
    "version",
    "tag",
    "group",
    "image",
    "model",
    "machine",
    "pool",
    "attachment",
    "script",
    "setting",
    "trajectory",
    "connection",
    "delivery",
    "task",
    "gpu-workflow",
    "gpu-script",
    "input",
]
Link = Literal["workflow-tag", "pool-machine", "workflow-approved", "run-trajectory"]
Document = dict[str, Any]

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
ADDED = "CREATE INDEX IF NOT EXISTS runs_order ON runs (queue)"
"""What the first files of this format lack; older readers take it as it is."""


class Store:
    """One connection, used by one thread at a time under `lock`. `leaving` says that it will be closed soon."""

    def __init__(self, path: Path | str) -> None:
        self.lock = RLock()
        self.is_closing = False
        self.connection = _connect(path)
        self.organisation, self.signing_key = self._identity()

    def close(self) -> None:
        with self.lock:
            self.connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit what happens inside, or nothing of it."""
        with self.lock:
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self.connection.execute("ROLLBACK")
                raise
            self.connection.execute("COMMIT")

    def _identity(self) -> tuple[str, bytes]:
        found = self.find("setting", "identity")
        if found is None:
            found = {"id": "identity", "organisation": "org_local", "signing_key": secrets.token_hex(32)}
            with self.transaction():
                self.add("setting", found)
        return found["organisation"], bytes.fromhex(found["signing_key"])

    def add(self, kind: Kind, document: Document, parent: str | None = None) -> None:
        self.connection.execute(
            "INSERT INTO documents (kind, id, parent, doc) VALUES (?, ?, ?, ?)",
            (kind, document["id"], parent, dump(document)),
        )

    def replace(self, kind: Kind, document: Document) -> None:
        self.connection.execute(
            "UPDATE documents SET doc = ? WHERE kind = ? AND id = ?", (dump(document), kind, document["id"])
        )

    def find(self, kind: Kind, id: str) -> Document | None:
        row = self.connection.execute("SELECT doc FROM documents WHERE kind = ? AND id = ?", (kind, id)).fetchone()
        return json.loads(row[0]) if row else None

    def every(self, kind: Kind) -> list[Document]:
        """All documents of a kind, oldest first."""
        rows = self.connection.execute("SELECT doc FROM documents WHERE kind = ? ORDER BY seq", (kind,))
        return [json.loads(row[0]) for row in rows]

    def children(self, kind: Kind, parent: str) -> list[Document]:
        rows = self.connection.execute(
            "SELECT doc FROM documents WHERE kind = ? AND parent = ? ORDER BY seq", (kind, parent)
        )
        return [json.loads(row[0]) for row in rows]

    def remove(self, kind: Kind, id: str) -> None:
        self.connection.execute("DELETE FROM documents WHERE kind = ? AND id = ?", (kind, id))
        self.connection.execute("DELETE FROM contents WHERE id = ?", (id,))

    def link(self, kind: Link, a: str, b: str) -> None:
        self.connection.execute("INSERT OR IGNORE INTO links VALUES (?, ?, ?)", (kind, a, b))

    def unlink(self, kind: Link, a: str | None, b: str | None) -> None:
        """Remove one link, or with None on a side all that the other side has."""
        self.connection.execute(
            "DELETE FROM links WHERE kind = ? AND a = coalesce(?, a) AND b = coalesce(?, b)", (kind, a, b)
        )

    def links_from(self, kind: Link, a: str) -> list[str]:
        return [row[0] for row in self.connection.execute("SELECT b FROM links WHERE kind = ? AND a = ?", (kind, a))]

    def links_to(self, kind: Link, b: str) -> list[str]:
        return [row[0] for row in self.connection.execute("SELECT a FROM links WHERE kind = ? AND b = ?", (kind, b))]

    def keep_content(self, id: str, content: bytes) -> None:
        self.connection.execute("INSERT OR REPLACE INTO contents VALUES (?, ?)", (id, content))

    def content(self, id: str) -> bytes:
        row = self.connection.execute("SELECT content FROM contents WHERE id = ?", (id,)).fetchone()
        return bytes(row[0]) if row else b""


def new_id() -> str:
    return str(uuid.uuid4())


def dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _connect(path: Path | str) -> sqlite3.Connection:
    if path != ":memory:":
        try:
            # Made before SQLite sees it: the journal files take their mode from this one.
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            Path(path).chmod(0o600)
        except OSError as error:
            raise CyberflowError(f"cannot open the local platform's data at {path}: {error.strerror}") from error
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
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
    connection.execute(ADDED)
