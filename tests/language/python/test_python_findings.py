"""Findings from Python sources, golden: `findings/` is a project full of mistakes, `expected.txt` what check prints.
REWRITE_CASES=1 writes what is printed now; read the diff before you keep it. `tests/cases/python-error` has the rest.
"""

from __future__ import annotations

import io
import json
import os
from contextlib import redirect_stdout
from pathlib import Path

from cyberflow.cli.main import run

FOLDER = Path(__file__).parent / "findings"


def printed(*options: str) -> str:
    out = io.StringIO()
    with redirect_stdout(out):
        assert run(["check", "--no-color", "--project", str(FOLDER), *options]) == 1
    return out.getvalue()


def test_findings_are_those_of_the_yaml_at_the_lines_of_the_python() -> None:
    text, expected = printed(), FOLDER / "expected.txt"
    if os.environ.get("REWRITE_CASES"):
        expected.write_text(text, encoding="utf-8")
    assert text == expected.read_text(encoding="utf-8")


def test_each_finding_underlines_what_it_speaks_of() -> None:
    for one in json.loads(printed("--format", "json"))["diagnostics"]:
        line = (FOLDER / one["path"]).read_text(encoding="utf-8").splitlines()[one["line"] - 1]
        under = line[one["column"] - 1 : one["end_column"] - 1 if one["end_line"] == one["line"] else None]
        assert under
        assert under == under.strip()


def test_a_literal_secret_is_in_no_form_of_output() -> None:
    for format in ("text", "json", "github", "sarif"):
        assert "canary-4711" not in printed("--format", format)
