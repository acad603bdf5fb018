"""A literal secret in a Python module is in no line that is shown, whatever else is wrong with the module."""

from __future__ import annotations

import io
import subprocess
import sys
from contextlib import redirect_stdout

import pytest

from cyberflow.cli.main import run
from tests.language.python.python_project import Project

CANARY = "canary-4711"


def printed(project: Project) -> str:
    out = io.StringIO()
    with redirect_stdout(out):
        assert run(["check", "--no-color", "--project", str(project.root)]) == 1
    return out.getvalue()


@pytest.mark.parametrize(
    "body",
    [
        f"lookup(name=name, password='{CANARY}')",
        f"lookup(name=name + 'x', password='{CANARY}')",
        f"lookup(name=1 / 0, password='{CANARY}')",
        f"lookup(nmae=name, password='{CANARY}'); 1 / 0",
        f"1 / 0; lookup(name=name, password='{CANARY}')",
        f"lookup(name=name, password='{CANARY}' if name else '')",
        f"lookup(name=name, password=Secret('{CANARY}'))",
        f"lookup.step('a b')(name=name, password='{CANARY}')",
    ],
)
def test_in_a_call(project: Project, body: str) -> None:
    project.flow(f"""
        @chain
        def intake(name: str, *, pw: Secret):
            {body}
        """)
    text = printed(project)
    assert "flows/flow.py" in text
    assert CANARY not in text


@pytest.mark.parametrize(
    "line",
    [
        f"lookup(name=name, password='{CANARY}'",
        f'def f(:  # api_key = "{CANARY}"',
        f"book(mrn=1, epic_password = '{CANARY}",
        f"SECRETS = {{'password': '{CANARY}', ",
    ],
)
def test_in_a_module_that_does_not_parse(project: Project, line: str) -> None:
    project.write("flows/flow.py", f"from cyberflow import workflow\n\n{line}\n")
    text = printed(project)
    assert "does not parse" in text
    assert CANARY not in text


def test_in_a_default(project: Project) -> None:
    project.flow(f"""
        @workflow
        def take(*, pin: Secret = "{CANARY}") -> None:
            '''Take <$pin>.'''
        """)
    text = printed(project)
    assert "error[secret-in-source]" in text
    assert CANARY not in text


@pytest.mark.slow
def test_a_python_that_keeps_no_columns_still_knows_the_lines(project: Project) -> None:
    project.flow("""
        @chain
        def intake(name: str, *, pw: Secret) -> Patient:
            found = lookup(name=name, password=pw)
            book(mrn=found.mrm, reason=name + "x")
            return found
        """)
    command = [
        sys.executable,
        "-X",
        "no_debug_ranges",
        "-m",
        "cyberflow.cli.main",
        "check",
        "--project",
        str(project.root),
    ]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = (project.root / "flows/flow.py").read_text(encoding="utf-8").splitlines()
    number = next(index for index, line in enumerate(lines, 1) if "found.mrm" in line)
    assert answer.stdout.count(f"flows/flow.py:{number}:") == 2
    assert "error[unknown-output]" in answer.stdout
    assert "error[python-error]" in answer.stdout
