from pydantic import BaseModel

from cyberflow import Secret, chain, workflow


class Patient(BaseModel):
    mrn: str
    medications: list[str]


@workflow
def patient_lookup(name: str, *, password: Secret) -> Patient:
    """Sign in with <$password>, find <name>, save {{mrn}} and {{medications}}."""
    raise NotImplementedError


@workflow
def book_visit(mrn: str, reason: str) -> None:
    """Open the chart of <mrn> and book a visit for <reason>."""



@chain
def intake(name: str, *, epic_password: Secret) -> Patient:
    found = patient_lookup(name=name, password=epic_password)
    book_visit(mrn=found.mrn, reason=f"Visit for {name}, number {found.mrn}")
    return found
