from cyberflow import workflow

from hospital.records import PatientId


@workflow
def patient_lookup(patient: PatientId) -> None:
    """Find <patient.id>."""
