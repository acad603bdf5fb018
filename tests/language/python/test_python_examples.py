"""The examples in Python, run as their READMEs say."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[3] / "examples"
BLOCK = re.compile(r"```(sh|python)\n(.*?)```", re.DOTALL)

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("name", "last"),
    [
        ("red-panda-python", "They use their bushy tails as blankets in the cold."),
        ("patient-intake-python", "M0047182 09:30"),
    ],
)
def test_a_readme_is_carried_out(name: str, last: str, tmp_path: Path) -> None:
    folder = tmp_path / name
    shutil.copytree(EXAMPLES / name, folder, ignore=shutil.ignore_patterns(".cyberflow", "__pycache__"))
    environ = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "EPIC_PASSWORD": "any"}
    text = (EXAMPLES / name / "README.md").read_text(encoding="utf-8")
    out = ""
    for kind, block in BLOCK.findall(text):
        command = ["sh", "-ec", block] if kind == "sh" else [sys.executable, "-c", block]
        answer = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)
        assert answer.returncode == 0, answer.stderr
        out += answer.stdout
    assert out.splitlines()[-1] == last


def test_the_script_of_the_readme_is_short() -> None:
    assert len((EXAMPLES / "red-panda-python/facts.py").read_text(encoding="utf-8").splitlines()) <= 15


def test_a_script_says_what_is_missing(tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(EXAMPLES / "red-panda-python", folder, ignore=shutil.ignore_patterns(".cyberflow", "__pycache__"))
    answer = subprocess.run([sys.executable, "facts.py"], cwd=folder, capture_output=True, text=True, check=False)
    assert answer.returncode == 1
    assert answer.stderr == (
        "`collect-facts`, `find-article` are not applied to local: `cyberflow apply --target local` first\n"
    )
