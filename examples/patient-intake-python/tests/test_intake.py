"""The same chain from Python: outputs have the type that `intake` returns. Run with `pytest` in the project's folder."""

import datetime

from flows.intake import intake
from flows.records import Name, Patient

from cyberflow import FlowFixture

ADA = Patient(name=Name(first="Ada", last="Sample"), dob=datetime.date(1984, 5, 17))


def test_the_visit_is_booked_for_the_chart_that_was_read(flow: FlowFixture) -> None:
    ran = flow(intake, patient=ADA, date=datetime.date(2026, 3, 2), username="svc-intake")

    assert ran.steps["book"].inputs is not None
    assert ran.steps["book"].inputs["mrn"] == ran.outputs.mrn
    assert ran.outputs.slot == "09:30"


def test_two_charts_book_nothing(flow: FlowFixture) -> None:
    ran = flow(
        intake,
        simulate={"lookup": {"status": "task_failed", "error": "two charts"}},
        patient=ADA,
        date=datetime.date(2026, 3, 2),
        username="svc-intake",
    )

    assert (ran.status, ran.steps["book"].status) == ("task_failed", "cancelled")
