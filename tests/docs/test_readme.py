"""The README is executed: its project is checked, and what it shows of the answer is what is printed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cyberflow.cli.command_list import COMMANDS
from cyberflow.cli.main import run

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The fenced blocks of a language, or of none."""
    return [
        text for name, text in re.findall(r"^```(\w*)\n(.*?)^```", README, re.DOTALL | re.MULTILINE) if name == language
    ]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project that the README declares."""
    declarations, settings = blocks("yaml")[:2]
    (tmp_path / "images").mkdir()
    shutil.copy(ROOT / "examples/patient-intake/images/search-button.png", tmp_path / "images/search.png")
    (tmp_path / "flows.yaml").write_text(declarations, encoding="utf-8")
    (tmp_path / "cyberflow.yaml").write_text(settings, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_finding_is_what_check_prints(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = run(["check"])

    assert code == 1
    assert capsys.readouterr().out == blocks("")[0]


def test_without_the_mistake_the_project_is_clean(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flows = project / "flows.yaml"
    flows.write_text(flows.read_text(encoding="utf-8").replace("outputs.mrm", "outputs.mrn"), encoding="utf-8")

    assert run(["check", "--error-on", "warning"]) == 0, capsys.readouterr().out


def test_the_python_script_runs_its_chain_on_the_local_platform(tmp_path: Path) -> None:
    module, script = blocks("python")
    assert len(script.strip().splitlines()) <= 15
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows/intake.py").write_text(module, encoding="utf-8")
    (tmp_path / "visit.py").write_text(script, encoding="utf-8")
    (tmp_path / "cyberflow.yaml").write_text("project: clinic-intake\npython: [flows/*.py]\n", encoding="utf-8")
    environ = {**os.environ, "EPIC_PASSWORD": "x"}

    for arguments in (["-m", "cyberflow", "apply", "--yes"], ["visit.py"]):
        done = subprocess.run(
            [sys.executable, *arguments], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr

    assert done.stdout == blocks("")[1]


def test_every_command_is_in_the_table() -> None:
    for name in COMMANDS:
        assert f"`cyberflow {name}" in README, name


def test_every_path_it_links_to_exists() -> None:
    prose = re.sub(r"```.*?```", "", README, flags=re.DOTALL)
    for path in re.findall(r"\]\(([^)#]+)\)", prose):
        assert path.startswith("http") or (ROOT / path).exists(), path
