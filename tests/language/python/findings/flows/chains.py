from typing import Any

from flows.records import Patient
from flows.workflows import book_visit, patient_lookup

from cyberflow import Secret, chain, workflow_ref

sign_in = workflow_ref("sign-in")


@chain
def outputs(name: str) -> Patient:
    found = patient_lookup(name=name)
    book_visit(mrn=found.mrm, reason="Visit")
    number = found.age
    book_visit.step("again")(
        mrn=number,
        reason=f"Visit of {name.first} and <date>",
    )
    return found


@chain
def inputs(name: str, unused: str) -> None:
    book_visit(mnr=name)
    book_visit(mrn="M7", reason=["a", name])
    book_visit.step("third")(mrn=name, reason={"why": [f"{name}"]})


@chain
def secrets(username: str, *, pin: Secret, other: Secret) -> None:
    sign_in(username=username)
    sign_in.step("second")(username=pin, password="canary-4711")  # cyberflow: ignore[secret-leak] shown to nobody
    sign_in.step("third")(username=username, password=pin)


@chain
def names(name: str) -> Any:
    workflow_ref("patient-lokup")(name=name)
    # cyberflow: ignore[unknown-workflow] it comes with the next release
    workflow_ref("tomorrow")(name=name)
    # cyberflow: ignore[bad-ref] nothing here
    return {"mrn": patient_lookup.step("lookup")(name=name).mrn[0], "phone": patient_lookup.in_session("earlier").phone}


@chain
def nothing() -> None:
    """Does nothing."""
