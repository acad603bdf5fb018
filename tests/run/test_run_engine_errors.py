"""What is wrong with the database of an engine: its host and the reason, and never the password."""

from __future__ import annotations

import pytest

from cyberflow.errors import UsageError
from cyberflow.run.work.engine import engine_error, load_dbos

URL = "postgresql://user:s3cr%40et@db.clinic.example:5433/queue"


class OperationalError(Exception):
    """What a driver raises."""


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            'connection failed: connection to server at "10.0.0.7", port 5433 failed: Connection refused\n\tIs the',
            "refused",
        ),
        ("[Errno -2] Name or service not known", "host not found"),
        ('could not translate host name "db" to address', "host not found"),
        ("connection timeout expired", "no answer in time"),
        ('FATAL:  password authentication failed for user "user"', "the password is wrong"),
        ("fe_sendauth: no password supplied", "the url has none"),
        ('FATAL:  database "queue" does not exist', "no such database"),
        ('FATAL:  role "user" does not exist', "the user is not known"),
        ("FATAL:  sorry, too many clients already", "no connection left"),
        ("server closed the connection unexpectedly", "the connection broke"),
        ("FATAL:  the database system is starting up", "starting up"),
        ("connection is bad: No such file or directory", "no server listens at that socket"),
        (f"something else about {URL} and s3cr@et", "OperationalError"),
    ],
)
def test_host_and_reason(text: str, reason: str) -> None:
    for error in (OperationalError(text), _around(OperationalError(text))):
        told = engine_error(URL, error).message
        if "something" not in text or error.__cause__ is None:
            assert reason in told
        assert told.startswith("the engine at db.clinic.example cannot be used: ")
        assert "s3cr" not in told


def _around(cause: Exception) -> Exception:
    error = RuntimeError("(psycopg.OperationalError) it did not work (Background on this error at: …)")
    error.__cause__ = cause
    return error


def test_a_socket_is_named_by_its_folder() -> None:
    told = engine_error("postgresql://u:s3cret@/x?host=%2Ftmp%2Fpg", OSError("No such file or directory")).message
    assert told == "the engine at /tmp/pg cannot be used: no server listens at that socket"
    assert "this machine" in engine_error("postgresql:///x", OSError("boom")).message


@pytest.mark.parametrize("url", ["", "x", "mysql://h/x", "postgresql://[::1/x", "sqlite:///x"])
def test_another_url_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="an engine is a PostgreSQL database"):
        load_dbos(url)
