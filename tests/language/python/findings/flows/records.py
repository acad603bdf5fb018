from pydantic import BaseModel


class Patient(BaseModel):
    mrn: str
    age: int
    phone: str | None = None
