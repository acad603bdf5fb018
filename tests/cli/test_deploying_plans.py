"""Saved plans, promotion, pruning, comments for pull requests: what a team does around plan and apply."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.cli_program import Program, replace

TWO = """\
workflows:
  lookup:
    prompt: Find <mrn>.
    inputs: {mrn: string}
    outputs: {name: string, age: integer}
  book:
    prompt: Book for <name>.
    inputs: {name: string, "note?": string}
chains:
  intake:
    inputs: {mrn: string}
    steps:
      - {id: find, workflow: lookup}
      - {id: book, workflow: book, inputs: {name: {$ref: find.outputs.name}}}
"""


@pytest.fixture
def clinic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two workflows and a chain, as working directory."""
    (tmp_path / "cyberflow.yaml").write_text("project: clinic\n", encoding="utf-8")
    (tmp_path / "flows.yaml").write_text(TWO, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "flows.yaml"


def test_a_saved_plan_is_carried_out_exactly(clinic: Path, program: Program) -> None:
    saved = program("plan", "--out", "a.plan")
    applied = program("apply", "a.plan", "--yes")

    assert (saved.code, applied.code) == (0, 0), applied.text
    assert program("plan", "--check").code == 0


@pytest.mark.parametrize("moved", ["sources", "target"])
def test_a_stale_plan_writes_nothing(clinic: Path, program: Program, moved: str) -> None:
    program("plan", "--out", "a.plan")
    if moved == "sources":
        replace(clinic, "Find <mrn>", "Look for <mrn>")
    else:
        program("apply", "--yes", "--only", "book")

    answer = program("apply", "a.plan", "--yes")

    assert answer.code == 4
    assert "stale" in answer.err
    assert "created" not in answer.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("apply", "no.plan", "--yes"), "cannot be read"),
        (("apply", "flows.yaml", "--yes"), "this is not a saved plan"),
        (("apply", "a.plan", "--yes", "--prune"), "--prune belongs to the plan"),
        (("apply", "a.plan", "--yes", "--target", "prod"), "the plan is for target `local`"),
    ],
)
def test_a_plan_file_is_used_as_it_is(clinic: Path, program: Program, words: tuple[str, ...], said: str) -> None:
    program("plan", "--out", "a.plan")

    answer = program(*words)

    assert answer.code == 2
    assert said in answer.err


def test_a_schema_that_breaks_names_who_it_breaks(clinic: Path, program: Program) -> None:
    program("apply", "--yes")
    replace(clinic, "Book for <name>.", "Book for <name> by <clerk>.")
    replace(clinic, 'inputs: {name: string, "note?": string}', 'inputs: {name: string, "note?": string, clerk: string}')
    replace(clinic, "inputs: {mrn: string}\n    steps", "inputs: {mrn: string, clerk: string}\n    steps")
    replace(clinic, "age: integer", "age: number")

    planned = program("plan")
    changes = json.loads(program("plan", "--format", "json").out)["changes"]

    assert "breaking for chain `intake`, step `book`: `clerk` is now required" in planned.out
    book = next(change for change in changes if change["name"] == "book")
    assert book["breaking"] == [{"chain": "intake", "step": "book", "reason": "`clerk` is now required"}]
    assert "breaking for callers outside this project" in planned.out
    assert "the output `age` may now be" in planned.out


def test_an_output_that_a_chain_gives_out_breaks_its_outputs(clinic: Path, program: Program) -> None:
    clinic.write_text(TWO + "    outputs: {age: {$ref: find.outputs.age}}\n", encoding="utf-8")
    program("apply", "--yes")
    replace(clinic, "age: integer", '"age?": integer')

    changes = json.loads(program("plan", "--format", "json").out)["changes"]

    assert "breaking for chain `intake`, its outputs: the output `age` may now be absent" in program("plan").out
    assert [(one["chain"], one["step"]) for one in changes[0]["breaking"]] == [("intake", None)]


def test_a_schema_that_takes_more_breaks_nobody(clinic: Path, program: Program) -> None:
    program("apply", "--yes")
    replace(clinic, '"note?": string}', '"note?": string, "more?": string}')

    assert "breaking" not in program("plan").out


def test_pruning_from_the_command_line(clinic: Path, program: Program) -> None:
    program("apply", "--yes")
    (clinic).write_text(TWO[: TWO.index("  book:")], encoding="utf-8")

    told = program("plan")
    shown = program("plan", "--prune")
    refused = program("apply", "--prune")
    done = program("apply", "--prune", "--yes")

    assert "no longer declared" in told.out
    assert "1 workflow to delete" in shown.out
    assert refused.code == 2
    assert (done.code, "deleted" in done.out) == (0, True), done.text
    assert program("plan", "--check", "--prune").out == "no changes: 1 workflow as declared\n"


def test_a_prune_that_takes_all_is_refused(clinic: Path, program: Program) -> None:
    program("apply", "--yes")
    clinic.write_text("workflows: {other: {prompt: Open it.}}\n", encoding="utf-8")

    refused = program("apply", "--prune", "--yes")
    forced = program("apply", "--prune", "--yes", "--force")

    assert refused.code == 4
    assert "refused" in refused.out
    assert "created" not in refused.out
    assert forced.code == 0, forced.text


def test_a_renamed_workflow_keeps_its_id(clinic: Path, program: Program) -> None:
    program("apply", "--yes")
    before = json.loads(program("apply", "--yes", "--format", "json").out)
    replace(clinic, "  lookup:\n", "  search:\n    was: lookup\n")
    replace(clinic, "workflow: lookup", "workflow: search")

    (change,) = json.loads(program("plan", "--format", "json").out)["changes"]

    assert before["changes"] == []
    assert (change["action"], change["name"]) == ("rename", "search")
    assert program("apply", "--yes").code == 0
    assert program("plan", "--check").code == 0


def test_a_new_name_without_its_old_one_is_asked_about(clinic: Path, program: Program) -> None:
    """The comment says as well what is no longer declared."""
    program("apply", "--yes")
    replace(clinic, "  lookup:\n", "  search:\n")
    replace(clinic, "workflow: lookup", "workflow: search")

    assert "if `lookup` was renamed, declare `was: lookup` at its new name" in program("plan").out
    assert "| ⚪ | keep workflow | `lookup` | no longer declared |" in program("plan", "--format", "markdown").out


def test_the_comment_fits_and_names_what_matters(clinic: Path, program: Program) -> None:
    many = "\n".join(f"  flow-{number}:\n    prompt: {'Read the chart. ' * 80}" for number in range(200))
    clinic.write_text(f"workflows:\n{many}\n", encoding="utf-8")

    comment = program("plan", "--format", "markdown").out

    assert comment.startswith("<!-- cyberflow-plan clinic local -->\n### cyberflow plan for `local`\n")
    assert "200 workflows to create" in comment
    assert "too long for a comment" in comment
    assert len(comment) < 65_536


TARGETS = """\
project: clinic
targets:
  one: {{url: '{0}', vars: {{ward: a}}}}
  two: {{url: '{0}', scope: two}}
vars: {{ward: b, x: 1}}
"""


@pytest.mark.parametrize(
    ("prompt", "why"),
    [
        ("Open it for ${{ vars.x }}.", None),
        ("Open it in ${{ vars.ward }}.", "`vars.ward`, which a target sets"),
        ("Open it in ${{ target }}.", "its templates read `target`"),
        ("{% for key in vars %}Open ${{ key }}.{% endfor %}", "`vars` as a whole"),
        (r"The literal \${{ target }}.", None),
    ],
)
def test_a_bundle_goes_to_another_target_unless_a_template_knew_its_own(
    clinic: Path, program: Program, served: str, prompt: str, why: str | None
) -> None:
    (clinic.parent / "cyberflow.yaml").write_text(TARGETS.format(served), encoding="utf-8")
    clinic.write_text(f"workflows:\n  one:\n    prompt: {json.dumps(prompt)}\n", encoding="utf-8")
    built = program("build", "--target", "one", "--out", "built")

    promoted = program("apply", "--target", "two", "--bundle", "built/bundle.json", "--yes")

    assert built.code == 0, built.text
    assert promoted.code == (2 if why else 0), promoted.text
    assert (why or "") in promoted.err
    if not why:
        assert program("plan", "--target", "two", "--check").code == 0
        assert json.loads(program("plan", "--target", "two", "--format", "json").out)["target"] == "two"


def test_a_bundle_without_its_note_stays_where_it_is(clinic: Path, program: Program, served: str) -> None:
    (clinic.parent / "cyberflow.yaml").write_text(TARGETS.format(served), encoding="utf-8")
    program("build", "--target", "one", "--out", "built")
    Path("built/reads.json").unlink()

    assert program("plan", "--target", "two", "--bundle", "built/bundle.json").code == 2
    assert program("plan", "--target", "one", "--bundle", "built/bundle.json").code == 0


def test_ignored_findings_do_not_stop_an_apply(clinic: Path, program: Program) -> None:
    text = "workflows:\n  one:\n    # cyberflow: ignore[undeclared-input] set by the machine\n    prompt: Open <mrn>.\n"
    clinic.write_text(text, encoding="utf-8")

    assert program("check").code == 0
    assert program("apply", "--yes").code == 0


def test_a_receipt_that_cannot_be_written_stops_before_the_first_write(clinic: Path, program: Program) -> None:
    answer = program("apply", "--yes", "--receipt", "flows.yaml/receipt.json")

    assert answer.code == 3
    assert "cannot be written" in answer.err
    assert "created" not in answer.out
    assert "2 workflows to create" in program("plan").out


@pytest.mark.parametrize(
    ("status", "others"), [(401, "skipped   workflow"), (403, "tag cyberflow:clinic, which could not be made")]
)
def test_a_key_without_the_right_to_write_is_told_once(
    clinic: Path, program: Program, monkeypatch: pytest.MonkeyPatch, status: int, others: str
) -> None:
    """Every change is reported, and nobody knocks on where the key is refused; a 403 is about one object."""
    import httpx

    original = httpx.AsyncClient.send

    async def send(self: httpx.AsyncClient, request: httpx.Request, **more: Any) -> httpx.Response:
        if request.method == "GET":
            return await original(self, request, **more)
        return httpx.Response(status, json={"error": "x", "message": "read only"}, request=request)

    monkeypatch.setattr(httpx.AsyncClient, "send", send)

    answer = program("apply", "--yes")

    assert answer.code == 3
    assert answer.out.count(f"answered {status}: read only") == 1
    assert answer.out.count(others) == 2
    assert answer.err.count("help: ") == 1
    assert "nothing was changed" in answer.err


HEARING = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from cyberflow.cli.main import run
sys.exit(run(sys.argv[1:]))
"""
"""The program under a shell that does not keep Ctrl-C from what it starts."""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_apply_reports_everything(tmp_path: Path, sign: signal.Signals) -> None:
    from tests.cli.killing import serving, write_project

    with serving() as service:
        folder = write_project(tmp_path, service.url)
        receipt = tmp_path / "receipt.json"
        words = ["apply", "--yes", "--receipt", str(receipt), "--project", str(folder)]
        command = [sys.executable, "-c", HEARING, *words]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        while service.requests < 40 and process.poll() is None:
            time.sleep(0.005)
        os.kill(process.pid, sign)
        out, err = process.communicate()

    said = json.loads(receipt.read_text(encoding="utf-8"))
    assert process.returncode == 130, out + err
    assert "Traceback" not in err
    assert said["exit_code"] == 130
    assert len(said["changes"]) == 40 + 3 + 3
    assert {"done", "unfinished"} == {one["status"] for one in said["changes"]}
    assert out.count("unfinished") == sum(one["status"] == "unfinished" for one in said["changes"])
