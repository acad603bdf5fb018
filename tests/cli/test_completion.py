"""completion: the lines for each shell, and what they answer."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cyberflow.cli.command_list import COMMANDS
from cyberflow.cli.main import COMPLETION
from tests.cli.cli_program import Program


@pytest.fixture
def complete(program: Program, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """What a shell is told when the last of these words is to be completed."""

    def ask(*words: str) -> list[str]:
        line = ["cyberflow", *words]
        monkeypatch.setenv(COMPLETION, "bash_complete")
        monkeypatch.setenv("COMP_WORDS", "\n".join(line))
        monkeypatch.setenv("COMP_CWORD", str(len(line) - 1))
        answer = program()
        assert (answer.code, answer.err) == (0, "")
        return [line.partition(",")[2] for line in answer.out.split()]

    return ask


def test_names_of_the_project(example: Callable[[str], Path], complete: Callable[..., list[str]]) -> None:
    example("patient-intake")

    assert complete("run", "in") == ["intake"]
    assert complete("run", "") == ["book-visit", "intake", "patient-lookup", "sign-in"]
    assert complete("plan", "--only", "si") == ["sign-in"]
    assert complete("check", "-t", "") == ["local", "prod"]
    assert "books-the-visit" in complete("test", "")
    assert complete("check", "--select", "ref-") == ["ref-as-text", "ref-index"]
    assert complete("explain", "workflows.pro") == ["workflows.prompt", "workflows.prompt.file"]


def test_commands_and_options(complete: Callable[..., list[str]]) -> None:
    assert complete("") == [*COMMANDS]
    assert complete("check", "--f") == ["--format", "--fix"]
    assert complete("runs", "sh") == ["show"]


def test_a_project_that_cannot_be_read_completes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, complete: Callable[..., list[str]]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert complete("run", "") == []
    (tmp_path / "cyberflow.yaml").write_text("project: [\n", encoding="utf-8")
    assert complete("run", "") == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_is_told_how(program: Program, shell: str) -> None:
    answer = program("completion", shell)

    assert answer.code == 0
    assert f"{COMPLETION}={shell}_complete" in answer.out
    assert program("completion", "tcsh").code == 2


BASH = """
eval "$(cyberflow completion bash)"
COMP_WORDS=(cyberflow LINE) COMP_CWORD=LAST COMPREPLY=()
_cyberflow_completion cyberflow
echo "${COMPREPLY[*]}"
"""
ZSH = """
autoload -Uz compinit && compinit -u -d "$TMPDIR/dump"
eval "$(cyberflow completion zsh)"
compadd() { print -r -- "${(@)completions}"; }
words=(cyberflow LINE) CURRENT=$((LAST + 1))
_cyberflow_completion
"""

FISH = """
cyberflow completion fish | source
complete --do-complete "cyberflow LINE"
"""
ASKED = {
    "run in": "intake",
    "check -t pr": "prod",
    "check --select ref-in": "ref-index",
    "test books-": "books-the-visit",
}


@pytest.mark.slow
@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize(("shell", "script"), [("bash", BASH), ("zsh", ZSH), ("fish", FISH)])
def test_a_real_shell_completes(
    shell: str, script: str, asked: str, example: Callable[[str], Path], tmp_path: Path
) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell}")
    folder = example("patient-intake")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    answer = subprocess.run(
        [shutil.which(shell) or shell, "-c", script.replace("LINE", asked).replace("LAST", str(len(asked.split())))],
        cwd=folder,
        env={**os.environ, "PATH": path, "TMPDIR": str(tmp_path), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert ASKED[asked] in answer.stdout.split(), answer.stderr
