"""Ledgers traced: many runs share the two readings around all of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cyberflow.errors import UsageError
from cyberflow.sdk import BatchOptions, batch, resume
from tests.evidence.clinic import Clinic

pytestmark = pytest.mark.slow


@contextmanager
def hurry(clinic: Clinic) -> Iterator[None]:
    clinic.clock.hurried = True
    yield
    clinic.clock.hurried = False


def run_batch(clinic: Clinic, rows: int = 3) -> Path:
    file = clinic.folder / ".cyberflow" / "rows.csv"
    file.parent.mkdir(exist_ok=True)
    file.write_text("mrn\n" + "".join(f"M{number}\n" for number in range(rows)), encoding="utf-8")
    with hurry(clinic):
        done = batch("intake", file, clinic.folder, options=BatchOptions(ledger=clinic.folder / ".cyberflow" / "a.db"))
    assert done.succeeded
    return done.ledger


def test_every_row_of_a_batch_is_proven_by_one_reading_more(clinic: Clinic) -> None:
    clinic.apply()
    ledger = run_batch(clinic)
    clinic.edit_and_apply()

    traced = clinic.trace(str(ledger))
    assert len(traced) == 6
    assert {one.grading.grade for one in traced} == {"proven"}
    assert all(one.rebuild.same and one.receipt for one in traced)


def test_a_write_between_two_goes_is_between_the_readings(clinic: Clinic) -> None:
    """Nothing is proven of rows around which no two readings agree; the versions say what they executed."""
    clinic.apply()
    ledger = run_batch(clinic)
    clinic.edit_and_apply()
    clinic.run()
    with hurry(clinic):
        resume(ledger, clinic.folder)

    assert {one.grading.grade for one in clinic.trace(str(ledger))} == {"proven"}


def test_a_ledger_on_another_machine_leads_back_too(clinic: Clinic) -> None:
    clinic.apply()
    ledger = run_batch(clinic, 1)
    other = clinic.clone()
    (other.folder / "kept.db").write_bytes(ledger.read_bytes())

    assert {one.grading.grade for one in other.trace(str(other.folder / "kept.db"))} == {"proven"}


def test_runs_since_a_date_are_traced(clinic: Clinic) -> None:
    clinic.apply()
    clinic.run("intake")
    clinic.run_elsewhere()

    assert [one.run.id for one in clinic.trace(since="2027-01-01")] == clinic.runs
    assert [one.run.id for one in clinic.trace(*clinic.runs[:1], since="2027-01-01")] == clinic.runs[:1]
    assert clinic.trace(*clinic.runs[:1], since="2028-01-01") == []


def test_a_session_and_the_beginning_of_an_id_are_names(clinic: Clinic) -> None:
    clinic.apply()
    first, second = clinic.run("intake")
    (one,) = clinic.trace(first[:13])
    assert one.run.id == first
    assert one.run.session_id is not None
    assert [found.run.id for found in clinic.trace(one.run.session_id)] == [first, second]


@pytest.mark.parametrize("name", ["nobody", "none.db", "a/b", "00000000-0000-4000-8000-000000000000"])
def test_what_cannot_be_traced_is_said(clinic: Clinic, name: str) -> None:
    clinic.apply()
    with pytest.raises(UsageError):
        clinic.trace(name)


def test_a_name_or_a_date_is_wanted(clinic: Clinic) -> None:
    for since in (None, "yesterday"):
        with pytest.raises(UsageError):
            clinic.trace(since=since)
