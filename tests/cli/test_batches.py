"""Batches, chains that go on, runs that are run again: as a person and as a pipeline use them."""

from __future__ import annotations

import json
import os
import random
import shlex
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.cli.cli_program import Answer, Program, replace
from tests.processes import started

CYBERFLOW = str(Path(sys.executable).with_name("cyberflow"))
GIVEN = ("--inputs", "inputs.json", "-s", "epic_password=env:EPIC_PASSWORD", "--file", "referral=samples/referral.pdf")
CANARY = "zx81-canary-value"


@pytest.fixture
def panda(example: Any, program: Program) -> Path:
    """The red panda, applied, with three rows."""
    folder: Path = example("red-panda")
    assert program("apply", "--yes").code == 0
    (folder / "rows.csv").write_text("topic\nred panda\notter\nlynx\n", encoding="utf-8")
    (folder / "quick.json").write_text(
        json.dumps({"find-article": {"seconds": 0.01}, "collect-facts": {"seconds": 0.01}}), encoding="utf-8"
    )
    return folder


@pytest.fixture
def intake_applied(intake: Path, program: Program, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EPIC_PASSWORD", CANARY)
    assert program("apply", "--yes").code == 0
    return intake


def runs(program: Program, *words: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(program("runs", "list", "--limit", "1000", "--format", "json").out)["runs"]
    return found


def test_a_row_each_and_a_result_each(panda: Path, program: Program) -> None:
    answer = program("run", "research", "--each", "rows.csv", "--simulate", "quick.json", "--out", "results.csv")

    assert answer.code == 0
    assert answer.out.splitlines()[-1] == "research: success"
    assert answer.err.splitlines()[0].startswith("target local")
    assert answer.err.splitlines()[1].startswith("ledger ")
    lines = (panda / "results.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "row,status,session_id,error,article,facts,source"
    assert [line.split(",")[:2] for line in lines[1:]] == [[str(n), "success"] for n in (1, 2, 3)]
    assert Counter(run["session_alias"] for run in runs(program)) == {"step1": 3, "step2": 3}


def test_every_mistake_is_told_and_nothing_is_sent(panda: Path, program: Program) -> None:
    (panda / "rows.jsonl").write_text('{"topic": 1}\n{"topic": "ok"}\n{"topik": "x"}\n', encoding="utf-8")

    answer = program("run", "research", "--each", "rows.jsonl")

    assert answer.code == 2
    assert "rows.jsonl:1: row 1, column `topic`: input `topic` must be `string`" in answer.err
    assert "did you mean `topic`?" in answer.err
    assert "in 2 of 3 rows" in answer.err
    assert runs(program) == []
    assert not list(panda.glob(".cyberflow/ledgers/*"))


def test_only_checked(panda: Path, program: Program) -> None:
    answer = program("run", "research", "--each", "rows.csv", "--dry-run")

    assert answer.code == 0
    assert "3 rows of rows.csv are good" in answer.err
    assert runs(program) == []


def test_failed_rows_go_on_from_the_ledger(panda: Path, program: Program) -> None:
    (panda / "fail.json").write_text(json.dumps({"step2": {"status": "task_failed", "error": "no facts"}}), "utf-8")
    words = ("--each", "rows.csv", "--ledger", "batch.db", "--canary", "1")
    first = program("run", "research", *words, "--simulate", "fail.json", "--format", "json")
    summary = json.loads(first.out)

    assert first.code == 1
    assert (summary["status"], summary["rows"]) == ("task_failed", {"total": 3, "task_failed": 1, "waiting": 2})
    assert "row 1: task_failed: step2: no facts" in first.err
    assert "--canary 0 goes on without" in first.err

    anyway = program("run", "--resume", "batch.db", "--canary", "0", "--simulate", "quick.json", "--format", "json")
    assert (anyway.code, json.loads(anyway.out)["rows"]) == (1, {"total": 3, "success": 2, "task_failed": 1})
    again = program("run", "--resume", "batch.db", "--retry-failed", "--simulate", "quick.json")
    assert again.code == 0
    assert again.out.splitlines()[-1] == "research: success"
    results = [json.loads(line) for line in (panda / "batch.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(row["row"], row["status"]) for row in results] == [(n, "success") for n in (1, 2, 3)]
    assert Counter(run["status"] for run in runs(program)) == {"success": 7, "task_failed": 1}


def test_the_result_goes_where_it_was_asked_for(panda: Path, program: Program) -> None:
    words = ("research", "--each", "rows.csv", "--simulate", "quick.json", "--ledger", "b.db")
    nowhere = program("run", *words, "--out", "none/results.csv")
    assert (nowhere.code, "there is no folder none" in nowhere.err) == (2, True)
    assert runs(program) == []

    assert program("run", *words, "--out", "results.csv").code == 0
    (panda / "results.csv").unlink()
    assert program("run", "--resume", "b.db").code == 0
    assert len((panda / "results.csv").read_text(encoding="utf-8").splitlines()) == 4
    (panda / "results.csv").unlink()
    (panda / "results.csv").mkdir()
    refused = program("run", "--resume", "b.db")
    assert (refused.code, "`cyberflow run --resume b.db --out FILE`" in refused.err) == (3, True)


def test_a_ledger_refuses_another_file_name_and_target(panda: Path, program: Program) -> None:
    assert program("run", "research", "--each", "rows.csv", "--ledger", "b.db", "--simulate", "quick.json").code == 0
    replace(panda / "rows.csv", "otter", "weasel")

    changed = program("run", "--resume", "b.db")
    assert (changed.code, "not the file of this ledger" in changed.err) == (4, True)
    assert program("run", "find-article", "--resume", "b.db").code == 2
    assert program("run", "--resume", "none.db").code == 2
    assert program("run", "research", "--each", "rows.csv", "--ledger", "b.db").code == 2


@pytest.mark.parametrize(
    "words",
    [
        ("research", "--parallel", "3"),
        ("research", "--retry-failed"),
        ("research", "--engine", "postgresql://x/y"),
        ("research", "--each", "rows.csv", "--engine", "postgresql://x/y", "--simulate", "quick.json"),
        ("research", "--each", "rows.csv", "--detach"),
        ("research", "--each", "rows.csv", "--timeout", "3m"),
        ("research", "--each", "rows.csv", "--session", "x"),
        ("research", "--each", "rows.csv", "--retry-failed"),
        ("research", "--each", "rows.csv", "--stop-at-failures", "many"),
        ("research", "--each", "rows.csv", "--map", "topic"),
        ("--each", "rows.csv"),
        ("research", "--from", "step2"),
        ("find-article", "--from", "step2", "--with", "x"),
        (),
    ],
)
def test_options_that_do_not_go_together(panda: Path, program: Program, words: tuple[str, ...]) -> None:
    answer = program("run", *words)
    assert answer.code == 2
    assert "Traceback" not in answer.err


def test_an_engine_needs_its_extra(panda: Path, program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dbos", None)
    for words in (("run", "research", "--each", "rows.csv"), ("worker",)):
        answer = program(*words, "--engine", "postgresql://127.0.0.1/x")
        assert (answer.code, "cyberflow[distributed]" in answer.err) == (2, True)
    assert runs(program) == []


def test_a_batch_never_writes_a_secret(intake_applied: Path, program: Program) -> None:
    given = json.loads(Path("inputs.json").read_text(encoding="utf-8"))
    row = json.dumps({"patient": given["patient"], "date": given["date"]})
    Path("rows.jsonl").write_text(f"{row}\n{row}\n", encoding="utf-8")
    Path("script.json").write_text(
        json.dumps({"login": {"outputs": {"signed_in_as": CANARY, "department": "d"}}}), encoding="utf-8"
    )
    words = ("-i", f"username={given['username']}", *GIVEN[2:])
    answer = program("run", "intake", "--each", "rows.jsonl", *words, "--simulate", "script.json")

    assert answer.code == 0
    assert CANARY not in answer.text
    quick = {step: {"seconds": 0.01} for step in ("login", "lookup", "book")}
    Path("quick.json").write_text(json.dumps(quick), encoding="utf-8")
    Path("fail.json").write_text(json.dumps({**quick, "login": {"status": "error", "seconds": 0.01}}), encoding="utf-8")
    failed = program("run", "intake", "--each", "rows.jsonl", *words, "--simulate", "fail.json")
    again = next(line for line in failed.out.splitlines() if "--retry-failed" in line).split("`")[1]
    assert "-s epic_password=env:EPIC_PASSWORD" in again
    assert program(*again.split()[1:], "--simulate", "quick.json").code == 0
    # The platform's own data is left out: the script hands it the value.
    kept = [path.read_bytes() for path in Path(".cyberflow/ledgers").iterdir()]
    assert kept
    assert not [data for data in kept if CANARY.encode() in data]


def test_a_failed_chain_goes_on_from_its_step(intake_applied: Path, program: Program) -> None:
    script = {"lookup": {"status": "task_failed", "error": "No chart for Lovelace"}}
    Path("script.json").write_text(json.dumps(script), encoding="utf-8")
    failed = program("run", "intake", *GIVEN, "--simulate", "script.json", "--format", "json")
    first = json.loads(failed.out)

    assert failed.code == 1
    assert [step["status"] for step in first["steps"]] == ["success", "task_failed", "cancelled"]
    command = next(line for line in failed.err.splitlines() if "--from lookup" in line)
    assert first["steps"][1]["run_id"] in command

    referral = ("--file", "referral=samples/referral.pdf")
    assert "-s epic_password=env:EPIC_PASSWORD --file referral=" in command
    again = program(*shlex.split(command)[1:], "--format", "json")
    second = json.loads(again.out)
    assert again.code == 0
    assert "login is finished" in again.err
    assert [step["status"] for step in second["steps"]] == ["success"] * 3
    assert second["steps"][0]["run_id"] == first["steps"][0]["run_id"]
    assert second["session_id"] != first["session_id"]
    assert second["outputs"]["mrn"]
    assert Counter(run["session_alias"] for run in runs(program)) == {"login": 1, "lookup": 2, "book": 2}

    later = program("run", "intake", "--from", "book", "--with", second["session_id"], *referral, "--format", "json")
    assert later.code == 0
    assert [step["id"] for step in json.loads(later.out)["steps"]] == ["lookup", "book"]


FOUR_STEPS = """
project: four
workflows:
  find: {prompt: Open <topic>, inputs: {topic: string}, outputs: {page: string}}
  read: {prompt: Read <page>, inputs: {page: string}, outputs: {page: string}}
chains:
  whole:
    inputs: {topic: string}
    steps:
      - {id: first, workflow: find}
      - {id: second, workflow: read, inputs: {page: {$ref: first.outputs.page}}}
      - {id: third, workflow: read, inputs: {page: {$ref: second.outputs.page}}}
      - {id: fourth, workflow: read, inputs: {page: {$ref: third.outputs.page}}}
    outputs: {begin: {$ref: first.outputs.page}, end: {$ref: fourth.outputs.page}}
"""


def test_the_second_of_four_steps_fails_and_the_chain_goes_on_from_it(
    tmp_path: Path, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a person meets it: the table of steps, the exit code, the command that goes on, and what it leaves alone."""
    monkeypatch.chdir(tmp_path)
    Path("cyberflow.yaml").write_text(FOUR_STEPS, encoding="utf-8")
    Path("fail.json").write_text(
        json.dumps(
            {"first": {"outputs": {"page": "P1"}}, "second": {"status": "task_failed", "error": "No such page"}}
        ),
        encoding="utf-8",
    )
    assert program("apply", "--yes").code == 0

    failed = program("run", "whole", "-i", "topic=otters", "--simulate", "fail.json")
    assert failed.code == 1
    table = [tuple(line.split()[:2]) for line in failed.err.splitlines() if line.startswith("  ")]
    names, ends = ("first", "second", "third", "fourth"), ("success", "task_failed", "cancelled", "cancelled")
    assert [line for line in table if line[1] in ends] == list(zip(names, ends, strict=True))
    assert failed.out.splitlines() == [
        "task_failed in second: No such page",
        "outputs",
        "  begin  P1",
        "whole: task_failed",
    ]

    command = next(line for line in failed.err.splitlines() if "--from second" in line)
    again = program(*command.split()[1:], "--format", "json")
    assert again.code == 0
    result = json.loads(again.out)
    assert [step["status"] for step in result["steps"]] == ["success"] * 4
    assert result["outputs"]["begin"] == "P1"
    every = Counter((run["session_alias"], run["status"]) for run in runs(program))
    assert every == {
        ("first", "success"): 1,
        ("second", "task_failed"): 1,
        **{(step, "cancelled"): 1 for step in ("third", "fourth")},
        **{(step, "success"): 1 for step in ("second", "third", "fourth")},
    }


def test_what_a_chain_needs_must_have_finished(intake_applied: Path, program: Program) -> None:
    script = {"lookup": {"status": "error"}}
    Path("script.json").write_text(json.dumps(script), encoding="utf-8")
    result = json.loads(program("run", "intake", *GIVEN, "--simulate", "script.json", "--format", "json").out)
    run = result["steps"][0]["run_id"]

    early: Answer = program("run", "intake", "--from", "book", "--with", run, *GIVEN)
    assert early.code == 2
    assert "step `book` needs `lookup.outputs.mrn`" in early.err
    assert program("run", "intake", "--from", "boko", "--with", run, *GIVEN).code == 2
    assert program("run", "intake", "--from", "book", "--with", "nonsense", *GIVEN).code == 2


def test_a_run_is_run_again_with_its_secrets(intake_applied: Path, program: Program) -> None:
    result = json.loads(program("run", "intake", *GIVEN, "--format", "json").out)
    login, lookup = (step["run_id"] for step in result["steps"][:2])

    missing = program("runs", "retry", login)
    assert (missing.code, "secret `password` is missing" in missing.err) == (2, True)
    assert program("runs", "retry", login, "-s", f"password={CANARY}").code == 2
    again = program("runs", "retry", login, "-s", "password=env:EPIC_PASSWORD", "--format", "json")
    assert again.code == 0
    assert json.loads(again.out)["steps"][0]["run_id"] == login
    assert CANARY not in again.text
    assert program("runs", "retry", lookup, "--detach").code == 0
    busy = program("runs", "retry", lookup)
    assert (busy.code, "is not over" in busy.err) == (2, True)
    assert program("runs", "retry", "nonsense").code == 2


def test_what_runs_made_is_saved(intake_applied: Path, program: Program) -> None:
    script = {
        "login": {"attachments": [{"filename": "../../x.csv", "content": "a,b"}, "x.csv", "CON.txt"]},
        "book": {"status": "error"},
    }
    Path("script.json").write_text(json.dumps(script), encoding="utf-8")
    answer = program("run", "intake", *GIVEN, "--simulate", "script.json", "--download", "out")

    assert answer.code == 1
    saved = sorted(str(path.relative_to("out")) for path in Path("out").rglob("*") if path.is_file())
    assert [path for path in saved if path.startswith("login/") and "screenshots" not in path] == [
        "login/_CON.txt",
        "login/x-2.csv",
        "login/x.csv",
    ]
    for step in ("login", "lookup", "book"):
        assert f"{step}/screenshots/001.png" in saved
    assert not list(Path().rglob("*.part"))


@pytest.mark.slow
def test_the_first_line_comes_at_once(panda: Path) -> None:
    """Before anything that compiles is imported, which takes some twenty times as long as to begin at all."""
    command = [sys.executable, "-X", "importtime", "-m", "cyberflow", "run", "research", "-i", "topic=x"]
    lines = subprocess.run(command, cwd=panda, capture_output=True, text=True, check=False).stderr.splitlines()
    first = lines.index("target local: the platform inside cyberflow; no account was touched")
    imported = [line.rpartition("|")[2].strip() for line in lines[:first]]
    assert "cyberflow.cli.main" in imported
    assert not {"jinja2", "pydantic", "cyberflow.language.project.load", "cyberflow.compiler.compile"} & set(imported)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="kill -9")
def test_killed_and_resumed_no_row_is_lost_and_none_is_sent_twice(panda: Path, program: Program) -> None:
    rows = 30
    (panda / "rows.csv").write_text("topic\n" + "".join(f"animal {n}\n" for n in range(rows)), encoding="utf-8")
    chance, words, kills = random.Random(4), ["research", "--each", "rows.csv", "--ledger", "b.db"], 0
    for _ in range(8):
        command = [CYBERFLOW, "run", *words, "--simulate", "quick.json", "-q"]
        with started(command, cwd=panda, stderr=subprocess.PIPE, text=True) as going:
            assert going.stderr
            assert "ledger" in going.stderr.readline()
            time.sleep(chance.uniform(0.05, 0.6))
            kills += going.poll() is None
            going.send_signal(signal.SIGKILL)
        words = ["--resume", "b.db"]
    assert program("run", "--resume", "b.db", "--simulate", "quick.json", "-q").code == 0
    assert kills > 1
    sessions = Counter(run["session_alias"] for run in runs(program))
    assert sessions == {"step1": rows, "step2": rows}
