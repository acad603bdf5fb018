from pydantic import BaseModel

from cyberflow import chain, workflow


class Patient(BaseModel):
    mrn: str


class Visit(BaseModel):
    mrn: str
    rooms: list[int]


@workflow
def lookup() -> Patient:
    """Find the patient."""
    raise NotImplementedError


@workflow
def book(visit: Visit) -> None:
    """Book <visit>."""


@chain
def intake() -> None:
    found = lookup()
    book(visit=Visit.model_construct(mrn=found.mrn, rooms=[1, found.mrn]))  # type: ignore[list-item]
