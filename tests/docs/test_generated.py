"""Pages and schemas that are made from the code say what the code says; `make docs` writes them."""

from __future__ import annotations

import os
import re
import runpy
import shutil
import subprocess
from pathlib import Path

import pytest

from cyberflow.cli.command_list import COMMANDS
from cyberflow.cli.views.findings.rules_page import load_rules
from cyberflow.compiler.rules import GROUPS, RULES
from cyberflow.version import __version__

ROOT = Path(__file__).parents[2]
PAGES = runpy.run_path(str(ROOT / "docs" / "generate.py"))["PAGES"]
WARNINGS = """
    unused-mock
    cut-prompt unused-ignore unused-input unused-secret unsafe-html unbalanced-loop loop-item-outside-loop unknown-tool
    untyped-output unused-chain-input unused-chain-secret cleanup-before-use ref-index ref-as-text path-as-prompt
    restarted-list lost-text runtime-input lookalike-runtime foreign-template password-input
    unbounded-wait retry-repeats
"""


@pytest.mark.parametrize("name", PAGES)
def test_what_is_committed_is_fresh(name: str) -> None:
    assert (ROOT / name).read_text(encoding="utf-8") == PAGES[name](), f"{name} is stale: run `make docs`"


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("man") is None, reason="there is no man")
def test_the_manual_page_is_read_without_a_word() -> None:
    words = ["man", "--warnings", "--local-file", str(ROOT / "docs" / "cyberflow.1")]
    done = subprocess.run(
        words, env={**os.environ, "MANWIDTH": "100", "MAN_KEEP_FORMATTING": ""}, capture_output=True, check=True
    )
    text = done.stdout.decode()

    assert done.stderr == b""
    for name in COMMANDS:
        assert f"cyberflow {name}\n" in text
    assert "--replay N|DATE" in text


def test_every_rule_is_in_the_reference_once_and_in_a_group() -> None:
    headings = re.findall(r"^### (.+)$", (ROOT / "docs" / "rules.md").read_text(encoding="utf-8"), re.MULTILINE)
    placed = [name for names in GROUPS.values() for name in names]

    assert sorted(headings) == sorted(RULES)
    assert set(RULES) <= set(placed)
    assert len(placed) == len(set(placed))
    assert headings == [name for name in placed if name in RULES]


@pytest.mark.parametrize("rule", load_rules(), ids=lambda rule: rule.name)
def test_the_documentation_of_a_rule_reads_well(rule: object) -> None:
    text = getattr(rule, "text", "")
    markdown = getattr(rule, "markdown", "")

    assert re.fullmatch(r"\S.*[.:]", text.split("\n", 1)[0])
    assert markdown.count("```") % 2 == 0
    assert not re.search(r"^    ", re.sub(r"```.*?```", "", markdown, flags=re.DOTALL), re.MULTILINE)


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("*.md")), ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    anchors = {heading.lower() for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}

    for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)):
        if target.startswith("#"):
            assert target[1:] in anchors, target
        elif "://" not in target:
            assert (page.parent / target.partition("#")[0]).exists(), target


def test_these_rules_are_warnings_and_all_others_errors() -> None:
    assert {rule.name for rule in load_rules() if rule.severity == "warning"} == set(WARNINGS.split()) & set(RULES)


def test_the_changelog_has_a_section_of_this_version() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## (?:Unreleased|{re.escape(__version__)} - \d{{4}}-\d\d-\d\d)$", text, re.MULTILINE)
