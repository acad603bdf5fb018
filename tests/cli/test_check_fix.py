"""check --fix, --unsafe-fixes, --diff: what is written, what is printed, and with which exit code."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.cli.cli_program import Program

LITERAL = "hunter2-in-git"
FLOWS = f"""\
# the front desk
workflows:
  look:
    prompt: Open <mnr> with <$pin>.
    inputs:
      mrn: string
      spare: string
    secrets: [pin]
    exports: yes
    outputs: {{mrn: string}}
chains:
  intake:
    inputs: {{mrn: string}}
    steps:
      - {{id: first, workflow: look, secrets: {{pin: {LITERAL}}}, input: {{mrn: <mrn>, spare: "x"}}}}
    outputs: {{mrn: {{$ref: "frist.outputs['mrn']"}}}}
"""
SAFE = (
    FLOWS.replace("<mnr>", "<mrn>")
    .replace("input: {", "inputs: {")
    .replace("frist.outputs['mrn']", "first.outputs.mrn")
)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "cyberflow.yaml").write_text("project: front-desk\n", encoding="utf-8")
    (tmp_path / "flows.yaml").write_text(FLOWS, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def text(project: Path) -> str:
    return (project / "flows.yaml").read_text(encoding="utf-8")


def test_a_check_says_what_can_be_mended_and_writes_nothing(project: Path, program: Program) -> None:
    for _ in range(2):  # the second answer is kept
        answer = program("check")
        assert answer.code == 1
        assert "can be mended: 4 by `cyberflow check --fix`, 2 more by `--unsafe-fixes`" in answer.err
        assert "mended" not in answer.out
    assert program("check", "--quiet").err == ""
    assert text(project) == FLOWS


def test_safe_fixes_are_made_and_the_rest_is_shown(project: Path, program: Program) -> None:
    answer = program("check", "--fix")

    assert text(project) == SAFE
    assert answer.code == 1
    assert [line.split(": ")[1] for line in answer.err.splitlines() if line.startswith("mended ")] == [
        "undeclared-input",
        "unknown-key",
        "ref-index",
        "unknown-step",
    ]
    assert "4 findings mended in 1 file" in answer.err
    assert "unknown-step" not in answer.out
    assert "error[wrong-type]" in answer.out
    assert LITERAL not in answer.text
    again = program("check", "--fix")
    assert "nothing to mend" in again.err
    assert again.out == answer.out
    assert text(project) == SAFE


@pytest.mark.parametrize("options", [["--fix", "--unsafe-fixes"], ["--unsafe-fixes"]])
def test_guesses_are_made_when_asked(project: Path, program: Program, options: list[str]) -> None:
    program("check", *options)

    assert text(project) == SAFE.replace("exports: yes", "exports: true").replace("      spare: string\n", "").replace(
        ', spare: "x"', ""
    )


@pytest.mark.parametrize("options", [["--diff"], ["--fix", "--diff"]])
def test_a_diff_is_printed_instead(project: Path, program: Program, options: list[str]) -> None:
    answer = program("check", *options)

    assert answer.code == 5
    assert text(project) == FLOWS
    assert answer.out.startswith("--- a/flows.yaml\n+++ b/flows.yaml\n@@ -1,7 +1,7 @@\n # the front desk\n")
    assert "-    prompt: Open <mnr> with <$pin>.\n+    prompt: Open <mrn>" in answer.out
    assert LITERAL not in answer.text
    program("check", "--fix")
    answer = program("check", *options)
    assert (answer.code, answer.out) == (1, "")


def test_only_what_was_asked_for_is_mended(project: Path, program: Program) -> None:
    program("check", "--fix", "--select", "unknown-key")
    assert text(project) == FLOWS.replace("input: {", "inputs: {")

    program("check", "--fix", "--ignore", "unknown-step", "cyberflow.yaml")
    assert text(project) == FLOWS.replace("input: {", "inputs: {")


def test_a_fix_in_json_is_the_text_that_it_replaces(project: Path, program: Program) -> None:
    found = json.loads(program("check", "--format", "json").out)["diagnostics"]
    lines = FLOWS.split("\n")
    by_rule = {one["rule"]: one["fix"] for one in found}

    assert by_rule["secret-in-source"] is None
    assert [by_rule[rule]["safe"] for rule in ("undeclared-input", "unknown-step", "wrong-type")] == [True, True, False]
    for rule, old, new in [("undeclared-input", "mnr", "mrn"), ("wrong-type", "yes", "true")]:
        [edit] = by_rule[rule]["edits"]
        assert edit["line"] == edit["end_line"]
        assert lines[edit["line"] - 1][edit["column"] - 1 : edit["end_column"] - 1] == old
        assert (edit["path"], edit["text"]) == ("flows.yaml", new)
    [gone, given] = by_rule["unused-input"]["edits"]
    assert (gone["line"], gone["column"], gone["end_line"], gone["end_column"], gone["text"]) == (7, 1, 8, 1, "")
    assert given["text"] == ""
    assert LITERAL not in json.dumps(found)


def test_a_fix_in_sarif(project: Path, program: Program) -> None:
    log = json.loads(program("check", "--format", "sarif").out)
    fixes: dict[str, Any] = {one["ruleId"]: one.get("fixes") for one in log["runs"][0]["results"]}

    assert fixes["secret-in-source"] is None
    [fix] = fixes["unknown-key"]
    [change] = fix["artifactChanges"]
    assert fix["description"]["text"] == "write `inputs`"
    assert change["artifactLocation"]["uri"] == "flows.yaml"
    assert change["replacements"][0]["insertedContent"] == {"text": "inputs"}


def test_line_ends_and_the_mark_stay_and_so_does_the_mode(project: Path, program: Program) -> None:
    flows = project / "flows.yaml"
    flows.write_bytes(b"\xef\xbb\xbf" + FLOWS.replace("\n", "\r\n").encode())
    flows.chmod(0o640)

    program("check", "--fix")

    assert flows.read_bytes() == b"\xef\xbb\xbf" + SAFE.replace("\n", "\r\n").encode()
    assert os.name == "nt" or flows.stat().st_mode & 0o777 == 0o640
    assert not list(project.glob("*.part"))


def test_what_cannot_be_combined_is_said(project: Path, program: Program) -> None:
    for words in (["--diff", "--format", "json"], ["--fix", "--remote"], ["--fix", "--target", "local"]):
        answer = program("check", *words)
        assert answer.code == 2
        assert "help" in answer.err
    assert text(project) == FLOWS


def test_python_and_prompt_files_are_mended(project: Path, program: Program) -> None:
    (project / "cyberflow.yaml").write_text("project: p\npython: [m.py]\nsources: []\n", encoding="utf-8")
    module = (
        "from cyberflow import workflow\n\n\n@workflow(prompt='p.md')\ndef a(mrn: str) -> None: ...\n\n\n"
        '@workflow\ndef b(name: str) -> None:\n    """Save C:\\\\in\\\\<name>.csv, as <nmae>.\n    """\n'
    )
    (project / "m.py").write_text(module, encoding="utf-8")
    (project / "p.md").write_text("Open <mnr>.\n", encoding="utf-8")

    answer = program("check", "--fix")

    assert (project / "p.md").read_text(encoding="utf-8") == "Open <mrn>.\n"
    mended = module.replace("C:\\\\in\\\\", "C:/in/").replace("nmae", "name")
    assert (project / "m.py").read_text(encoding="utf-8") == mended
    assert answer.code == 0, answer.text
