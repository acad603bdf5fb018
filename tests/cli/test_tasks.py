"""Cyberun tasks as a person and a pipeline run them, on the local platform."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.cli.cli_program import Answer, Program, replace

CANARY = "zx81-canary-value"
HEADING = ("-i", "heading=Flu shots from Monday")


@pytest.fixture
def poster(example: Callable[[str], Path]) -> Path:
    return example("poster")


def scripted(**outcome: Any) -> tuple[str, str]:
    Path("script.json").write_text(json.dumps({"poster": outcome}), encoding="utf-8")
    return "--simulate", "script.json"


def task_of(answer: Answer) -> str:
    found = re.search(r"submitted: task (\S+)", answer.err)
    assert found is not None, answer.text
    return found[1]


def test_text_ends_in_the_status_and_names_what_was_saved(poster: Path, program: Program) -> None:
    answer = program("run", "poster", *HEADING)

    assert answer.code == 0
    task = task_of(answer)
    saved = f"outputs/poster/{task[:8]}/9.images.0.png"
    assert answer.out.splitlines() == ["outputs", f"  9.images.0  {saved}", "poster: completed"]
    assert answer.err.splitlines()[0].startswith("target local")
    assert f"saved {saved}" in answer.err
    with Image.open(saved) as image:
        assert image.format == "PNG"


def test_json(poster: Path, program: Program) -> None:
    answer = program("run", "poster", *HEADING, "--format", "json", "--download", "got", "--out", "result.json")

    assert answer.code == 0
    data = json.loads(answer.out)
    assert data == {
        "version": 1,
        "name": "poster",
        "status": "completed",
        "task_id": task_of(answer),
        "outputs": {"9.images.0": {"path": "got/9.images.0.png"}},
        "error": None,
    }
    assert list(data) == ["version", "name", "status", "task_id", "outputs", "error"]
    assert json.loads(Path("result.json").read_text(encoding="utf-8")) == data


def test_quiet_says_nothing_but_the_result(poster: Path, program: Program) -> None:
    answer = program("run", "poster", *HEADING, "--quiet")

    assert (answer.code, answer.err) == (0, "")


def test_two_runs_keep_both_pictures(poster: Path, program: Program) -> None:
    for _ in range(2):
        assert program("run", "poster", *HEADING).code == 0

    assert len([*Path("outputs").rglob("*.png")]) == 2


def test_a_failed_task(poster: Path, program: Program) -> None:
    words = ("run", "poster", *HEADING, *scripted(status="failed", error="CUDA out of memory", seconds=0.1))

    text, data = program(*words), program(*words, "--format", "json")

    assert (text.code, data.code) == (1, 1)
    assert text.out.splitlines() == ["failed: CUDA out of memory", "poster: failed"]
    assert json.loads(data.out) | {"task_id": ""} == {
        "version": 1,
        "name": "poster",
        "status": "failed",
        "task_id": "",
        "outputs": {},
        "error": "CUDA out of memory",
    }
    assert not Path("outputs").exists()


def test_the_declared_timeout_cancels(poster: Path, program: Program) -> None:
    replace(poster / "tasks.yaml", "timeout: 20m", "timeout: 1s")

    answer = program("run", "poster", *HEADING, *scripted(course=[["waiting", None]]))

    assert answer.code == 1
    assert answer.out.splitlines() == ["poster: cancelled"]
    assert "the time was over and it was cancelled" in answer.err


def test_a_cancel_that_comes_too_late_is_a_success(poster: Path, program: Program) -> None:
    replace(poster / "tasks.yaml", "timeout: 20m", "timeout: 1s")

    answer = program("run", "poster", *HEADING, *scripted(course=[["running", 1.6]], abort=60))

    assert answer.code == 0, answer.text
    assert "too late: it is completed" in answer.err
    assert [*Path("outputs").rglob("*.png")]


def test_the_option_leaves_it_and_says_how_to_go_on(poster: Path, program: Program) -> None:
    answer = program("run", "poster", *HEADING, *scripted(seconds=1), "--timeout", "0.3s")
    task = task_of(answer)

    assert answer.code == 1
    assert f"cyberflow runs watch {task} --target local" in answer.err
    assert program("runs", "watch", task).out.splitlines()[-1] == "poster: completed"


def test_the_option_cancels_when_it_is_told(poster: Path, program: Program) -> None:
    answer = program("run", "poster", *HEADING, *scripted(seconds=60), "--timeout", "0.3s", "--cancel-on-timeout")

    assert (answer.code, answer.out.splitlines()[-1]) == (1, "poster: cancelled")


def test_detached_then_shown_watched_and_downloaded(poster: Path, program: Program) -> None:
    started = program("run", "poster", *HEADING, "--detach", "--format", "json", *scripted(seconds=0.3))
    task = json.loads(started.out)["task_id"]

    shown = program("runs", "show", task, "--format", "json")
    watched = program("runs", "watch", task, "--format", "json")
    downloaded = program("runs", "download", task, "--out", "got")

    assert started.code == 0
    assert f"cyberflow runs watch {task}" in started.err
    assert json.loads(started.out)["outputs"] == {}
    assert json.loads(shown.out)["id"] == task
    assert json.loads(watched.out)["outputs"]["9.images.0"]["url"].startswith("http://")
    assert (downloaded.code, downloaded.out) == (0, "got/9.images.0.png\n")


def test_a_task_is_cancelled_by_its_id(poster: Path, program: Program) -> None:
    task = task_of(program("run", "poster", *HEADING, "--detach", *scripted(seconds=60)))

    asked = program("runs", "cancel", task)
    cancelled = program("runs", "cancel", task, "--yes")
    again = program("runs", "cancel", task, "--yes")

    assert asked.code == 2
    assert (cancelled.code, cancelled.out.splitlines()[-1]) == (0, "poster: cancelled")
    assert (again.code, "nothing is live there" in again.err) == (0, True)
    assert "there is nothing to save" in program("runs", "download", task).err


def test_a_task_of_another_machine_is_found_by_asking(poster: Path, program: Program) -> None:
    task = task_of(program("run", "poster", *HEADING))
    Path(".cyberflow/runs.db").unlink()

    assert program("runs", "watch", task).out.splitlines()[-1] == "task: completed"
    assert program("runs", "download", task, "--out", "got").out == "got/9.images.0.png\n"
    listed = json.loads(program("runs", "list", "--tasks", "--format", "json").out)
    assert [row["id"] for row in listed["tasks"]] == [task]
    nobody = program("runs", "show", "11111111-1111-4111-8111-111111111111")
    assert (nobody.code, "no session, no run and no task" in nobody.err) == (2, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "input `heading` is missing"),
        (("-i", "heading=x", "-i", "headin=y"), "no input `headin`"),
        (("-i", "heading=x", "--machine", "m"), "--machine is for chains"),
        (("-i", "heading=x", "--pool", "p"), "--pool is for chains"),
        (("-i", "heading=x", "--file", "logo=x.png"), "takes no file `logo`"),
    ],
)
def test_what_does_not_fit_is_said_before_anything_is_sent(
    poster: Path, program: Program, words: tuple[str, ...], said: str
) -> None:
    answer = program("run", "poster", *words)

    assert (answer.code, said in answer.err) == (2, True), answer.err
    assert not Path(".cyberflow/runs.db").exists()


def test_outputs_that_cannot_be_saved_keep_their_addresses(poster: Path, program: Program) -> None:
    Path("full").write_text("a file, no folder", encoding="utf-8")

    answer = program("run", "poster", *HEADING, "--download", "full/deeper", "--format", "json")

    assert answer.code == 3
    assert json.loads(answer.out)["outputs"]["9.images.0"]["url"]
    assert "output `9.images.0` is not saved" in answer.err


def test_a_file_and_a_secret_given_at_run_time(poster: Path, program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """The secret is nowhere afterwards, and filtered where the service repeats it."""
    replace(poster / "tasks.yaml", "images/logo.png", "<logo>")
    replace(
        poster / "tasks.yaml", "    parameters:\n", "    secrets: [token]\n    parameters:\n      token: <$token>\n"
    )
    monkeypatch.setenv("TOKEN", CANARY)
    given = ("--file", "logo=images/logo.png", "-s", "token=env:TOKEN")

    lacking = program("run", "poster", *HEADING)
    failed = program(
        *("run", "poster", *HEADING, *given, "--format", "json"),
        *scripted(status="failed", error=f"no access for {CANARY}", seconds=0.1),
    )
    Path("script.json").unlink()
    ran = program("run", "poster", *HEADING, *given)

    assert lacking.code == 2
    assert "token" in lacking.err
    assert "logo" in lacking.err
    assert json.loads(failed.out)["error"] == "no access for •••"
    assert ran.code == 0, ran.text
    assert CANARY not in lacking.text + failed.text + ran.text
    assert CANARY.encode() not in Path(".cyberflow/runs.db").read_bytes()


def test_a_served_platform_is_a_target(poster: Path, program: Program, served: str) -> None:
    replace(poster / "cyberflow.yaml", "targets:\n", f"targets:\n  dev: {{url: '{served}'}}\n")

    answer = program("run", "poster", *HEADING, "--target", "dev", *scripted(seconds=0.5))

    assert answer.code == 2
    assert "--simulate" in answer.err
    ran = program("run", "poster", *HEADING, "--target", "dev", "--format", "json")
    assert ran.code == 0, ran.text
    assert f"target dev, tasks: {served}/api/v1" in ran.err


def test_a_key_that_is_nowhere_stops_before_anything_is_sent(
    poster: Path, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CYBERUN_API_KEY", raising=False)

    prod = program("run", "poster", *HEADING, "--target", "prod")
    replace(poster / "cyberflow.yaml", "    cyberun: {api_key: {env: CYBERUN_API_KEY}}\n", "")
    without = program("run", "poster", *HEADING, "--target", "prod")

    assert (prod.code, "CYBERUN_API_KEY" in prod.err) == (2, True)
    assert (without.code, "has no `cyberun`" in without.err) == (2, True)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no such signal")
def test_a_signal_detaches(poster: Path) -> None:
    scripted(seconds=600)
    words = ["-m", "cyberflow", "run", "poster", *HEADING, "--simulate", "script.json"]
    process = subprocess.Popen(
        [sys.executable, *words], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ
    )
    assert process.stderr is not None
    said = ""
    while "running" not in said:
        line = process.stderr.readline()
        assert line, said
        said += line
    process.send_signal(signal.SIGTERM)
    out, rest = process.communicate(timeout=120)

    assert process.returncode == 130
    assert "cyberflow runs watch" in rest
    assert out.splitlines()[-1] == "poster: running"


@pytest.mark.slow
def test_the_readme_is_carried_out(poster: Path) -> None:
    environ = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}
    out = ""
    for block in re.findall(r"```sh\n(.*?)```", Path("README.md").read_text(encoding="utf-8"), re.DOTALL):
        answer = subprocess.run(["sh", "-ec", block], env=environ, capture_output=True, text=True, check=False)
        assert answer.returncode == 0, answer.stderr
        out += answer.stdout

    assert out.splitlines()[-1] == "made/9.images.0.png is on: Waiting room, screen 2"


def test_the_script_is_short(poster: Path) -> None:
    assert len(Path("make.py").read_text(encoding="utf-8").splitlines()) <= 20


def test_the_example_is_clean(poster: Path, program: Program) -> None:
    assert program("check", "--error-on", "warning").code == 0
    assert program("check", "--remote").code == 0
