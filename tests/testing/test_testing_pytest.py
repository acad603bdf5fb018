"""The pytest plugin, as pytest loads it."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

FLOWS = '''\
from pydantic import BaseModel

from cyberflow import Secret, chain, workflow


class PatientId(BaseModel):
    id: str


class Patient(BaseModel):
    mrn: str
    medications: list[str]


@workflow
def patient_lookup(patient: PatientId, *, password: Secret) -> Patient:
    """Sign in with <$password>. Find <patient.id>."""
    raise NotImplementedError


@workflow
def book_visit(mrn: str, reason: str) -> None:
    """Open the chart of <mrn> and book a visit for <reason>."""


@chain
def intake(patient: PatientId, date: str, *, epic_password: Secret) -> Patient:
    found = patient_lookup(patient=patient, password=epic_password)
    book_visit(mrn=found.mrn, reason=f"Visit of {date}")
    return found
'''
CASES = """\
tests:
  good: {run: intake, inputs: {patient: {id: "7"}, date: 2026-03-01}}
  bad: {run: intake, inputs: {patient: {id: "7"}, date: 2026-03-01}, expect: {outputs: {mrn: M9}}}
"""
PAGE = Path(__file__).parents[2] / "docs" / "testing.md"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "flows").mkdir()
    (tmp_path / "tests").mkdir()
    (tmp_path / "cyberflow.yaml").write_text("project: clinic\npython: [flows/*.py]\n", encoding="utf-8")
    (tmp_path / "flows/intake.py").write_text(FLOWS, encoding="utf-8")
    return tmp_path


def run_pytest(folder: Path, *words: str) -> str:
    command = [sys.executable, "-m", "pytest", "-p", "cyberflow.pytest_plugin", "-p", "no:cacheprovider", *words]
    environ = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


@pytest.mark.slow
def test_test_files_are_items(project: Path) -> None:
    (project / "tests/intake.yaml").write_text(CASES, encoding="utf-8")
    (project / "data/tests").mkdir(parents=True)
    (project / "data/cyberflow.yaml").write_text("project: other\n", encoding="utf-8")
    (project / "data/tests/other.yaml").write_text("tests: {x: {run: nothing}}\n", encoding="utf-8")

    said = run_pytest(project, "-v")

    assert "tests/intake.yaml::good PASSED" in said
    assert "tests/intake.yaml::bad FAILED" in said
    assert "failed[bad]: `outputs.mrn` is not as expected\n --> tests/intake.yaml:3:" in said
    assert "1 failed, 1 passed" in said


@pytest.mark.slow
def test_a_broken_test_file_is_told_as_check_tells_it(project: Path) -> None:
    (project / "tests/intake.yaml").write_text(CASES.replace("run: intake", "run: intak"), encoding="utf-8")
    said = run_pytest(project)
    assert "error[unknown-workflow]: there is no chain, workflow" in said
    assert "did you mean `intake`?" in said
    assert "Traceback" not in said


@pytest.mark.slow
def test_the_fixture_of_the_page_plays_a_chain(project: Path) -> None:
    page = PAGE.read_text(encoding="utf-8")
    code = page.split("```python\n")[1].split("```")[0]
    (project / "tests/test_intake.py").write_text(
        code
        + """
def test_what_fails(flow: FlowFixture) -> None:
    ran = flow("intake", simulate={"patient-lookup": {"status": "task_failed", "error": "two charts"}},
               patient={"id": "7"}, date="2026-03-01")
    assert (ran.status, ran.steps["book-visit"].status) == ("task_failed", "cancelled")
    assert "two charts" in (ran.error or "")
""",
        encoding="utf-8",
    )

    said = run_pytest(project)

    assert "2 passed" in said, said


@pytest.mark.slow
def test_what_a_test_asks_wrongly_is_shown_at_its_own_line(project: Path) -> None:
    (project / "tests/test_intake.py").write_text(
        'def test_it(flow):\n    flow("intak", patient={"id": "7"}, date="2026-03-01")\n', encoding="utf-8"
    )
    said = run_pytest(project)
    assert "the project declares no `intak`" in said
    assert "did you mean `intake`?" in said
    assert "tests/test_intake.py:2: UsageError" in said
    assert "asyncio" not in said


@pytest.mark.slow
def test_nothing_of_ours_is_loaded_before_it_is_used(tmp_path: Path) -> None:
    (tmp_path / "test_other.py").write_text(
        "import sys\ndef test_it():\n    assert not {'httpx', 'pydantic', 'cyberflow.sdk'} & set(sys.modules)\n",
        encoding="utf-8",
    )
    said = run_pytest(tmp_path)
    assert "1 passed" in said, said


@pytest.mark.slow
def test_outputs_have_the_type_of_the_chain(project: Path) -> None:
    (project / "typed.py").write_text(
        "from cyberflow import FlowFixture\nfrom flows.intake import PatientId, intake\n\n"
        "def check(flow: FlowFixture) -> None:\n"
        "    ran = flow(intake, patient=PatientId(id='7'), date='x')\n    reveal_type(ran.outputs.mrn)\n"
        "    ran.outputs.mrm\n",
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--no-incremental", "typed.py"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    assert 'Revealed type is "builtins.str"' in done.stdout or 'Revealed type is "str"' in done.stdout, done.stdout
    assert '"Patient" has no attribute "mrm"' in done.stdout


PIPELINE = """
from pydantic import BaseModel
from cyberflow import Secret, pipeline, signal
from flows.intake import Patient, PatientId, book_visit, intake

class Answer(BaseModel):
    approved: bool

@pipeline
def day(patient: PatientId, *, epic_password: Secret) -> Patient:
    found = intake(patient=patient, date="2026-03-01", epic_password=epic_password)
    sure = signal("Book it again?", Answer, name="ask", timeout="48h")
    book_visit.step("again", when=sure.approved)(mrn=found.mrn, reason="again")
    return found
"""
PLAYED = """
import pytest
from cyberflow import FlowFixture
from cyberflow.errors import UsageError
from flows.day import day
from flows.intake import PatientId

@pytest.mark.parametrize("what", [day, "day"])
def test_day(flow: FlowFixture, what) -> None:
    mocks = {
        "intake/patient-lookup": {"outputs": {"mrn": "M9", "medications": []}},
        "ask": {"outputs": {"approved": True}},
    }
    patient = PatientId(id="7") if what is day else {"id": "7"}
    ran = flow(what, simulate=mocks, patient=patient)
    assert (ran.outputs.mrn if what is day else ran.outputs["mrn"]) == "M9"
    assert ran.steps["again"].prompt == "Open the chart of M9 and book a visit for again."
    assert ran.steps["intake/book-visit"].inputs == {"mrn": "M9", "reason": "Visit of 2026-03-01"}
    with pytest.raises(UsageError, match="no step `intake/lookup`"):
        flow(what, simulate={"intake/lookup": {}}, patient=patient)
"""


@pytest.mark.slow
def test_the_fixture_plays_a_pipeline(project: Path) -> None:
    (project / "flows/day.py").write_text(PIPELINE, encoding="utf-8")
    (project / "tests/test_day.py").write_text(PLAYED, encoding="utf-8")
    shown = run_pytest(project, "-q", "tests/test_day.py")
    assert "2 passed" in shown, shown


def test_pytest_finds_it_by_its_entry_point() -> None:
    written = tomllib.loads((PAGE.parents[1] / "pyproject.toml").read_text(encoding="utf-8"))
    assert written["project"]["entry-points"]["pytest11"] == {"cyberflow": "cyberflow.pytest_plugin"}
