"""The database of an engine: loading its library, making its tables, and its errors as host and reason, without the
password of its url.
"""

from __future__ import annotations

import re
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Any
from urllib.parse import unquote, urlsplit

from cyberflow.errors import CyberflowError, UsageError

SETUP_LOCK = 0x6379_6264
WORKERS_TABLE = """CREATE TABLE IF NOT EXISTS cyberflow_workers
    (id TEXT PRIMARY KEY, queue TEXT NOT NULL, seen TIMESTAMPTZ NOT NULL)"""
SIGN_OF_LIFE = "INSERT INTO cyberflow_workers VALUES (%s, %s, now()) ON CONFLICT (id) DO UPDATE SET seen = now()"
SILENT_WORKERS = "SELECT id FROM cyberflow_workers WHERE seen < now() - make_interval(secs => %s)"
NOW = "SELECT extract(epoch FROM clock_timestamp())::float8"
LISTENING = "SELECT count(*) FROM cyberflow_workers WHERE queue = %s AND seen > now() - make_interval(secs => %s)"
_REASONS = (
    (r"connection refused", "connection refused: nothing listens there"),
    (r"translate host name|name or service not known|nodename nor servname|failed to resolve", "host not found"),
    (r"timeout|timed out", "no answer in time"),
    (r"password authentication failed", "the password is wrong, or the user is not known"),
    (r"no password supplied|fe_sendauth", "a password is asked for, and the url has none"),
    (r'role "([^"]+)" does not exist', "the user is not known there"),
    (r'database "([^"]+)" does not exist', "there is no such database"),
    (r"no such file or directory", "no server listens at that socket"),
    (r"too many (clients|connections)|remaining connection slots", "it has no connection left"),
    (r"starting up|shutting down|in recovery", "it is starting up or shutting down"),
    (r"ssl|certificate", "TLS could not be agreed on"),
    (r"pg_hba\.conf", "its pg_hba.conf does not let this machine in"),
    (r"permission denied", "the user may not do that there"),
    (r"server closed the connection|terminating connection|connection (is lost|not open)", "the connection broke"),
)


def load_dbos(url: str) -> Any:
    """The library, where an engine can be used. Raises UsageError."""
    try:
        scheme = urlsplit(url).scheme
    except ValueError:
        scheme = ""
    if scheme not in ("postgresql", "postgres"):
        raise UsageError("an engine is a PostgreSQL database", help="write --engine postgresql://USER@HOST/DATABASE")
    try:
        return import_module("dbos")
    except ImportError:
        help = "pip install 'cyberflow[distributed]'"
        raise UsageError("an engine needs the package `dbos`, which is not installed", help=help) from None


def set_up(dbos: Any, url: str) -> None:
    """Make the tables that are missing; one process at a time, since workers are started all at once.

    Nobody waits inside the database: that would keep it from making an index for who is first.
    """
    with connect(url) as connection:
        connection.autocommit = True
        while not connection.execute("SELECT pg_try_advisory_lock(%s)", (SETUP_LOCK,)).fetchone()[0]:
            time.sleep(0.2)
        connection.execute(WORKERS_TABLE)
        dbos.DBOS.migrate(url)


def connect(url: str) -> Any:
    """A connection to the database, of which no more is asked than an answer in ten seconds."""
    return import_module("psycopg").connect(url, connect_timeout=10)


def engine_error(url: str, error: BaseException) -> CyberflowError:
    """An error of the database or of the library above it. What is not known is told by its kind: the words of a driver
    may hold the url.
    """
    texts = [" ".join(str(cause).split()).lower() for cause in _causes(error)]
    known = (why for pattern, why in _REASONS for text in texts if re.search(pattern, text))
    reason = next(known, type(error).__name__)
    return CyberflowError(
        f"the engine at {_place(url)} cannot be used: {reason}", help="see that it is up and the url right"
    )


def _place(url: str) -> str:
    """The host of a url, or the folder of its socket."""
    parts = urlsplit(url)
    socket = re.search(r"(?:^|&)host=([^&]+)", parts.query)
    return parts.hostname or (unquote(socket[1]) if socket else "this machine")


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    found: BaseException | None = error
    while found is not None and id(found) not in seen:
        seen.add(id(found))
        yield found
        found = found.__cause__ or found.__context__


def queue_of(project: str, target: str) -> str:
    """The queue of a project on a target: its workers take no other rows."""
    return f"cyberflow.{project}.{target}"


def pending_rows(dbos: Any, worker: str) -> list[Any]:
    """The rows that a worker has begun."""
    found: list[Any] = dbos.list_workflows(status="PENDING", executor_id=worker, load_input=False, load_output=False)
    return found


def requeue(dbos: Any, rows: Iterable[Any]) -> None:
    """Put rows back into their queues."""
    by_queue: defaultdict[str, list[str]] = defaultdict(list)
    for one in rows:
        by_queue[one.queue_name].append(one.workflow_id)
    for queue, ids in by_queue.items():
        dbos.resume_workflows(ids, queue_name=queue)
