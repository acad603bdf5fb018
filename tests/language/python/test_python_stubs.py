"""Stubs of the YAML: what they say, that chains fit through them, and that checkers know them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cyberflow.cli.main import run
from tests.language.python.python_project import Project

EXAMPLES = Path(__file__).parents[3] / "examples"
ODD = """
project: made
python: [flows/*.py]
types:
  Tree: {type: object, properties: {left: {$ref: Tree}, v: {type: [string, "null"]}}, required: [v]}
  Code: {type: string, pattern: '^[A-Z]+$', description: A code}
workflows:
  odd-one:
    prompt: <tree> <a-b> <icd> <word> <more> <$pin> {{c-d}} {{e}} {{all}}
    inputs:
      tree: Tree
      a-b: string
      icd: Code
      word: {enum: [a, 1, null]}
      more?: {type: array, items: {type: integer}, maxItems: 2}
      from: {type: object, additionalProperties: {type: string}}
    secrets: {"pin?": string}
    from_machine: [icd]
    outputs: {c-d: Tree, e: {n: integer, "m?": "any[]"}, all: {oneOf: [{type: string}, {type: number}]}}
  quiet: {prompt: Do nothing., description: 'Says "nothing" \\ at all'}
"""


def stubs(project: Project) -> str:
    assert run(["stubs", "--quiet", "--project", str(project.root)]) == 0
    return (project.root / "cyberflow_stubs.py").read_text(encoding="utf-8")


def test_a_chain_fits_through_the_stubs_of_its_workflows(project: Project) -> None:
    shutil.copytree(EXAMPLES / "patient-intake", project.root, dirs_exist_ok=True)
    head = (project.root / "cyberflow.yaml").read_text(encoding="utf-8")
    project.write("cyberflow.yaml", head.replace("\n", "\npython: [flows/*.py]\n", 1))
    project.write(
        "flows/again.py",
        """
        from cyberflow import Secret, chain
        from cyberflow_stubs import Patient, PatientLookup, VisitDate, book_visit, patient_lookup, sign_in

        @chain
        def again(patient: Patient, date: VisitDate, username: str, *, epic_password: Secret) -> PatientLookup:
            sign_in.step("login")(username=username, password=epic_password)
            chart = patient_lookup(patient=patient)
            book_visit(mrn=chart.mrn, reason=f"Visit of {patient.name.first}", date=date)
            return chart
        """,
    )
    assert [one.rule for one in project.findings()] == ["python-error"]  # the stubs are not written yet
    stubs(project)
    assert not project.findings()
    chain = project.bundle().chain("again")
    assert chain is not None
    assert list(chain.outputs) == ["mrn", "medications", "allergies", "coverage"]
    assert [step["workflow_id"] for step in chain.request["steps"]] == ["sign-in", "patient-lookup", "book-visit"]


def test_names_and_types_that_python_has_no_word_for(project: Project) -> None:
    project.write("cyberflow.yaml", ODD)
    text = stubs(project)
    assert "class Tree:\n    left: Tree | None = None\n    v: str | None" in text
    assert 'Code = Annotated[str, WithJsonSchema({"type": "string", "pattern": "^[A-Z]+$"})]' in text
    assert 'word: Literal["a", 1, None]' in text
    assert "icd: Code | None = None" in text
    assert "pin: Secret | None = None" in text
    assert "**others: Any" in text
    assert 'TypedDict("OddOne", {"c-d": Tree, "e": OddOneE, "all": Annotated[str | float' in text
    assert "def quiet() -> None:" in text
    project.write(
        "flows/flow.py",
        """
        from cyberflow import chain
        from cyberflow_stubs import Tree, odd_one

        @chain
        def intake(tree: Tree):
            made = odd_one(tree=tree, word="a", **{"a-b": "x", "from": {"k": "v"}})
            return {"tree": made["c-d"].left, "n": made["e"].n}
        """,
    )
    assert not [one for one in project.findings() if one.severity == "error"]
    (step,) = project.steps("intake")
    assert step["inputs"] == {"tree": "<tree>", "word": "a", "a-b": "x", "from": {"k": "v"}}


def test_the_same_sources_give_the_same_stubs(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    project.write("cyberflow.yaml", ODD)
    text = stubs(project)
    assert stubs(project) == text
    assert run(["stubs", "--out", "-", "--project", str(project.root)]) == 0
    assert capsys.readouterr().out == text


def test_a_project_with_errors_gets_no_stubs(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    project.write("cyberflow.yaml", "project: made\nworkflows:\n  one: {prompt: Do <it>.}\n")
    assert run(["stubs", "--project", str(project.root)]) == 1
    assert "undeclared-input" in capsys.readouterr().out
    assert not (project.root / "cyberflow_stubs.py").exists()


@pytest.mark.slow
def test_checkers_know_the_stubs(project: Project) -> None:
    project.write("cyberflow.yaml", ODD)
    stubs(project)
    project.write(
        "uses.py",
        """
        from cyberflow_stubs import Tree, odd_one, quiet

        made = odd_one(tree=Tree(v="x"), word="a")
        reveal_type(made["c-d"].left)
        odd_one(tree=Tree(v=1), word="a")
        odd_one(tree=Tree(v="x"), word="b")
        quiet(1)
        """,
    )
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--config-file=",
        "--output=json",
        "--cache-dir=cache",
        "uses.py",
    ]
    answer = subprocess.run(command, cwd=project.root, capture_output=True, text=True, check=False)
    found = [json.loads(line) for line in answer.stdout.splitlines() if line.startswith("{")]
    assert [(one["line"], one["severity"]) for one in found] == [
        (5, "note"),
        (6, "error"),
        (7, "error"),
        (8, "error"),
    ]
    assert "Tree | None" in found[0]["message"]
