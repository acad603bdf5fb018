"""check --format sarif: valid against the published schema, and what code scanning reads in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from cyberflow.compiler.rules import RULES
from tests.cli.cli_program import Program, replace

TESTS = Path(__file__).parents[1]
SCHEMA = TESTS / "data" / "sarif-schema-2.1.0.json"
CASES = sorted(path.parent for path in (TESTS / "cases").glob("*/*/cyberflow.yaml"))
LITERAL = "hunter2-in-git"


@pytest.fixture(scope="module")
def published() -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(json.loads(SCHEMA.read_text(encoding="utf-8-sig")))


@pytest.fixture(autouse=True)
def _no_workspace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)


def log(program: Program, *words: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(program("check", "--format", "sarif", *words).out)
    return found


def results(program: Program, *words: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = log(program, *words)["runs"][0]["results"]
    return found


def broken_ref(intake: Path) -> None:
    replace(
        intake / "chains.yaml",
        "mrn: {$ref: lookup.outputs.mrn}\n          reason",
        "mrn: {$ref: lookup.outputs.mrm}\n          reason",
    )


def test_the_validator_can_refuse(published: jsonschema_rs.Validator) -> None:
    wrong = {"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "x"}}, "results": [{"message": "bare text"}]}]}

    assert not published.is_valid(wrong)


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.relative_to(TESTS / "cases").as_posix())
def test_every_case_is_valid_and_says_what_json_says(
    folder: Path, program: Program, published: jsonschema_rs.Validator
) -> None:
    answer = program("check", "--format", "sarif", "--project", str(folder))
    plain = program("check", "--format", "json", "--project", str(folder))
    found = json.loads(answer.out)
    diagnostics = json.loads(plain.out)["diagnostics"]

    published.validate(found)
    assert answer.code == plain.code
    assert [one["ruleId"] for one in found["runs"][0]["results"]] == [one["rule"] for one in diagnostics]
    for one, diagnostic in zip(found["runs"][0]["results"], diagnostics, strict=True):
        place = one["locations"][0]["physicalLocation"]
        assert place["region"]["startLine"] == diagnostic["line"]
        assert place["region"]["startColumn"] == diagnostic["column"]
        assert one["message"]["text"].startswith(diagnostic["message"])
        assert len(one.get("relatedLocations", [])) == len(diagnostic["labels"])


def test_a_finding_has_its_place_its_labels_and_its_rule(intake: Path, program: Program) -> None:
    broken_ref(intake)

    run = log(program)["runs"][0]
    (one,) = run["results"]

    assert run["columnKind"] == "unicodeCodePoints"
    assert one["level"] == "error"
    assert one["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "chains.yaml", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 22, "startColumn": 23, "endLine": 22, "endColumn": 41},
    }
    assert one["relatedLocations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "workflows.yaml"
    assert one["relatedLocations"][0]["message"]["text"]
    assert "did you mean `mrn`?" in one["message"]["text"]
    assert run["tool"]["driver"]["rules"][one["ruleIndex"]]["id"] == "unknown-output"
    assert "%SRCROOT%" in run["originalUriBaseIds"]


def test_columns_count_characters_and_paths_are_quoted(intake: Path, program: Program) -> None:
    (intake / "wörk flows.yaml").write_text(
        'workflows:\n  "日本": {prompt: "😀😀 <nobody>"}\n  w: {prompt: "😀😀 <nobody>"}\n', encoding="utf-8"
    )

    by_rule = {one["ruleId"]: one["locations"][0]["physicalLocation"] for one in results(program)}

    assert by_rule["bad-name"]["artifactLocation"]["uri"] == "w%C3%B6rk%20flows.yaml"
    assert by_rule["undeclared-input"]["region"]["startColumn"] == 19


def test_rules_carry_help_and_severity(intake: Path, program: Program) -> None:
    rules = {rule["id"]: rule for rule in log(program)["runs"][0]["tool"]["driver"]["rules"]}

    assert set(rules) == set(RULES)
    for rule in rules.values():
        assert rule["shortDescription"]["text"]
        assert rule["fullDescription"]["text"]
        assert rule["help"]["text"].startswith(rule["shortDescription"]["text"])
    assert rules["type-mismatch"]["defaultConfiguration"]["level"] == "error"
    assert rules["unused-input"]["defaultConfiguration"]["level"] == "warning"
    assert "```diff" in rules["unknown-key"]["help"]["markdown"]


def test_fingerprints_stay_when_lines_move_and_differ_between_findings(intake: Path, program: Program) -> None:
    broken_ref(intake)
    replace(intake / "workflows.yaml", "tags: [Intake]\n\n  patient-lookup", "tag: [Intake]\n\n  patient-lookup")
    before = [one["partialFingerprints"] for one in results(program)]
    for name in ("chains.yaml", "workflows.yaml"):
        text = (intake / name).read_text(encoding="utf-8")
        (intake / name).write_text(f"# one\n# two\n{text}", encoding="utf-8")

    after = results(program)

    assert [one["partialFingerprints"] for one in after] == before
    assert len({json.dumps(one) for one in before}) == len(before) == 2
    assert after[0]["locations"][0]["physicalLocation"]["region"]["startLine"] == 24


def test_two_findings_of_one_place_and_text_have_two_fingerprints(intake: Path, program: Program) -> None:
    prompt = intake / "prompts/sign-in.md"
    prompt.write_text(prompt.read_text(encoding="utf-8") + "\n<$nobody> and <$nobody>\n", encoding="utf-8")

    found = [one for one in results(program) if one["ruleId"] == "undeclared-secret"]

    assert len(found) == 2
    assert len({json.dumps(one["partialFingerprints"]) for one in found}) == 2


def test_a_literal_secret_is_nowhere(intake: Path, program: Program) -> None:
    replace(intake / "chains.yaml", "password: <$epic_password>", f"password: {LITERAL}")
    replace(intake / "cyberflow.yaml", "{env: EPIC_PASSWORD}", LITERAL)

    answer = program("check", "--format", "sarif")
    regions = [
        one["locations"][0]["physicalLocation"]["region"]
        for one in json.loads(answer.out)["runs"][0]["results"]
        if one["ruleId"] == "secret-in-source"
    ]

    assert answer.code == 1
    assert len(regions) == 2
    assert LITERAL not in answer.text
    assert all(set(region) == {"startLine", "startColumn"} for region in regions), "the end would tell its length"


def test_in_a_repository_paths_are_relative_to_it(
    intake: Path, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken_ref(intake)
    outside = results(program)[0]
    monkeypatch.setenv("GITHUB_WORKSPACE", str(intake.parent))

    inside = results(program)[0]

    assert inside["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "patient-intake/chains.yaml"
    assert inside["partialFingerprints"] == outside["partialFingerprints"]


def test_exit_codes_are_those_of_check(intake: Path, program: Program) -> None:
    assert program("check", "--format", "sarif").code == 0
    replace(intake / "workflows.yaml", "      username: string", "      username: string\n      nobody?: string")
    assert program("check", "--format", "sarif").code == 0
    assert program("check", "--format", "sarif", "--error-on", "warning").code == 1
