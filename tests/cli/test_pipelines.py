"""A pipeline from the command line: planned, stopped, left waiting, answered, gone on with."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from tests.cli.cli_program import Program
from tests.run.month_end import CANARY, FLOWS, GLUE

pytestmark = pytest.mark.slow
INVOICES = [{"number": f"INV-{number}", "due": "2026-03-31"} for number in range(4)]
SCRIPT = {
    "find": {"outputs": {"invoices": INVOICES}, "seconds": 0},
    "file": {"seconds": 0},
    "file[INV-2]": {"status": "task_failed", "error": "no such invoice", "seconds": 0},
    "close": {"seconds": 0},
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "glue.py").write_text(GLUE, encoding="utf-8")
    (tmp_path / "flows.yaml").write_text(FLOWS, encoding="utf-8")
    (tmp_path / "cyberflow.yaml").write_text("project: month-end\npython: [flows/glue.py]\n", encoding="utf-8")
    (tmp_path / "script.json").write_text(json.dumps(SCRIPT), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PW", CANARY)
    return tmp_path


def test_from_the_plan_to_the_end(project: Path, program: Program) -> None:
    words = ("run", "month-end", "-i", "month=2026-03")
    planned = program(*words, "--plan", "--format", "json")
    assert planned.code == 0, planned.err
    assert [(step["id"], step["total"], step["waits"]) for step in json.loads(planned.out)["steps"]][:4] == [
        *(("find", 1, None), ("file", None, None)),
        *(("total", 1, None), ("release", 1, "Close <month>?")),
    ]
    assert program("apply", "--yes").code == 0
    given = (*words, "-s", "epic_password=env:PW", "--simulate", "script.json", "--ledger", "march.db")

    stopped = program(*given, "--until", "find")
    assert (stopped.code, stopped.out.splitlines()[-1]) == (0, "month-end: stopped")
    assert "cyberflow run --resume march.db -s epic_password=env:PW" in stopped.err
    assert program(*given).code == 2

    again = ("run", "--resume", "march.db", "-s", "epic_password=env:PW", "--simulate", "script.json")
    waiting = program(*again, "--no-wait")
    assert (waiting.code, waiting.out.splitlines()[-1]) == (0, "month-end: waiting"), waiting.err
    assert "file[INV-2]: task_failed: file: no such invoice" in waiting.err
    assert "cyberflow runs signal march.db release -i approved=…" in waiting.err

    signal = ("runs", "signal", "march.db", "release")
    assert program(*signal, "-i", "approve=true").code == 2
    assert program(*signal, "-i", "approved=true", "--by", "ada").code == 0
    late = program(*signal, "-i", "approved=false")
    assert (late.code, "answered already, by ada" in late.err) == (4, True)

    changed = program(*again, "-i", "month=2026-04")
    assert (changed.code, "`find`: `inputs.month` is not what it was" in changed.err) == (4, True)
    ended = program(*again, "--format", "json", "--out", "result.json", "--download", "made")
    assert ended.code == 0, ended.err
    data = json.loads(ended.out)
    assert (data["status"], data["outputs"]) == ("success", {"count": 3, "closed": data["outputs"]["closed"]})
    assert data["steps"][1]["items"] == {"success": 3, "task_failed": 1}
    assert json.loads((project / "result.json").read_text(encoding="utf-8")) == data
    assert [path.name for path in (project / "made" / "banner").iterdir()] == ["9.images.0.png"]
    listed = json.loads(program("runs", "list", "--format", "json").out)["runs"]
    items = {f"file[INV-{number}]" for number in range(4)}
    assert {run["part_of"]["id"] for run in listed} == {"find", "close", *items}
    assert {run["part_of"]["ledger"] for run in listed} == {str(project / "march.db")}
    assert "month-end/file[INV-2]" in program("runs", "list").out
    traced = json.loads(program("trace", listed[0]["id"], "--format", "json").out)
    assert traced["runs"][0]["grade"] == "proven"
    (task,) = json.loads(program("runs", "list", "--tasks", "--format", "json").out)["tasks"]
    assert (task["name"], task["part_of"]["id"]) == ("poster", "banner")
    assert program("runs", "watch", task["id"]).out.splitlines()[-1] == "poster: completed"
    assert stat.S_IMODE((project / "march.db").stat().st_mode) == 0o600
    assert stat.S_IMODE((project / "march.db.files").stat().st_mode) == 0o700
    files = [path for path in project.rglob("*") if path.is_file()]
    assert not [path for path in files if CANARY.encode() in path.read_bytes()]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("month-end", "--until", "flie"), "has no step `flie`"),
        (("month-end", "--detach"), "--detach is not for pipelines"),
        (("month-end", "--rerun", "find"), "--rerun goes with --resume"),
        (("month-end", "--each", "rows.csv"), "is a pipeline, and this is for chains and workflows"),
        (("month-end",), "input `month` is missing"),
        (("month-end", "-i", "month=3", "-s", "epic_password=hunter2"), "is given by where to find it"),
        (("find-invoices", "--until", "find"), "--until is for pipelines, and `find-invoices` is not one"),
    ],
)
def test_what_does_not_fit_is_told_and_nothing_is_sent(
    project: Path, program: Program, words: tuple[str, ...], said: str
) -> None:
    answer = program("run", *words)
    assert (answer.code, said in answer.err, "hunter2" in answer.err) == (2, True, False), answer.err
    assert not list(project.glob("*.db"))


def test_a_script_that_could_never_be_is_told(project: Path, program: Program) -> None:
    wrong = {"flie": {}, "file[INV-1]": {"status": "gone"}, "release": {"outputs": {"approved": "yes"}}}
    (project / "script.json").write_text(json.dumps(wrong), encoding="utf-8")
    words = ("-i", "month=2026-03", "-s", "epic_password=env:PW", "--simulate", "script.json")
    answer = program("run", "month-end", *words)
    assert answer.code == 2
    assert all(text in answer.err for text in ("flie", "gone", "approved")), answer.err


def test_a_step_that_cannot_run_says_why(project: Path, program: Program) -> None:
    assert program("apply", "--yes").code == 0
    twice = [{"number": "A", "due": "x"}, {"number": "A", "due": "y"}]
    (project / "script.json").write_text(json.dumps({"find": {"outputs": {"invoices": twice}}}), encoding="utf-8")
    given = ("month-end", "-i", "month=2026-03", "-s", "epic_password=env:PW", "--simulate", "script.json")
    ran = program("run", *given, "--ledger", "march.db")
    assert (ran.code, ran.out.splitlines()[-2:]) == (
        1,
        ["error in file: items 0 and 1 have the same key `A`", "month-end: error"],
    )
