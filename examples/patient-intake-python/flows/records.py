"""What goes in and out of the workflows."""

import datetime
from typing import Annotated

from pydantic import BaseModel, Field

Mrn = Annotated[str, Field(description="Medical record number", pattern="^M[0-9]{4,8}$", examples=["M0047182"])]
VisitDate = Annotated[datetime.date, Field(description="The day of the visit")]


class Name(BaseModel):
    first: str = Field(min_length=1)
    last: str = Field(min_length=1)


class Patient(BaseModel):
    name: Name
    dob: datetime.date = Field(description="Date of birth")
    phone: str | None = Field(None, description="Tells charts of the same name and date of birth apart")


class Coverage(BaseModel):
    payer: str = Field(examples=["Blue Cross"])
    member_id: str = Field(examples=["BC123456"])
    expires: datetime.date | None = Field(None, examples=["2026-12-31"])


class SignedIn(BaseModel):
    signed_in_as: str = Field(examples=["Intake Service"])
    department: str = Field(examples=["${{ vars.clinic }}"])


class Chart(BaseModel):
    mrn: Mrn
    medications: list[str] = Field(examples=[["Lisinopril 10 mg", "Metformin 500 mg"]])
    allergies: list[str] = Field(examples=[["Penicillin"]])
    coverage: Coverage


class Visit(BaseModel):
    confirmation: str = Field(description="Confirmation number", examples=["A-20931"])
    slot: str = Field(
        description="Start of the visit, clinic time, as HH:MM", pattern="^[0-2][0-9]:[0-5][0-9]$", examples=["09:30"]
    )


class Intake(Chart, Visit):
    """What the chain gives: the chart, and the visit that was booked."""
