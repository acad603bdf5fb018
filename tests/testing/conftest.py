"""A small clinic with tests of its flows, and the program as a person calls it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

FLOWS = """\
workflows:
  patient-lookup:
    prompt: Sign in as <username> with <$password>. Find <patient.id>, <note>.
    inputs: {patient: Patient, username: string, note?: string}
    secrets: [password]
    from_machine: [username]
    outputs: {mrn: Mrn, medications: "string[]", age?: integer}
  book-visit:
    prompt: Open the chart of <mrn>. Book <reason>.
    inputs: {mrn: Mrn, reason: string}
    outputs: {confirmation: {type: string, examples: [A-1]}}
    checks: [{name: schema, type: output_data_passes_schema_validation}]

types:
  Mrn: {type: string, pattern: '^M[0-9]+$', examples: [M1]}
  Patient: {type: object, properties: {id: {type: string}}, required: [id]}

chains:
  intake:
    inputs: {patient: Patient, date: {type: string, format: date}}
    secrets: [epic_password]
    pools: [epic]
    files: [{name: referral, target: 'C:/in/referral.pdf'}]
    steps:
      - {id: lookup, workflow: patient-lookup, secrets: {password: <$epic_password>}}
      - {id: book, workflow: book-visit, inputs: {mrn: {$ref: lookup.outputs.mrn}, reason: Visit of <date>}}
    outputs: {mrn: {$ref: lookup.outputs.mrn}, confirmation: {$ref: book.outputs.confirmation}}

tasks:
  poster:
    workflow: text-to-image
    inputs: {heading: string}
    parameters: {prompt: A poster for <heading>}
    timeout: 20m
"""
GIVEN = 'run: intake, inputs: {patient: {id: "7"}, date: 2026-03-01}'


@pytest.fixture
def clinic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """A project with one test file, as working directory."""

    def write(tests: str, flows: str = FLOWS) -> Path:
        (tmp_path / "tests").mkdir(exist_ok=True)
        (tmp_path / "cyberflow.yaml").write_text("project: clinic\n", encoding="utf-8")
        (tmp_path / "flows.yaml").write_text(flows, encoding="utf-8")
        (tmp_path / "tests" / "intake.yaml").write_text(tests, encoding="utf-8")
        monkeypatch.chdir(tmp_path)
        return tmp_path

    return write
