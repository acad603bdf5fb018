"""How loud rules are: levels in cyberflow.yaml."""

from __future__ import annotations

from pathlib import Path

import pytest

from cyberflow.compiler.check import check, check_target
from cyberflow.compiler.levels import apply_levels, levels_to_compile
from cyberflow.diagnostics import Diagnostic
from cyberflow.language.project.load import read_project
from cyberflow.source import Place

FLOWS = """\
workflows:
  lookup:
    inputs: {mrn: string, note: string}
    prompt: Open <mnr>.
"""


def project(root: Path, rules: str = "", flows: str = FLOWS) -> list[tuple[str, str]]:
    (root / "cyberflow.yaml").write_text(f"project: clinic\n{rules}")
    (root / "flows").mkdir(exist_ok=True)
    (root / "flows" / "a.yaml").write_text(flows)
    (root / "b.yaml").write_text("workflows:\n  book: {inputs: {x: string}, prompt: Book it.}\n")
    return [(one.rule, one.severity) for one in check(read_project(root))]


def test_levels_make_rules_quiet_and_loud(tmp_path: Path) -> None:
    assert project(tmp_path) == [
        ("unused-input", "warning"),
        ("unused-input", "warning"),
        ("undeclared-input", "error"),
    ]
    assert project(tmp_path, "rules: {unused-input: off, undeclared-input: warning}\n") == [
        ("undeclared-input", "warning")
    ]
    assert project(tmp_path, "rules: {unused-input: error}\n")[0] == ("unused-input", "error")


def test_a_level_of_a_rule_that_is_none_is_told(tmp_path: Path) -> None:
    (root := tmp_path / "clinic").mkdir()
    found = project(root, "rules: {unused-inputs: off}\n")
    (told,) = [one for one in check(read_project(root)) if one.rule == "unknown-key"]

    assert ("unused-input", "warning") in found
    assert told.help == "did you mean `unused-input`?"


@pytest.mark.parametrize("rule", ["secret-leak", "secret-in-source", "path-escape"])
def test_some_rules_are_never_silent(tmp_path: Path, rule: str) -> None:
    assert any(one == ("wrong-type", "error") for one in project(tmp_path, f"rules: {{{rule}: off}}\n"))
    assert not any(name == "wrong-type" for name, _ in project(tmp_path, f"rules: {{{rule}: warning}}\n"))


def test_a_comment_that_silences_a_quiet_rule_is_not_unused(tmp_path: Path) -> None:
    flows = FLOWS.replace("    prompt", "    # cyberflow: ignore[undeclared-input] the ward says so\n    prompt")

    assert project(tmp_path, "rules: {undeclared-input: off, unused-input: off}\n", flows) == []


def test_what_was_not_read_is_an_error_where_a_project_is_compiled(tmp_path: Path) -> None:
    flows = FLOWS.replace("Open <mnr>.", "{file: none.md}")
    shown = project(tmp_path, "rules: {file-not-found: off, unused-input: off}\n", flows)
    _, _, found = check_target(read_project(tmp_path), "local")

    assert shown == []
    assert [(one.rule, one.severity) for one in found] == [("file-not-found", "error")]
    assert levels_to_compile({"unused-input": "off", "yaml-syntax": "off"}) == {"unused-input": "off"}


def test_levels_keep_what_they_do_not_name() -> None:
    one = Diagnostic("cycle", "x", Place("a.yaml"))

    assert list(apply_levels([one], {"unused-input": "off"})) == [one]


def test_a_comment_does_not_send_what_was_not_read(tmp_path: Path) -> None:
    flows = FLOWS + "# cyberflow: ignore[yaml-syntax] it is mended later\nchains: [\n"
    shown = project(tmp_path, "rules: {undeclared-input: off, unused-input: off}\n", flows)
    _, _, found = check_target(read_project(tmp_path), "local")

    assert shown == []
    assert [(one.rule, one.severity) for one in found] == [("yaml-syntax", "error")]


def test_what_is_wrong_under_rules_is_told_at_once_and_stops_a_plan_too(tmp_path: Path) -> None:
    found = project(tmp_path, "rules: {secret-leak: off, no-rule: off, path-escape: off, unused-input: off}\n")
    _, _, compiled = check_target(read_project(tmp_path), "local")

    told = [("wrong-type", "error"), ("unknown-key", "error"), ("wrong-type", "error")]
    assert found == [*told, ("undeclared-input", "error")]
    assert [(one.rule, one.severity) for one in compiled] == found
