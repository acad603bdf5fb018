"""Documents, the links between them, and contents, on one SQLite connection. It decides nothing.

Everything that is acknowledged was committed; no table has a column for a secret's value.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import uuid
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from threading import RLock
from typing import Any, Literal

from cyberflow.emulator.store.format import PlatformDataError, connect, damaged, find_damage, translate

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
Conditions = Mapping[str, Any]
"""Conditions in SQL with the one value of each; None asks nothing. Values go in through placeholders alone."""
NONE: Conditions = {}
OLDEST_FIRST = "ORDER BY seq"


class Store:
    """One connection, used by one thread at a time under `lock`. `is_closing` says that it will be closed soon."""

    def __init__(self, path: Path | str) -> None:
        self.lock = RLock()
        self.path = path
        self.is_closing = False
        try:
            self.connection = connect(path)
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise translate(error, path) from error
        with self.explained():
            self.organisation, self.signing_key = self._identity()

    def close(self) -> None:
        with self.lock:
            self.connection.close()

    def dump(self) -> bytes:
        """All that is held, for `load` of another store."""
        with self.lock:
            return self.connection.serialize()

    def load(self, content: bytes) -> None:
        """Become, in memory, what another store held."""
        with self.lock, self.explained():
            self.connection.deserialize(content)
            self.organisation, self.signing_key = self._identity()

    def save(self, path: Path | str) -> None:
        """Write all that is held into a new file."""
        with self.lock, closing(connect(path)) as file:
            self.connection.backup(file)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit what happens inside, or nothing of it."""
        with self.lock:
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self.connection.execute("COMMIT")
            except BaseException:
                if self.connection.in_transaction:  # a full disk has rolled back already
                    self.connection.execute("ROLLBACK")
                raise

    def explain(self, error: Exception) -> PlatformDataError | None:
        """What an unforeseen error comes of, if it is the file: then it is told with its path. None: a bug of ours."""
        if isinstance(error, PlatformDataError):
            return error
        if isinstance(error, sqlite3.ProgrammingError):
            return None
        if isinstance(error, sqlite3.Error):
            return translate(error, self.path)
        try:
            with self.lock:
                found = find_damage(self.connection)
        except (sqlite3.Error, UnicodeDecodeError) as worse:
            return translate(worse, self.path)
        return None if found is None else damaged(self.path, found)

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Raise PlatformDataError for an unforeseen error that comes of the file."""
        try:
            yield
        except Exception as error:
            if trouble := self.explain(error):
                raise trouble from error
            raise

    def is_gone(self) -> bool:
        """Whether somebody removed the file while it is open; what is written from then on ends with the process."""
        return self.path != ":memory:" and not Path(self.path).exists()

    def _identity(self) -> tuple[str, bytes]:
        found = self.find("setting", "identity")
        if found is None:
            found = {"id": "identity", "organisation": "org_local", "signing_key": secrets.token_hex(32)}
            with self.transaction():
                self.add("setting", found)
        return found["organisation"], bytes.fromhex(found["signing_key"])

    def add(self, kind: Kind, document: Document, parent: str | None = None) -> None:
        self.connection.execute(
            "INSERT INTO documents (kind, id, parent, doc, crc) VALUES (?1, ?2, ?3, ?4, checksum(?1, ?2, ?3, ?4))",
            (kind, document["id"], parent, dump(document)),
        )

    def replace(self, kind: Kind, document: Document) -> None:
        self.connection.execute(
            "UPDATE documents SET doc = ?1, crc = checksum(kind, id, parent, ?1) WHERE kind = ?2 AND id = ?3",
            (dump(document), kind, document["id"]),
        )

    def find(self, kind: Kind, id: str) -> Document | None:
        return next(iter(self.select(kind, {"id = ?": id})), None)

    def every(self, kind: Kind) -> list[Document]:
        """All documents of a kind, oldest first."""
        return self.select(kind)

    def children(self, kind: Kind, parent: str) -> list[Document]:
        return self.select(kind, {"parent = ?": parent})

    def select(self, kind: Kind, asked: Conditions = NONE, rest: str = OLDEST_FIRST, *more: int) -> list[Document]:
        """Documents under conditions; `rest` is their order, and which of them, with its values in `more`."""
        clause, values = where({"kind = ?": kind, **asked})
        rows = self.connection.execute(f"SELECT doc FROM documents {clause} {rest}", (*values, *more))  # noqa: S608
        return [json.loads(row[0]) for row in rows]

    def measure(self, kind: Kind, asked: Conditions = NONE, what: str = "count(*)") -> int | None:
        """A number over the documents under conditions: how many they are, or the most of something."""
        clause, values = where({"kind = ?": kind, **asked})
        (number,) = self.connection.execute(f"SELECT {what} FROM documents {clause}", values).fetchone()  # noqa: S608
        return None if number is None else int(number)

    def remove(self, kind: Kind, id: str) -> None:
        self.connection.execute("DELETE FROM documents WHERE kind = ? AND id = ?", (kind, id))
        self.connection.execute("DELETE FROM contents WHERE id = ?", (id,))

    def link(self, kind: Link, a: str, b: str) -> None:
        self.connection.execute("INSERT OR IGNORE INTO links VALUES (?, ?, ?)", (kind, a, b))

    def unlink(self, kind: Link, a: str | None, b: str | None) -> None:
        """Remove one link, or with None on a side all that the other side has."""
        clause, values = where({"kind = ?": kind, "a = ?": a, "b = ?": b})
        self.connection.execute(f"DELETE FROM links {clause}", values)  # noqa: S608 - conditions of this module

    def is_linked(self, kind: Link, a: str, b: str | None = None) -> bool:
        clause, values = where({"kind = ?": kind, "a = ?": a, "b = ?": b})
        return self.connection.execute(f"SELECT 1 FROM links {clause} LIMIT 1", values).fetchone() is not None  # noqa: S608

    def count_links(self, kind: Link, end: Literal["a", "b"], id: str) -> int:
        """How many links have an id at this end."""
        query = "SELECT count FROM link_counts WHERE kind = ? AND id = ?"
        row = self.connection.execute(query, (f"{kind}.{end}", id)).fetchone()
        return int(row[0]) if row else 0

    def targets(self, link: Link, a: str, kind: Kind, rest: str = OLDEST_FIRST) -> list[Document]:
        """The documents that `a` is linked to."""
        return self._select_links("b", {"links.kind = ?": link, "a = ?": a, "documents.kind = ?": kind}, rest)

    def origins(self, link: Link, b: str, kind: Kind) -> list[Document]:
        """The documents that are linked to `b`."""
        return self._select_links("a", {"links.kind = ?": link, "b = ?": b, "documents.kind = ?": kind}, OLDEST_FIRST)

    def _select_links(self, end: str, asked: Conditions, rest: str) -> list[Document]:
        """A cross join has SQLite go from the few links to their documents; left alone, it reads every document."""
        clause, values = where(asked)
        tables = f"links CROSS JOIN documents ON documents.id = links.{end}"
        rows = self.connection.execute(f"SELECT doc FROM {tables} {clause} {rest}", values)  # noqa: S608
        return [json.loads(row[0]) for row in rows]

    def keep_content(self, id: str, content: bytes | bytearray) -> None:
        self.connection.execute("INSERT OR REPLACE INTO contents VALUES (?, ?)", (id, content))

    def content(self, id: str) -> bytes:
        row = self.connection.execute("SELECT content FROM contents WHERE id = ?", (id,)).fetchone()
        return bytes(row[0]) if row else b""


def field(name: str) -> str:
    """A field of a document, in SQL."""
    return f"json_extract(doc, '$.{name}')"


def targets_of(link: Link) -> str:
    """Whether a document is linked from an id."""
    return f"id IN (SELECT b FROM links WHERE kind = '{link}' AND a = ?)"  # noqa: S608 - one of the words above


def where(asked: Conditions) -> tuple[str, list[Any]]:
    """The clause of all conditions that ask something, and their values."""
    given = {condition: value for condition, value in asked.items() if value is not None}
    return ("WHERE " + " AND ".join(given) if given else "", list(given.values()))


def mentions(*names: str) -> str:
    """Whether one of these columns or fields holds a text, in any case; asked with the folded text."""
    return f"mentions(?, {', '.join(names)})"


def new_id() -> str:
    return str(uuid.uuid4())


def dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
