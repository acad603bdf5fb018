"""`plan --replay` as a person types it: a chain that ran, a schema that grew strict, and what is said of it where."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.cli.cli_program import Program, replace

CANARY = "CANARY999"
FLOWS = """\
workflows:
  lookup:
    prompt: Find <name>.
    inputs: {name: string}
    outputs: {mrn: string}
  book:
    prompt: Book for <mrn>.
    inputs: {mrn: string}
chains:
  intake:
    inputs: {name: string}
    steps:
      - {id: find, workflow: lookup}
      - {id: book, workflow: book, inputs: {mrn: {$ref: find.outputs.mrn}}}
"""
STRICT = "{mrn: {type: string, pattern: '^M[0-9]{7}$'}}"


@pytest.fixture
def past(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: Program) -> Path:
    """A chain that ran three times, once with a number that the schemas, strict since then, refuse."""
    (tmp_path / "cyberflow.yaml").write_text("project: clinic\n", encoding="utf-8")
    flows = tmp_path / "flows.yaml"
    flows.write_text(FLOWS, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert program("apply", "--yes").code == 0
    for mrn in ("M0000001", "M0000002", CANARY):
        (tmp_path / "script.yaml").write_text(f"find: {{seconds: 0, outputs: {{mrn: {mrn}}}}}\n", encoding="utf-8")
        assert program("run", "intake", "-i", "name=Ada", "--simulate", "script.yaml").code == 0
    replace(flows, "outputs: {mrn: string}", f"outputs: {STRICT}")
    replace(flows, "inputs: {mrn: string}", f"inputs: {STRICT}")
    return tmp_path


@pytest.mark.slow
def test_a_plan_says_what_it_would_have_done(past: Path, program: Program) -> None:
    text = program("plan", "--replay", "50", "--out", "a.plan")
    changes = json.loads(program("plan", "--replay", "2020-01-01", "--format", "json").out)["changes"]
    comment = program("plan", "--replay", "50", "--format", "markdown")

    refused = "would be refused: mrn (9 characters) does not match ^M[0-9]{7}$"
    assert text.code == 0
    assert "replay: 1 of 3 runs since " in text.out
    assert refused in text.out
    assert "would be refused: output mrn (9 characters)" in text.out
    assert refused in comment.out
    for change in changes:
        replay = change["replay"]
        assert [replay[word] for word in ("runs", "fit", "refused", "deferred")] == [3, 2, 1, 0]
        assert replay["since"] == "2020-01-01"
        (example,) = replay["examples"]
        assert {"run_id", "at", "path", "keyword"} <= set(example)
        assert example["keyword"] == "pattern"
    saved = (past / "a.plan").read_text(encoding="utf-8")
    assert all(CANARY not in one for one in (text.text, comment.text, json.dumps(changes), saved))
    assert program("apply", "a.plan", "--yes").code == 0


@pytest.mark.slow
def test_it_fails_a_build_when_asked(past: Path, program: Program) -> None:
    assert program("plan", "--replay", "50", "--fail-on", "replay").code == 1
    assert program("plan", "--replay", "50", "--fail-on", "replay", "--check").code == 1
    assert program("plan", "--replay", "50", "--check").code == 5
    assert program("plan", "--replay", "3000-01-01", "--fail-on", "replay").code == 0
    assert "replay: no runs since 3000-01-01" in program("plan", "--replay", "3000-01-01").out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--replay", "some"), "`some` is neither a number of runs nor a date"),
        (("--fail-on", "replay"), "--fail-on replay needs --replay"),
        (("--show-values",), "--show-values needs --replay"),
        (("--replay", "5", "--show-values"), "--show-values is for a terminal"),
    ],
)
def test_wrong_words_are_told_before_anything_is_read(
    tmp_path: Path, program: Program, words: tuple[str, ...], says: str
) -> None:
    (tmp_path / "cyberflow.yaml").write_text("project: clinic\n", encoding="utf-8")
    answer = program("plan", "--project", str(tmp_path), *words)

    assert answer.code == 2
    assert says in answer.err


@pytest.mark.slow
def test_values_are_for_a_terminal(past: Path, program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    assert program("plan", "--replay", "5", "--show-values", "--format", "json").code == 2
    monkeypatch.setattr(type(sys.stdout), "isatty", lambda _: True, raising=False)

    answer = program("plan", "--replay", "5", "--show-values")
    assert answer.code == 0
    assert CANARY in answer.out
