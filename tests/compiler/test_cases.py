"""Golden cases: every folder `tests/cases/<rule>/<case>/` is a small project, and `expected.txt` in it is what
`cyberflow check --no-color` prints there; `fixed.diff`, where there is one, what `--unsafe-fixes --diff` does.
REWRITE_CASES=1 writes what is printed now; read the diff before you keep it.
"""

from __future__ import annotations

import gc
import io
import json
import os
import re
from collections import defaultdict
from contextlib import ExitStack, redirect_stdout
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory

import pytest

from cyberflow.cli.main import run
from cyberflow.cli.styles import to_terminal
from cyberflow.cli.views.findings.fixes import render_diff
from cyberflow.cli.views.findings.report import make_report
from cyberflow.compiler.fixes.mend import mend
from cyberflow.compiler.fixes.text_edits import text_fix
from cyberflow.compiler.rules import REMOTE_RULES, RULES, TEST_RULES
from cyberflow.emulator.platform import Platform
from tests.compiler.golden_cases import FOLDERS, QUICK, analysis, name, state
from tests.emulator.served import serve

SEVERAL, SILENT = "several-", "near-miss"
"""Begin the names of cases that are about more than one finding, and about none; every other case has exactly one."""


def printed(folder: Path, *options: str) -> tuple[int, str]:
    """What `check` prints of a case, or `test` without its time; where a rule needs a target, a platform that is empty
    but for `local-1`.
    """
    out = io.StringIO()
    with TemporaryDirectory() as place, ExitStack() as account, redirect_stdout(out):
        if folder.parent.name in REMOTE_RULES:
            platform = account.enter_context(Platform.open(":memory:"))
            url = account.enter_context(serve(platform.app))
            folder, options = (
                Path(copytree(folder, Path(place, "case"))),
                (*options, "-t", "clinic", "--remote", "--quiet"),
            )
            settings = folder / "cyberflow.yaml"
            target = f"targets: {{clinic: {{url: '{url}'}}}}\n"
            settings.write_text(settings.read_text(encoding="utf-8") + target, encoding="utf-8")
        command = "test" if folder.parent.name in TEST_RULES else "check"
        code = run([command, "--no-color", "--project", str(folder), *options])
    gc.enable()
    return code, re.sub(r" in \d+\.\d s\b", "", out.getvalue())


def rules_found(folder: Path) -> list[str]:
    if folder in QUICK and folder.parent.name not in TEST_RULES:
        return [one.rule for one in state(folder).findings]
    said = json.loads(printed(folder, "--format", "json")[1])
    found = (
        said["diagnostics"] if "diagnostics" in said else [one for test in said["tests"] for one in test["warnings"]]
    )
    return [one["rule"] for one in found]


def report(folder: Path) -> tuple[int, str]:
    """What `check` prints of a case that needs nothing but its files."""
    if folder not in QUICK or folder.parent.name in TEST_RULES:
        return printed(folder)
    said = make_report(state(folder).raw, [*state(folder).findings], "text")
    return int(said.errors > 0), said.plain


def diff(folder: Path, *, unsafe: bool) -> str:
    """What `check --diff` prints of a case."""
    here, held = state(folder), analysis(folder)
    if all(text_fix(one, here.sources) is None for one in here.findings):
        return ""
    mending = mend(held, lambda found: found, unsafe=unsafe)
    for path in mending.contents:
        held.lay(path, None)
    return "".join(f"{to_terminal(line, colours=False)}\n" for line in render_diff(mending))


SERVED = [pytest.param(one, marks=pytest.mark.slow) for one in FOLDERS if one.parent.name in REMOTE_RULES]


@pytest.mark.parametrize("folder", [*QUICK, *SERVED], ids=name)
def test_case_is_told_and_fixed_as_expected(folder: Path) -> None:
    code, text = report(folder)
    expected = folder / "expected.txt"
    if os.environ.get("REWRITE_CASES"):
        expected.write_text(text, encoding="utf-8")
    assert text == expected.read_text(encoding="utf-8")
    assert code == int("error[" in text)
    if folder in QUICK:
        hold_fixes(folder)


def hold_fixes(folder: Path) -> None:
    """The safe fixes come first: what only a guess changes stands below a line that says so."""
    safe, guess = (diff(folder, unsafe=unsafe) for unsafe in (False, True))
    text = safe if safe == guess else f"{safe}=== with --unsafe-fixes\n{guess}"
    expected = folder / "fixed.diff"
    if os.environ.get("REWRITE_CASES") and text:
        expected.write_text(text, encoding="utf-8")
    assert text == (expected.read_text(encoding="utf-8") if expected.exists() else "")


@pytest.mark.slow
def test_the_command_prints_the_same() -> None:
    for folder in QUICK:
        assert printed(folder) == printed(folder) == report(folder), folder
        for unsafe, options in ((False, ()), (True, ("--unsafe-fixes",))):
            if folder.joinpath("fixed.diff").exists():
                assert printed(folder, "--diff", *options)[1] == diff(folder, unsafe=unsafe), folder


@pytest.mark.slow
def test_a_case_is_about_its_rule_alone() -> None:
    found: defaultdict[str, list[str]] = defaultdict(list)
    strange = []
    for folder in FOLDERS:
        rule = folder.parent.name
        rules = rules_found(folder)
        found[rule].append("clean" if not rules else "finding" if rule in rules else "other")
        expected = [] if folder.name.startswith(SILENT) else [rule]
        allowed = rule in rules if folder.name.startswith(SEVERAL) else rules == expected
        if not allowed:
            strange.append(f"{name(folder)}: {rules}")
    assert not strange
    lacking = {rule: kinds for rule in RULES if {"clean", "finding"} - set(kinds := found.get(rule, []))}
    assert not lacking, "each rule needs a case that finds something and a near miss that is clean"
    assert not set(found) - set(RULES), "a folder of cases is named after a rule"
