"""What a pipeline author writes every day: no checker says anything about it."""

import asyncio
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypedDict, assert_type

from pydantic import BaseModel, Field

from cyberflow import Secret, chain, workflow, workflow_ref


class PatientId(BaseModel):
    id: str


class Patient(BaseModel):
    mrn: str
    medications: list[str]


@dataclass
class Visit:
    confirmation: str
    slot: str | None = None


class Coverage(TypedDict):
    payer: str


@workflow(
    prompt="prompts/lookup.md",
    tags=["Production"],
    checks=[{"name": "schema", "type": "output_data_passes_schema_validation"}],
    models={"main": "Fast", "fallbacks": ["A", "B"]},
    files=[{"path": "data/seed.csv", "target": "C:/in/seed.csv", "cleanup": True}],
    on_check_failure={"file": "prompts/close.md"},
    schema="off",
)
def patient_lookup(username: str, patient: PatientId, *, password: Secret, note: str = "") -> Patient:
    raise NotImplementedError


@workflow
def book_visit(mrn: str, reason: str, priority: Literal["low", "high"] = "low") -> Visit:
    """Book <mrn> for <reason>, <priority>."""
    raise NotImplementedError


@workflow
def read_coverage(mrn: Annotated[str, Field(pattern="^M")], pin: Secret | None = None) -> Coverage:
    """Read <mrn>, <$pin>."""
    raise NotImplementedError


@workflow
def log_out() -> None:
    """Log out."""


@workflow_ref("triage")
def triage(*, mrn: str) -> Visit:
    raise NotImplementedError


@chain(pools=["epic"], session={"earlier": patient_lookup}, keep_session=True)
def intake(patient: PatientId, date: str, username: str, *, epic_password: Secret) -> Patient:
    found = patient_lookup(username=username, patient=patient, password=epic_password)
    assert_type(found, Patient)
    assert_type(found.mrn, str)
    assert_type(found.medications[0], str)
    visit = book_visit(mrn=found.mrn, reason=f"Visit of {date}", priority="high")
    assert_type(visit, Visit)
    again = book_visit.step("again")(found.mrn, "second")
    assert_type(again.slot, str | None)
    coverage = read_coverage(mrn=found.mrn)
    assert_type(coverage["payer"], str)
    assert_type(triage(mrn=found.mrn), Visit)
    untyped: Any = workflow_ref("anything")(mrn=found.mrn)
    book_visit.step("third")(mrn=untyped.mrn, reason="x")
    assert_type(patient_lookup.in_session("earlier"), Patient)
    log_out()
    return Patient.model_construct(mrn=found.mrn, medications=found.medications)


def notebook() -> None:
    result = intake.run(
        target="local",
        secrets={"epic_password": "env:EPIC_PASSWORD"},
        patient=PatientId(id="7"),
        date="2026-03-01",
        username="svc",
    )
    assert_type(result, Patient)
    assert_type(result.mrn, str)
    handle = intake.submit(secrets={"epic_password": Secret("held in memory")}, options={"timeout": "30m"})
    assert_type(handle.result(), Patient)
    assert_type(handle.session_id, str | None)
    assert_type(asyncio.run(later()), Patient)
    log_out.run()


async def later() -> Patient:
    found = await intake.arun(target="local", files={"referral": "letter.pdf"})
    assert_type(found, Patient)
    return found
