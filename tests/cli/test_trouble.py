"""Trouble with this machine: locks and files that cannot be used, folders of others, signals, a folder that is gone."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.cli_program import Program
from tests.processes import started

pytestmark = pytest.mark.slow
CYBERFLOW = [sys.executable, "-m", "cyberflow"]
QUICK = {"find-article": {"seconds": 0.01}, "collect-facts": {"seconds": 0.01}}
AS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0


@pytest.fixture
def panda(example: Any) -> Path:
    folder: Path = example("red-panda")
    (folder / "quick.json").write_text(json.dumps(QUICK), encoding="utf-8")
    return folder


@pytest.mark.parametrize("name", ["lock", "lock.json", "dev.json"])
@pytest.mark.parametrize("words", [("plan",), ("apply", "--yes"), ("runs", "list")])
def test_a_folder_where_a_file_should_be_is_told(
    panda: Path, program: Program, name: str, words: tuple[str, ...]
) -> None:
    (panda / ".cyberflow" / name).mkdir(parents=True)

    answer = program(*words)

    assert answer.code == 3
    assert name in answer.err
    assert "Traceback" not in answer.err


@pytest.mark.parametrize("words", ["plan", "apply --yes", "run research", "show", "graph research", "test"])
def test_a_machine_format_is_one_document_where_the_project_has_errors_too(
    panda: Path, program: Program, words: str
) -> None:
    (panda / "more.yaml").write_text("workflows: {more: {prompt: Find <mrm>.}}\n", encoding="utf-8")

    answer = program(*words.split(), "--format", "json")

    assert (answer.code, answer.err.count("error")) == (1, 0)
    assert [one["rule"] for one in json.loads(answer.out)["diagnostics"]] == ["undeclared-input"]


@pytest.mark.parametrize("content", ["[" * 100_000, "{}", "[]", "null", "5", '"x"', "", "\ufffe", '{"version": 1}'])
@pytest.mark.parametrize("command", ["apply", "run"])
def test_what_is_not_a_bundle_is_told(panda: Path, program: Program, content: str, command: str) -> None:
    (panda / "bundle.json").write_text(content, encoding="utf-8")
    more = ("--yes",) if command == "apply" else ("research",)

    answer = program(command, *more, "--bundle", "bundle.json")

    assert answer.code in (2, 3)
    assert "bundle" in answer.err


def test_a_working_directory_that_is_gone_is_told(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    code = f"import os, shutil; shutil.rmtree({str(gone)!r}); os.execv({CYBERFLOW[0]!r}, {[*CYBERFLOW, 'check']!r})"

    answer = subprocess.run([sys.executable, "-c", code], cwd=gone, capture_output=True, text=True, check=False)

    assert answer.returncode in (2, 3)
    assert "working directory" in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.skipif(AS_ROOT and not shutil.which("setpriv"), reason="root reads everything")
@pytest.mark.parametrize("mode", [0o000, 0o500])
@pytest.mark.parametrize("words", [("check",), ("show",), ("plan",), ("apply", "--yes"), ("runs", "list")])
def test_a_state_folder_of_somebody_else(panda: Path, mode: int, words: tuple[str, ...]) -> None:
    state = panda / ".cyberflow"
    state.mkdir()
    if mode:
        (state / ".gitignore").write_text("*\n", encoding="utf-8")
    state.chmod(mode)
    lowered = ("setpriv", "--bounding-set=-dac_override,-dac_read_search") if AS_ROOT else ()

    answer = subprocess.run([*lowered, *CYBERFLOW, *words], capture_output=True, text=True, check=False)

    state.chmod(0o700)
    reads = words[0] in ("check", "show")
    assert (answer.returncode, ".cyberflow" in answer.stderr) == ((0, False) if reads else (3, True))


def test_a_refusal_of_the_system_is_no_bug(program: Program, panda: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a user without rights would meet it: the folder of what is kept cannot be looked into."""
    original = Path.exists

    def exists(self: Path, **more: Any) -> bool:
        if self.parent.name == ".cyberflow":
            raise PermissionError(13, "Permission denied", str(self))
        return original(self, **more)

    monkeypatch.setattr(Path, "exists", exists)

    assert program("check").code == 0
    answer = program("plan")
    assert (answer.code, "permission denied" in answer.err, ".cyberflow" in answer.err) == (3, True, True)


def test_results_come_before_the_trouble(panda: Path, program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was found is printed although the journal, the downloads or the copy of the result cannot be written."""
    assert program("apply", "--yes").code == 0
    words = ("run", "research", "-i", "topic=otter", "--simulate", "quick.json")

    (panda / "taken").write_text("", encoding="utf-8")
    saved = program(*words, "--download", "taken/below", "--format", "json")
    assert (saved.code, json.loads(saved.out)["status"]) == (3, "success")

    (panda / "out").mkdir()
    copied = program(*words, "--out", "out/x/result.json")
    assert copied.code == 2

    from cyberflow.run.work.journal import Invocation

    record = Invocation.record

    def lost(self: Invocation, what: Any, **facts: Any) -> None:
        if what == "ended":
            (panda / ".cyberflow" / "runs.db").write_text("not a ledger", encoding="utf-8")
        record(self, what, **facts)

    monkeypatch.setattr(Invocation, "record", lost)
    ended = program(*words)
    assert (ended.code, ended.out.splitlines()[-1]) == (3, "research: success")
    assert "journal" in ended.err


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("delay", [0.05, 0.15, 0.3, 0.6])
@pytest.mark.parametrize("number", ["SIGTERM", "SIGHUP"])
def test_a_signal_in_the_first_moments_is_told(panda: Path, delay: float, number: str) -> None:
    if delay < 0.1 and number == "SIGHUP":
        pytest.skip("SIGHUP before the first line is the system's business")
    process = subprocess.Popen([*CYBERFLOW, "plan"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(delay)
    process.send_signal(getattr(signal, number))
    _, said = process.communicate(timeout=120)

    assert process.returncode in (0, 130, -getattr(signal, number))
    if process.returncode == -getattr(signal, number):
        assert said == ""  # not one line of ours had run
    assert "Traceback" not in said


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("number", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_apply_ends_between_two_writes_with_a_true_receipt(panda: Path, number: str) -> None:
    receipt = panda / "receipt.json"
    flows = "".join(f"  w{i}: {{prompt: Do {i}.}}\n" for i in range(300))
    (panda / "many.yaml").write_text(f"workflows:\n{flows}", encoding="utf-8")
    process = subprocess.Popen(
        [*CYBERFLOW, "apply", "--yes", "--receipt", str(receipt)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    while "created   workflow" not in (process.stdout.readline() or "created   workflow"):
        pass
    process.send_signal(getattr(signal, number))
    process.communicate(timeout=120)

    assert process.returncode in (0, 130)
    written = json.loads(receipt.read_text(encoding="utf-8"))
    assert written["exit_code"] == process.returncode
    done = subprocess.run([*CYBERFLOW, "apply", "--yes"], capture_output=True, text=True, check=False)
    assert done.returncode == 0


def test_nothing_is_imported_from_the_working_directory(tmp_path: Path) -> None:
    for name in ("click", "yaml", "typing", "json", "httpx"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('imported from the working directory')\n")
    (tmp_path / "cyberflow.yaml").write_text("project: data\n", encoding="utf-8")

    answer = subprocess.run([*CYBERFLOW, "check"], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert (answer.returncode, answer.stderr) == (0, "")


@pytest.mark.skipif(os.name == "nt", reason="modes of folders")
@pytest.mark.parametrize(("mode", "is_told"), [(0o777, True), (0o775, True), (0o755, False), (0o700, False)])
def test_a_state_folder_that_others_could_use_is_closed(
    panda: Path, program: Program, mode: int, *, is_told: bool
) -> None:
    state = panda / ".cyberflow"
    state.mkdir()
    state.chmod(mode)

    answer = program("runs", "list")

    assert answer.code == 0
    assert state.stat().st_mode & 0o777 == 0o700
    assert ("was open to other users of this machine, and is closed now" in answer.err) is is_told


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("late", [0.0, 0.005, 0.02])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_after_the_end_of_an_apply_changes_no_exit_code(panda: Path, late: float, number: int) -> None:
    words = [*CYBERFLOW, "apply", "--yes", "--receipt", "receipt.json"]
    with started(words, cwd=panda, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert any(line == "done\n" for line in process.stderr)
        time.sleep(late)
        process.send_signal(number)

    assert process.returncode == json.loads((panda / "receipt.json").read_text(encoding="utf-8"))["exit_code"]
