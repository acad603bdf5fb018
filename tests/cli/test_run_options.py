"""The options of `run` that speak of one run or of many alike, of pipes, of simulations and of results."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cyberflow.client.cyberdesk.client import Cyberdesk
from cyberflow.emulator.platform import Platform
from tests.cli.cli_program import Program, replace
from tests.cli.test_batches import CYBERFLOW, intake_applied, panda, runs  # noqa: F401 - fixtures
from tests.processes import started

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]


def test_so_many_runs_alike_with_a_ledger(panda: Path, program: Program) -> None:  # noqa: F811 - a fixture
    words = ("research", "-i", "topic=otter", "--simulate", "quick.json")
    answer = program("run", *words, "--count", "3", "--ledger", "three.db", "--format", "json")

    assert answer.code == 0, answer.err
    assert json.loads(answer.out)["rows"] == {"total": 3, "success": 3}
    assert len(runs(program)) == 6
    again = program("run", "--resume", "three.db", "--simulate", "quick.json", "--format", "json")
    assert json.loads(again.out)["rows"] == {"total": 3, "success": 3}
    assert len(runs(program)) == 6
    wrong = program("run", "research", "--count", "2", "--simulate", "quick.json")
    assert wrong.code == 2
    assert "`topic` is missing" in wrong.err
    assert "--count 2 has 1 mistake" in wrong.err
    for more in (("--each", "rows.csv"), ("--resume", "three.db")):
        assert program("run", *words, "--count", "2", *more).code == 2


def test_a_priority_a_prompt_and_a_model_for_one_run(panda: Path, program: Program) -> None:  # noqa: F811 - a fixture
    (panda / "other.md").write_text("Find **another** article about <topic>.\n", encoding="utf-8")
    words = ("run", "find-article", "-i", "topic=otter", "--format", "json", "--simulate", "quick.json")
    answer = program(*words, "--priority", "--prompt-file", "other.md")

    assert answer.code == 0, answer.err
    (made,) = json.loads(answer.out)["steps"]
    shown = json.loads(program("runs", "show", made["run_id"][:8], "--format", "json").out)
    assert shown["is_priority"] is True
    assert "<strong>another</strong> article about {topic}" in shown["main_prompt"]
    (panda / "other.md").write_text("Find <topik>.\n", encoding="utf-8")
    refused = program(*words, "--prompt-file", "other.md")
    assert refused.code == 2
    assert "did you mean `topic`" in refused.err
    assert program(*words, "--model", "no such model").code == 2
    for option in (("--prompt-file", "other.md"), ("--model", "x")):
        chain = program("run", "research", "-i", "topic=otter", *option)
        assert chain.code == 2
        assert "is for single workflows" in chain.err


@pytest.mark.parametrize("file", ["-", "/dev/stdin"])
def test_rows_from_a_pipe_are_kept_beside_the_ledger(panda: Path, program: Program, file: str) -> None:  # noqa: F811
    if os.name == "nt" and file != "-":
        pytest.skip("no such device")
    command = [CYBERFLOW, "run", "research", "--each", file, "--ledger", "l/b.db", "--simulate", "quick.json"]
    rows = b"\xef\xbb\xbfsep=;\r\ntopic;;\r\notter;;\r\nlynx;;\r\n"
    first = subprocess.run([*command, "--dry-run"], input=rows, capture_output=True, check=False)
    assert first.returncode == 0, first.stderr
    assert list((panda / "l").iterdir()) == []
    done = subprocess.run([*command, "--format", "json"], input=rows, capture_output=True, check=False)
    assert json.loads(done.stdout)["rows"] == {"total": 2, "success": 2}, done.stderr
    assert (panda / "l" / "b.rows.csv").read_bytes() == rows
    assert program("run", "--resume", "l/b.db", "--simulate", "quick.json").code == 0
    wrong = subprocess.run(
        [*command[:-3], "c.db", *command[-2:]], input=b"topik\nx\n", capture_output=True, check=False
    )
    assert wrong.returncode == 2
    assert b"did you mean `topic`" in wrong.stderr
    assert not list(panda.glob("c.rows*"))


def test_a_simulation_is_checked_before_anything_starts(panda: Path, program: Program) -> None:  # noqa: F811
    for text, words in (
        ('{"step3": {}}', "did you mean `step2`"),
        ("find-article: {secnds: 1}", "did you mean `seconds`"),
        ("find-article: {outputs: {result: 12}}", "cannot be 12"),
        ("find-article: {outputs: {}}", "always gives `result`, and this mock leaves it out"),
        ("find-article: {outputs: {result: x, resutl: y}}", "did you mean `result`"),
        ('{"step1": {"error": "cut \\ud83d"}}', "half of a character"),
    ):
        Path("wrong.yaml" if text[0] != "{" else "wrong.json").write_text(text, encoding="utf-8")
        file = "wrong.yaml" if text[0] != "{" else "wrong.json"
        for more in ((), ("--count", "2")):
            answer = program("run", "research", "-i", "topic=otter", "--simulate", file, *more)
            assert (answer.code, words in answer.err) == (2, True), answer.err
    assert runs(program) == []


def test_outputs_that_are_not_as_declared_end_in_1_under_the_runs_own_status(panda: Path, program: Program) -> None:  # noqa: F811
    words = ("run", "find-article", "-i", "topic=otter", "--simulate")
    script = {"find-article": {"seconds": 0, "outputs": {"$invalid": {"result": 12}}}}
    (panda / "one.json").write_text(json.dumps(script), encoding="utf-8")
    answer = program(*words, "one.json", "--format", "json")
    data = json.loads(answer.out)

    assert (answer.code, data["status"]) == (1, "success")
    message = "must be `string`, not `integer`"
    assert data["problems"] == [{"step": "find-article", "path": "result", "message": message}]
    text = program(*words, "one.json")
    assert text.out.splitlines()[-1] == "find-article: success"
    assert "problem in find-article: `result` must be" in text.out
    batch = program(
        "run", "find-article", "-i", "topic=x", "--count", "2", "--simulate", "one.json", "--format", "json"
    )
    assert batch.code == 1
    assert json.loads(batch.out)["rows"] == {"total": 2, "error": 2}


def test_a_machine_that_is_away_is_told_at_once(panda: Path, program: Program) -> None:  # noqa: F811
    async def disconnect() -> None:
        with Platform.open(panda / ".cyberflow" / "local.db") as platform:
            async with Cyberdesk.connect("http://local", "any", app=platform.app) as desk:
                async for machine in desk.machines.list():
                    await desk.machines.update(machine.id, {"status": "disconnected"})

    asyncio.run(disconnect())
    words = ("research", "-i", "topic=otter", "--simulate", "quick.json")
    answer = program("run", *words, "--detach")
    assert "no machine is connected (`local-1` disconnected): it waits until one is" in answer.err
    assert program("run", *words, "--timeout", "0.5s").code == 1


def test_a_key_that_a_program_writes_is_asked_for_once(panda: Path, program: Program) -> None:  # noqa: F811
    code = "open('asked', 'a').write('x'); print('value')"
    command = json.dumps([sys.executable, "-c", code])
    target = f"targets: {{local: {{secrets: {{password: {{exec: {command}, timeout: 10s}}}}}}}}\n"
    with (panda / "cyberflow.yaml").open("a", encoding="utf-8") as file:
        file.write(target)
    assert program("check").code == 0
    assert program("run", "research", "-i", "topic=otter", "--simulate", "quick.json").code == 0
    assert not (panda / "asked").exists()
    replace(panda / "research.yaml", "    inputs:\n      topic", "    secrets: [password]\n    inputs:\n      topic")
    replace(panda / "research.yaml", "  research:\n", "  research:\n    secrets: [password]\n")
    words = ("run", "find-article", "-i", "topic=otter", "--stale-ok", "--simulate", "quick.json")
    for count in ((), ("--count", "2")):
        answer = program(*words, *count)
        assert answer.code == 0, answer.err
    assert (panda / "asked").read_text() == "x"


@contextmanager
def serve_platform(folder: Path) -> Iterator[str]:
    """A platform in a process of its own, with its data elsewhere than the project's."""
    command = [sys.executable, str(ROOT / "benchmarks" / "flaky.py"), str(folder / "platform.db"), "--speed", "1"]
    with started(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        try:
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


@pytest.mark.skipif(os.name == "nt", reason="an open file cannot be removed")
@pytest.mark.parametrize("words", [("-i", "topic=otter"), ("--each", "rows.csv")])
def test_the_state_folder_is_removed_in_the_middle(panda: Path, words: tuple[str, ...], tmp_path: Path) -> None:  # noqa: F811
    """What was found out is told first, then the trouble; no advice points at what is gone."""
    command = [CYBERFLOW, "run", "research", *words, "--format", "json"]
    with serve_platform(tmp_path) as url:
        (panda / "cyberflow.yaml").write_text(f"project: red-panda\ntargets: {{dev: {{url: {url}}}}}\n", "utf-8")
        target = ("-t", "dev")
        assert subprocess.run([CYBERFLOW, "apply", "--yes", *target], cwd=panda, capture_output=True, check=True)
        with started([*command, *target], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as going:
            assert going.stderr
            lines = iter(going.stderr)
            next(line for line in lines if "submitted" in line or line.startswith("ledger"))
            time.sleep(1)
            shutil.rmtree(panda / ".cyberflow")
            assert going.stdout
            out = going.stdout.read()
            err = "".join(lines)
        assert going.returncode == 3, err
    data = json.loads(out)
    assert data["status"] == "success"
    assert "--resume" not in err
    assert "removed while" in err or "cannot be written" in err


@pytest.mark.parametrize("more", [(), ("--count", "2", "--dry-run")])
def test_a_text_that_could_be_json_is_told_once_and_beside_the_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: Program, more: tuple[str, ...]
) -> None:
    text = "project: p\nworkflows:\n  w: {prompt: Type <note>., inputs: {note: any}}\n"
    (tmp_path / "cyberflow.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "note.json").write_text('{"note": {"a": 1}}', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert program("apply", "--yes").code == 0
    told = program("run", "w", "-i", 'note={"a": 1}', *more, "--format", "json")
    meant = program("run", "w", "--inputs", "note.json", *more)
    quiet = program("run", "w", "-i", "note=[1]", *more, "--quiet")

    assert (told.code, told.err.count("`note` is text"), told.out.count("is text")) == (0, 1, 0)
    assert not more or not told.out
    assert more or json.loads(told.out)["status"] == "success"
    assert "is text" not in meant.err + quiet.err
