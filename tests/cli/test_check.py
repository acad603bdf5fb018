"""check, show, explain: what a person reads, held as snapshots, and what a program decides."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from cyberflow.compiler.rules import RULES
from tests.cli.cli_program import Program, replace

LITERAL = "hunter2-in-git"


@pytest.fixture
def mistaken(intake: Path) -> Path:
    """Five mistakes in three files, and a literal secret."""
    replace(
        intake / "chains.yaml",
        "mrn: {$ref: lookup.outputs.mrn}\n          reason",
        "mrn: {$ref: lookup.outputs.mrm}\n          reason",
    )
    replace(intake / "chains.yaml", "password: <$epic_password>", f"password: {LITERAL}")
    replace(intake / "prompts/sign-in.md", "type <$password>", "type <$pasword>")
    replace(intake / "workflows.yaml", "tags: [Intake]\n\n  patient-lookup", "tag: [Intake]\n\n  patient-lookup")
    replace(intake / "workflows.yaml", "      reason: string", "      reason: integer")
    return intake


def test_every_mistake_is_found_in_one_pass(mistaken: Path, program: Program, snapshot: SnapshotAssertion) -> None:
    answer = program("check")

    assert answer.code == 1
    assert answer.out == snapshot
    assert LITERAL not in answer.text


def test_findings_as_json(mistaken: Path, program: Program) -> None:
    answer = program("check", "--format", "json")
    found = json.loads(answer.out)

    assert answer.code == 1
    assert found["version"] == 1
    assert found["summary"] == {"errors": 6, "warnings": 0, "workflows": 3, "chains": 1}
    rules = [one["rule"] for one in found["diagnostics"]]
    assert rules == [
        *("secret-in-source", "unknown-output", "type-mismatch", "undeclared-secret", "type-mismatch", "unknown-key")
    ]
    output = found["diagnostics"][1]
    assert (output["path"], output["line"], output["column"], output["end_column"]) == ("chains.yaml", 22, 23, 41)
    assert output["help"] == "did you mean `mrn`?"
    assert output["labels"][0]["path"] == "workflows.yaml"
    assert LITERAL not in answer.text
    secret = found["diagnostics"][0]
    assert secret["end_column"] == secret["column"] + 1, "the end would tell its length"


def test_findings_as_workflow_commands(mistaken: Path, program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_WORKSPACE", str(mistaken.parent))

    lines = program("check", "--format", "github").out.splitlines()

    assert len(lines) == 6
    assert all(line.startswith(f"::error file={mistaken.name}/") for line in lines)
    assert not [line for line in lines if LITERAL in line]


def test_warnings_fail_only_when_asked(intake: Path, program: Program) -> None:
    replace(intake / "workflows.yaml", "      username: string\n", "      username: string\n      spare?: string\n")

    assert program("check").code == 0
    assert program("check", "--error-on", "warning").code == 1


def test_one_broken_file_hides_nothing_in_the_others(intake: Path, program: Program) -> None:
    (intake / "broken.yaml").write_text("workflows: {a: [1, 2\n", encoding="utf-8")
    replace(intake / "prompts/sign-in.md", "<username>", "<usrname>")

    out = program("check").out

    assert "yaml-syntax" in out
    assert "undeclared-input" in out


def test_a_finding_that_only_one_target_has_names_it(intake: Path, program: Program) -> None:
    replace(intake / "prompts/sign-in.md", "# Sign in", "{% if target == 'prod' %}<nobody>{% endif %}\n# Sign in")

    answer = program("check")

    assert answer.code == 1
    assert "only for target `prod`" in answer.out


def test_show(intake: Path, program: Program, snapshot: SnapshotAssertion) -> None:
    assert program("show", "book-visit").out == snapshot(name="workflow")
    assert program("show", "intake").out == snapshot(name="chain")
    assert json.loads(program("show", "intake", "--format", "json").out)["kind"] == "chain"
    assert program("show", "intak").code == 2


def test_show_what_stands_at_a_place(intake: Path, program: Program, snapshot: SnapshotAssertion) -> None:
    assert program("show", "--at", "chains.yaml:22:39").out == snapshot(name="output")
    assert program("show", "--at", "prompts/patient-lookup.md:3:31").out == snapshot(name="property")

    found = json.loads(program("show", "--at", str(intake / "chains.yaml:22:39"), "--format", "json").out)

    assert list(found) == ["version", "kind", "name", "type", "definition", "references"]
    assert (found["version"], found["kind"], found["name"], found["type"]) == (1, "output", "mrn", "string")
    place = {"path": "workflows.yaml", "line": 21, "column": 7, "end_line": 21, "end_column": 10}
    assert found["definition"] == place
    places = [(one["path"], one["line"], one["column"]) for one in found["references"]]
    assert [place for place in places if not place[0].startswith("tests/")] == [
        ("chains.yaml", 22, 38),
        ("chains.yaml", 25, 34),
        ("prompts/patient-lookup.md", 17, 51),
    ]


@pytest.mark.parametrize("at", ["chains.yaml:3:3", "chains.yaml:3", "README.md:1:1", "chains.yaml:0:1", "x.yaml:1:1"])
def test_show_where_nothing_is_named(intake: Path, program: Program, at: str) -> None:
    answer = program("show", "--at", at)

    assert (answer.code, answer.out) == (2, "")
    assert "Traceback" not in answer.err


def test_show_at_a_place_hides_secrets(tmp_path: Path, program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = (
        "project: p\nworkflows:\n  w: {prompt: Type <$key>., secrets: [key]}\n"
        "chains:\n  c:\n    steps: [{id: s, workflow: w, secrets: {key: hunter2-canary}}]\n"
    )
    (tmp_path / "cyberflow.yaml").write_text(text, encoding="utf-8")

    for format in ("text", "json"):
        answer = program("show", "--at", "cyberflow.yaml:3:24", "--format", format)
        assert answer.code == 0
        assert "hunter2" not in answer.out + answer.err


@pytest.mark.slow
def test_every_rule_is_explained(program: Program) -> None:
    listed = program("explain").out

    for rule in RULES:
        assert rule in listed
        assert len(program("explain", rule).out) > 100
    assert program("explain", "type-mismach").code == 2


def test_outside_a_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: Program) -> None:
    monkeypatch.chdir(tmp_path)

    answer = program("check")

    assert answer.code == 2
    assert "cyberflow.yaml" in answer.err


@pytest.mark.parametrize("words", [("chek",), ("check", "--formt", "json"), ("run",), ("apply", "--target", "prd")])
def test_wrong_usage_is_2(words: tuple[str, ...], intake: Path, program: Program) -> None:
    assert program(*words).code == 2


def test_help_of_every_command_has_an_example(program: Program) -> None:
    from cyberflow.cli.command_list import COMMANDS

    for name in COMMANDS:
        answer = program(name, "--help")
        assert answer.code == 0
        assert "Example:" in answer.out


BROKEN = """\
workflows:
  one: {prompt: Type <nothing>., inputs: {spare: string}}
"""


@pytest.fixture
def two_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two files with the same two findings each."""
    (tmp_path / "cyberflow.yaml").write_text("project: two\n", encoding="utf-8")
    for name in ("a", "b"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "flows.yaml").write_text(BROKEN.replace("one:", f"{name}:"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        ((), 1, {("a", "undeclared-input"), ("a", "unused-input"), ("b", "undeclared-input"), ("b", "unused-input")}),
        (("a",), 1, {("a", "undeclared-input"), ("a", "unused-input")}),
        (("b/flows.yaml",), 1, {("b", "undeclared-input"), ("b", "unused-input")}),
        (("a", "b", "--select", "unused-input"), 0, {("a", "unused-input"), ("b", "unused-input")}),
        (("--ignore", "undeclared-input"), 0, {("a", "unused-input"), ("b", "unused-input")}),
        (("--ignore", "undeclared-input,unused-input"), 0, set()),
        (("a", "--select", "unused-input", "--error-on", "warning"), 1, {("a", "unused-input")}),
        (("--target", "local", "b", "--select", "undeclared-input"), 1, {("b", "undeclared-input")}),
    ],
)
def test_only_what_was_asked_for_is_shown_and_counted(
    two_files: Path, program: Program, words: tuple[str, ...], code: int, expected: set[tuple[str, str]]
) -> None:
    answer = program("check", "--format", "json", *words)

    found = json.loads(answer.out)
    assert {(one["path"][0], one["rule"]) for one in found["diagnostics"]} == expected
    assert found["summary"]["errors"] + found["summary"]["warnings"] == len(expected)
    assert answer.code == code


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--select", "unused-inputs"), "did you mean `unused-input`?"),
        (("--ignore", "nothing-like-it"), "there is no rule `nothing-like-it`"),
        (("c.yaml",), "there is no c.yaml"),
        (("/",), "is not in the project"),
    ],
)
def test_what_cannot_be_asked_for_is_wrong_usage(
    two_files: Path, program: Program, words: tuple[str, ...], said: str
) -> None:
    answer = program("check", *words)
    assert (answer.code, said in answer.err) == (2, True)


@pytest.mark.parametrize(
    ("word", "meant"), [("lint", "`check`"), ("status", "`plan` or `runs`"), ("aply", "`apply`"), ("deploy", "`apply`")]
)
def test_a_mistyped_command_lists_all_and_names_near_ones(program: Program, word: str, meant: str) -> None:
    from cyberflow.cli.command_list import COMMANDS

    answer = program(word)

    assert answer.code == 2
    assert f"there is no command `{word}`; did you mean {meant}?" in answer.err
    assert all(f"\n  {name} " in answer.err for name in COMMANDS)


def test_a_mistyped_command_of_runs_lists_those_of_runs(program: Program) -> None:
    answer = program("runs", "wach", "x")
    assert answer.code == 2
    assert "there is no command `wach`; did you mean `watch`?" in answer.err
    assert all(f"\n  {name} " in answer.err for name in ("cancel", "list", "signal", "watch"))
    assert "\n  plan " not in answer.err
