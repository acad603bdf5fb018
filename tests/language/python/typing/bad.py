"""One mistake in each line that ends in `# error`: both checkers say so there, and nowhere else."""

from pydantic import BaseModel

from cyberflow import Secret, chain, workflow, worklow  # error

MISSPELT = worklow


class Patient(BaseModel):
    mrn: str
    medications: list[str]


@workflow(tagz=["Production"])  # error
def misspelt_keyword() -> None:
    """Log out."""


@workflow(tags="Production")  # error
def text_for_list() -> None:
    """Log out."""


@workflow(checks=[{"name": "schema", "type": "output_data_passes_schema"}])  # error
def unknown_check() -> None:
    """Log out."""


@workflow(files=[{"pth": "data/seed.csv"}])  # error
def unknown_key_of_file() -> None:
    """Log out."""


@workflow(models={"main": "Fast", "fallbacks": 2})  # error
def number_for_list() -> None:
    """Log out."""


@chain(tags=["Production"])  # error
def keyword_of_workflows() -> None:
    pass


@workflow(schema="on")  # error
def unknown_word() -> None:
    """Log out."""


@workflow
def patient_lookup(username: str, *, password: Secret, note: str | None = None) -> Patient:
    """Find <username> with <$password>, <note>."""
    raise NotImplementedError


@workflow
def book_visit(mrn: str, reason: str) -> None:
    """Book <mrn> for <reason>."""


@chain
def intake(date: str, username: str, *, epic_password: Secret) -> Patient:
    found = patient_lookup(username=username, password=epic_password)
    book_visit(mrn=found.mrm, reason=date)  # error
    book_visit(mnr=found.mrn, reason=date)  # error
    book_visit(mrn=found.mrn)  # error
    book_visit(mrn=found.medications, reason=date)  # error
    book_visit(mrn=found.mrn, reason=7)  # error
    patient_lookup(username=username, password="hunter2")  # error
    patient_lookup(username=epic_password, password=epic_password)  # error
    book_visit.step("again")(mrn=found.mrn, reson=date)  # error
    book_visit.step(2)(mrn=found.mrn, reason=date)  # error
    book_visit(found.mrn, date, date)  # error
    book_visit(mrn=patient_lookup.in_session("earlier").mrm, reason=date)  # error
    return found.mrn  # error


@chain
def outer(date: str) -> Patient:
    return intake(date=date)  # error


def script() -> None:
    result = intake.run(target="local", date="2026-03-01", username="svc")
    first: str = result.mrm  # error
    intake.run(target=7)  # error
    intake.run(secrets=["epic_password"])  # error
    intake.run(options={"timeut": "30m"})  # error
    second: str = intake.submit().result().mrm  # error
    number: int = intake.submit().result()  # error
    Secret(7)  # error
    intake.run(inputs=[first, second, number])


async def later() -> str:
    return await intake.arun(target="local")  # error
