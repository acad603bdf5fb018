"""A check of which nothing changed is answered before the command line is loaded, with the same bytes."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from cyberflow.cli import check_cache
from cyberflow.cli.check_cache import repeat_answer
from cyberflow.cli.commands.check import command
from cyberflow.cli.views.findings.report import answer_anew
from tests.cli.cli_program import Program

Repeat = Callable[..., tuple[int | None, str, str]]
CLEAN = "workflows:\n  a: {prompt: Type <x>., inputs: {x: string}}\n"
WORDS = (
    *("-q", "--quiet", "--no-color", "--no-cache", "--format", "--error-on", "--project", "json", "text", "error"),
    *("warning", "--fix", "-t", "--format=json", "--format=github", "--error-on=warning", "--project=.", "."),
    *("--quiet=1", "--", "--form", "--pro=."),
)
WRONG = "workflows:\n  a: {prompt: Type <y>., inputs: {x: string}}\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "cyberflow.yaml").write_text("project: clinic\n")
    (tmp_path / "flows.yaml").write_text(CLEAN)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def repeat(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Repeat:
    folder = tmp_path_factory.mktemp("streams")

    def call(*options: str, anew: bool = False) -> tuple[int | None, str, str]:
        with (folder / "out").open("w") as out, (folder / "err").open("w") as err, monkeypatch.context() as streams:
            streams.setattr("sys.stdout", out)
            streams.setattr("sys.stderr", err)
            code = (answer_anew if anew else repeat_answer)(["check", *options])
        check_cache.CheckCache.missed.clear()  # another process looks again
        return code, (folder / "out").read_text(), (folder / "err").read_text()

    return call


def settle(project: Path) -> None:
    """Have the files be old enough for their times to tell something."""
    for name in ("cyberflow.yaml", "flows.yaml"):
        os.utime(project / name, ns=(10**18, 10**18))


@pytest.mark.parametrize("text", [CLEAN, WRONG, WRONG.replace("Type", '"::error::Type \\e[31m"')])
@pytest.mark.parametrize("options", [(), ("--format", "json"), ("--quiet",), ("--error-on=warning", "--no-color")])
def test_what_is_said_again_is_what_was_said(
    project: Path, program: Program, repeat: Repeat, text: str, options: tuple[str, ...]
) -> None:
    (project / "flows.yaml").write_text(text)
    said = program("check", *options)
    assert repeat(*options) == (said.code, said.out, said.err)


@pytest.mark.parametrize("text", [CLEAN, WRONG, WRONG.replace("Type", '"::error::Type \\e[31m"')])
@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.parametrize(
    "options",
    [(), ("--format", "json"), ("--format=sarif",), ("--format", "github", "-q"), ("--no-cache", "--error-on=warning")],
)
def test_a_plain_check_needs_no_command_line(
    project: Path, program: Program, repeat: Repeat, text: str, kept: bool, options: tuple[str, ...]
) -> None:
    if kept:
        program("check")
    (project / "flows.yaml").write_text(text)
    answer = repeat(*options, anew=True)
    said = program("check", *options)
    assert answer == (said.code, said.out, said.err)


def test_what_goes_wrong_is_left_to_the_command_line(project: Path, program: Program, repeat: Repeat) -> None:
    for option in ("--project=nowhere", "--format=xml", "--fix", "--select=cycle", "flows.yaml", "--target=local"):
        assert repeat(option, anew=True) == (None, "", "")
    (project / "cyberflow.yaml").unlink()
    assert repeat(anew=True) == (None, "", "")
    assert program("check").code == 2


def test_the_words_of_a_plain_check_mean_to_the_command_line_what_they_mean_here(
    project: Path, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, words = random.Random(5), (*WORDS, str(project))
    both = 0
    for _ in range(3000):
        line = ["check", *source.choices(words, k=source.randint(0, 5))]
        asked = check_cache.read_plain_arguments(line)
        if asked is None or not Path(asked["--project"]).is_dir():
            continue
        with command.make_context("check", line[1:]) as context:
            given = context.params
        both += 1
        usual = {"target": None, "paths": (), "select": (), "ignore": (), "remote": False, "fix": False, "diff": False}
        assert given == {
            **usual,
            "unsafe_fixes": False,
            "project": Path(asked["--project"]) if asked["--project"] else None,
            "format": asked["--format"],
            "quiet": bool(asked["--quiet"]),
            "error_on": asked["--error-on"],
            "no_cache": bool(asked["--no-cache"]),
        }
    assert both > 100


def test_nothing_is_said_again_that_was_never_said(project: Path, repeat: Repeat) -> None:
    assert repeat() == (None, "", "")
    assert not (project / ".cyberflow").exists()


def test_an_edit_of_the_same_length_whose_times_are_set_back_is_seen(
    project: Path, program: Program, repeat: Repeat
) -> None:
    settle(project)
    assert (program("check").code, repeat()[0]) == (0, 0)
    (project / "flows.yaml").write_text(WRONG)
    settle(project)
    assert repeat()[0] is None
    (project / "flows.yaml").write_text(CLEAN)
    assert repeat()[0] == 0


def test_a_file_that_was_touched_is_what_it_was(project: Path, program: Program, repeat: Repeat) -> None:
    assert program("check").code == 0
    (project / "flows.yaml").touch()
    assert repeat()[0] == 0


@pytest.mark.parametrize(
    "options",
    [
        ("flows.yaml",),
        ("--remote",),
        ("--fix",),
        ("--format", "sarif"),
        ("--format",),
        ("--project", "nowhere"),
        ("--error-on", "x"),
        ("--select=bad-name",),
        ("--no-cache",),
        ("-t", "local"),
    ],
)
def test_what_is_asked_otherwise_is_for_the_command_line(
    project: Path, program: Program, repeat: Repeat, options: tuple[str, ...]
) -> None:
    assert (program("check").code, repeat()[0]) == (0, 0)
    assert repeat(*options) == (None, "", "")
    assert repeat("--project", str(project))[0] == 0


def test_an_answer_that_was_tampered_with_is_not_there(project: Path, program: Program, repeat: Repeat) -> None:
    assert program("check").code == 0
    path = project / check_cache.FILE
    whole = path.read_bytes()
    for at in range(0, len(whole), 7):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert repeat() == (None, "", "")
    path.write_bytes(whole[:-1])
    assert repeat() == (None, "", "")


def test_another_program_says_it_anew(
    project: Path, program: Program, repeat: Repeat, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (program("check").code, repeat()[0]) == (0, 0)
    monkeypatch.setattr(check_cache, "__version__", "0.0.0")
    assert repeat()[0] is None
    assert project.exists()
