"""What runs made, saved: the files of two runs never meet. And ids and statuses that can be none."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from cyberflow.errors import CyberflowError
from cyberflow.storage import private_folder
from tests.cli.cli_program import Program

NOBODY = "11111111-1111-4111-8111-111111111111"
PROJECT = """
project: made
workflows:
  look: {prompt: Look., exports: true}
  note: {prompt: Note.}
chains:
  both: {steps: [{id: look, workflow: look}, {id: note, workflow: note}]}
"""
Run = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: Program) -> Run:
    """Run `look` with so many pictures and one export of this content; answers the run's id."""
    monkeypatch.chdir(tmp_path)
    Path("cyberflow.yaml").write_text(PROJECT, encoding="utf-8")
    assert program("apply", "--yes").code == 0

    def call(pictures: int, content: str, *more: str) -> str:
        made = {"screenshots": pictures, "attachments": [{"filename": "r.csv", "content": content}], "seconds": 0}
        Path("script.json").write_text(json.dumps({"look": made}), encoding="utf-8")
        answer = program("run", "look", "--simulate", "script.json", "--format", "json", *more)
        assert answer.code == 0, answer.err
        id: str = json.loads(answer.out)["steps"][0]["run_id"]
        return id

    return call


def files(folder: str) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in Path(folder).rglob("*") if path.is_file())


def test_a_folder_holds_the_files_of_one_run(run: Run, program: Program) -> None:
    first, second = run(2, "one"), run(1, "two")

    assert program("runs", "screenshots", first, "--out", "shots").out == "shots/001.png\nshots/002.png\n"
    assert program("runs", "download", first, "--out", "shots").out == "shots/r.csv\n"
    before = Path("shots/001.png").read_bytes()
    for command in ("screenshots", "download"):
        refused = program("runs", command, second, "--out", "shots/")
        assert (refused.code, refused.out) == (2, "")
        assert f"shots holds files of {first}" in refused.err
        assert f"`--out shots/{second[:8]}`" in refused.err
    assert files("shots") == ["001.png", "002.png", "r.csv"]
    assert Path("shots/001.png").read_bytes() == before
    assert program("runs", "screenshots", first, "--out", "shots").code == 0  # its own are fetched anew

    Path("mine").mkdir()
    Path("mine/r.csv").write_text("of the user", encoding="utf-8")
    refused = program("runs", "download", second, "--out", "mine")
    assert (refused.code, "mine holds files already" in refused.err) == (2, True)
    assert Path("mine/r.csv").read_text(encoding="utf-8") == "of the user"


def test_when_nothing_is_said_each_run_has_a_folder_that_git_leaves_alone(run: Run, program: Program) -> None:
    first, second = run(1, "one"), run(1, "two")

    for one in (first, second):
        assert program("runs", "download", one).out == f"outputs/look/{one[:8]}/r.csv\n"
        assert program("runs", "screenshots", one).out == f"outputs/look/{one[:8]}/screenshots/001.png\n"
    assert Path("outputs/.gitignore").read_text(encoding="utf-8") == "*\n"
    assert Path(f"outputs/look/{first[:8]}/r.csv").read_text(encoding="utf-8") == "one"
    assert "outputs/WORKFLOW/ID" in program("runs", "screenshots", "--help").out


def test_run_download_mixes_no_runs(run: Run) -> None:
    run(2, "one", "--download", "dl")
    second = run(1, "two", "--download", "dl")

    assert files("dl") == sorted(
        [f"look/{name}" for name in ("r.csv", "screenshots/001.png", "screenshots/002.png")]
        + [f"{second[:8]}/look/{name}" for name in ("r.csv", "screenshots/001.png")]
    )


@pytest.mark.parametrize(
    "words",
    [
        ("runs", "watch", "both"),
        ("runs", "show", "both"),
        ("runs", "cancel", "both"),
        ("runs", "release", "both"),
        ("runs", "retry", "both"),
        ("runs", "download", "both"),
        ("runs", "screenshots", "both"),
        ("run", "look", "--session", "both"),
        ("run", "both", "--from", "note", "--with", "both"),
    ],
)
def test_what_is_no_id_is_refused_before_anything_is_asked(run: Run, program: Program, words: tuple[str, ...]) -> None:
    answer = program(*words)

    assert answer.code == 2
    assert "error: `both` is not an id of a run or session" in answer.err
    assert "`cyberflow runs list` shows the ids" in answer.err
    assert "target local" not in answer.err


def test_an_id_that_nothing_has(run: Run, program: Program) -> None:
    for command in ("watch", "show", "retry", "screenshots"):
        answer = program("runs", command, NOBODY)
        assert (answer.code, "there is no session" in answer.err, "HTTP" in answer.err) == (2, True, False), answer.err
    assert program("runs", "download", NOBODY).code == 2


def test_the_id_of_a_session_where_a_run_is_wanted(run: Run, program: Program) -> None:
    result = json.loads(program("run", "both", "--format", "json").out)
    session = result["session_id"]

    for command in ("download", "screenshots", "show"):
        answer = program("runs", command, session)
        assert answer.code == 2
        assert f"`{session}` is a session, and this is for one run" in answer.err
        for step in result["steps"]:
            assert f"{step['id']} {step['run_id']}" in answer.err
    assert program("runs", "watch", session).code == 0


def test_a_status_that_no_run_has(run: Run, program: Program) -> None:
    misspelt = program("runs", "list", "--status", "sucess")
    of_tasks = program("runs", "list", "--tasks", "--status", "complete")

    assert (misspelt.code, "did you mean `success`?" in misspelt.err) == (2, True)
    assert (of_tasks.code, "did you mean `completed`?" in of_tasks.err) == (2, True)
    assert "target local" not in misspelt.err + of_tasks.err
    assert program("runs", "list", "--status", "running_checks").code == 0


def test_the_column_of_statuses_is_wide_enough(run: Run, program: Program) -> None:
    Path("script.json").write_text(json.dumps({"look": {"status": "task_failed", "seconds": 0}}), encoding="utf-8")
    lines = program("run", "both", "--simulate", "script.json").err.splitlines()
    assert "  look  task_failed     0.0 s" in lines
    assert "  note  cancelled" in lines


def test_a_bundle_that_cannot_be_written(run: Run, program: Program) -> None:
    Path("taken").write_text("a file", encoding="utf-8")
    Path("half/bundle.json").mkdir(parents=True)

    for out in ("taken/below", "half"):
        answer = program("build", "--out", out)
        assert (answer.code, "cannot be written" in answer.err) == (3, True), answer.err
        assert "Traceback" not in answer.err


@pytest.mark.skipif(os.name == "nt", reason="a file for a folder is refused in other words")
def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CyberflowError, match="cannot be written: Not a directory"):
        private_folder(tmp_path / "file" / "below")
