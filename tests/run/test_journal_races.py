"""Commands that begin the journal of a project at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cyberflow.run.work.journal import JOURNAL, entries, open_journal


def test_a_journal_that_another_command_just_begins_is_no_trouble(tmp_path: Path) -> None:
    """The file is there before its tables are: who reads it then finds nothing, and who writes makes it whole."""
    (tmp_path / JOURNAL).touch(0o600)
    assert entries(tmp_path) == []

    open_journal(tmp_path, "local", id="run-1").record("sending")

    assert [entry.id for entry in entries(tmp_path)] == ["run-1"]


@pytest.mark.parametrize("turn", range(10))
def test_many_commands_at_once_begin_one_journal(tmp_path: Path, turn: int) -> None:
    del turn

    def record(number: int) -> None:
        open_journal(tmp_path, "local", id=f"run-{number}").record("sending")
        entries(tmp_path)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(record, range(8)))

    assert {entry.id for entry in entries(tmp_path)} == {f"run-{number}" for number in range(8)}
