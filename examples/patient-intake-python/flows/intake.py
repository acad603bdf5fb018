"""Signs in to Epic, finds a patient's chart, books a visit and files the referral letter."""

from flows.records import Chart, Intake, Mrn, Patient, SignedIn, Visit, VisitDate

from cyberflow import Secret, chain, workflow


@workflow(prompt="/prompts/sign-in.md", title="Sign in (${{ vars.clinic }})", tags=["Intake"])
def sign_in(username: str, *, password: Secret) -> SignedIn:
    """Signs in to Epic and chooses the department"""
    raise NotImplementedError


@workflow(
    prompt="/prompts/patient-lookup.md",
    title="Patient lookup (${{ vars.clinic }})",
    checks=[{"name": "Chart is read completely", "type": "output_data_passes_schema_validation"}],
    on_check_failure="Close the chart without saving and go back to the home screen of Epic.",
    tags=["Intake"],
)
def patient_lookup(patient: Patient) -> Chart:
    """Finds a chart and reads medications, allergies and coverage"""
    raise NotImplementedError


@workflow(
    prompt="/prompts/book-visit.md",
    title="Book visit (${{ vars.clinic }})",
    terminal=["Remove-Item -Recurse -Force 'C:/Intake/<date>'"],  # the only command that this workflow may run
    checks=[{"name": "Visit is confirmed", "type": "output_data_passes_schema_validation"}],
    on_check_failure="""\
Close the chart of <mrn> without saving and go back to the home screen of Epic.
Leave every appointment of <date> as it is; the front desk looks at it.
""",
    tags=["Intake"],
)
def book_visit(mrn: Mrn, reason: str, date: VisitDate) -> Visit:
    """Books a new-patient visit and files the referral"""
    raise NotImplementedError


@chain(
    # without `pools`, a list of their names, any free machine will do
    files=[  # put on the machine before the first step; book_visit removes them after the last
        {"path": "/files/referral-cover.txt", "target": "C:/Intake/<date>/referral-cover.txt"},
        {"name": "referral", "target": "C:/Intake/<date>/referral.pdf"},  # the patient's own letter
    ],
)
def intake(patient: Patient, date: VisitDate, username: str, *, epic_password: Secret) -> Intake:
    """Signs in, finds the patient's chart and books the visit"""
    sign_in.step("login")(username=username, password=epic_password)
    chart = patient_lookup.step("lookup")(patient=patient)
    visit = book_visit.step("book")(
        mrn=chart.mrn,
        reason=f"New patient visit of {patient.name.first} {patient.name.last}, referred",
        date=date,
    )
    return Intake.model_construct(
        mrn=chart.mrn,
        medications=chart.medications,
        allergies=chart.allergies,
        coverage=chart.coverage,
        confirmation=visit.confirmation,
        slot=visit.slot,
    )
