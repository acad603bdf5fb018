"""Output wherever it leads: any locale, a reader that goes away, a full disk, foreign text, known secrets."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cyberflow.cli.output_streams import OutputError, OutputStream, ReaderGone
from cyberflow.cli.styles import escape_ci_commands, from_segments, indent_lines, one_line, style, to_segments, unstyle
from cyberflow.redact import Redactor
from tests.cli.cli_program import Program

DRIVER = Path(__file__).with_name("stream_driver.py")
WORKFLOW = """\
workflows:
  lookup:
    title: "Ärzte ➜ Finder 🩺 \\e[2J\\e[1A\\u202e forged\\n  ✓ created   workflow other"
    prompt: Type <mrn> — now 🩺
    inputs: {mrn: string}
    outputs: {name: string}
chains:
  go:
    inputs: {mrn: string}
    steps: [{id: one, workflow: lookup}]
    outputs: {name: {$ref: one.outputs.name}}
"""
READING = (
    ["--version"],
    ["--help"],
    ["run", "--help"],
    ["check"],
    ["check", "--format", "json"],
    ["check", "--format", "sarif"],
    ["check", "--format", "github"],
    ["show"],
    ["show", "lookup"],
    ["show", "go", "--format", "json"],
    ["graph", "go"],
    ["graph", "go", "--format", "svg"],
    ["plan"],
    ["plan", "--format", "json"],
    ["plan", "--format", "markdown"],
    ["runs", "list"],
    ["runs", "list", "--format", "json"],
    ["explain"],
    ["explain", "type-mismatch"],
    ["schema"],
    ["stubs", "--out", "-"],
)
WORKING = (
    ["build"],
    ["apply", "--yes", "--receipt", "receipt.json"],
    ["run", "go", "-i", "mrn=7", "--simulate", "quick.json"],
    ["run", "go", "--each", "rows.csv", "--simulate", "quick.json", "--ledger", "ledger.db"],
    ["pull", "--all", "--into", ".cyberflow/pulled"],
)
DANGEROUS = "\x1b[2J\x07\x9b31m\u202eevil\u2066\x7f"


@pytest.fixture
def strange(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose title has everything that a terminal or a locale could stumble over."""
    (tmp_path / "cyberflow.yaml").write_text("project: strange\n", encoding="utf-8")
    (tmp_path / "flows.yaml").write_text(WORKFLOW.replace("\\e[2J\\e[1A\\u202e forged\\n", ""), encoding="utf-8")
    (tmp_path / "rows.csv").write_text("mrn\n1\n2\n", encoding="utf-8")
    (tmp_path / "quick.json").write_text(
        json.dumps({"lookup": {"seconds": 0.01, "outputs": {"name": "Zoë 🩺"}}}), encoding="utf-8"
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def drive(kind: str, encoding: str, commands: Any) -> tuple[list[int], list[str], str]:
    """Codes and outputs of command lines that one process runs one after the other."""
    made = subprocess.run(
        [sys.executable, str(DRIVER), kind, encoding, json.dumps(commands)],
        capture_output=True,
        check=True,
        timeout=240,
        env={**os.environ, "PYTHONPATH": str(DRIVER.parents[2])},
    )
    said, _, answers = made.stderr.decode("utf-8", "replace").rpartition("\nANSWERS ")
    read = json.loads(answers)
    return [one["code"] for one in read], [bytes.fromhex(one["out"]).decode("utf-8") for one in read], said


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["cp1252", "cp437", "latin-1", "ascii"])
def test_a_file_is_utf8_whatever_the_locale(strange: Path, encoding: str) -> None:
    codes, outputs, _ = drive("file", encoding, [*WORKING, *READING])

    assert codes == [0] * len(codes)
    assert "Zoë 🩺" in outputs[2]
    for words, text in zip([*WORKING, *READING], outputs, strict=True):
        if "json" in words or "sarif" in words:
            json.loads(text)
    assert json.loads((strange / "receipt.json").read_text(encoding="utf-8"))["exit_code"] == 0


@pytest.mark.slow
def test_a_reader_that_goes_away_ends_reading_and_no_work(strange: Path) -> None:
    codes, _, said = drive("pipe", "utf-8", [*WORKING, *READING])

    assert codes == [0] * len(codes)
    assert "Traceback" not in said
    assert json.loads((strange / "receipt.json").read_text(encoding="utf-8"))["exit_code"] == 0
    assert (strange / "ledger.jsonl").read_text(encoding="utf-8").count('"success"') == 2


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_a_full_disk_is_told_with_what_was_done(strange: Path) -> None:
    silent = (["build"], ["check", "--format", "github"])  # words go to standard error; there is nothing wrong
    codes, _, said = drive("full", "utf-8", [*WORKING, *READING])

    assert codes == [0 if words in silent else 3 for words in [*WORKING, *READING]]
    assert "Traceback" not in said
    assert "no space left on device" in said
    assert "created   workflow lookup" in said
    assert "Zoë 🩺" in said
    assert json.loads((strange / "receipt.json").read_text(encoding="utf-8"))["exit_code"] == 3
    assert (strange / "ledger.jsonl").read_text(encoding="utf-8").count('"success"') == 2


def test_a_title_forges_nothing(strange: Path, program: Program) -> None:
    from cyberflow.cli.views.plans.plan_text import outcome_line
    from cyberflow.deploy.plan.model import Outcome

    title = "x\x1b[8m\n  ✓ created   workflow other\r\x1b[1A"
    line = outcome_line(Outcome("create", "workflow", title, "id", "done", f"was {title}"))

    shown = io.StringIO()
    OutputStream(shown).write(line + "\n")

    assert "\x1b" not in shown.getvalue()
    assert "\r" not in shown.getvalue()
    assert [line[:5] for line in shown.getvalue().splitlines()] == ["  ✓ c", "    |"]


@pytest.mark.parametrize("terminal", [True, False])
def test_foreign_text_is_escaped_and_our_styles_are_not(terminal: bool) -> None:
    stream = io.StringIO()
    stream.isatty = lambda: terminal  # type: ignore[method-assign]

    OutputStream(stream).write(f"{style('ok', fg='green', bold=True)} {DANGEROUS} \x1b[32mgreen\x1b[0m\n")

    text = stream.getvalue()
    assert text.startswith("\x1b[1;32mok\x1b[0m " if terminal else "ok ")
    assert text.endswith(r"\u001b[2J\u0007\u009b31m\u202eevil\u2066\u007f \u001b[32mgreen\u001b[0m" "\n")


def test_json_stays_what_it_is() -> None:
    stream = io.StringIO()
    data = {"title": DANGEROUS + "\ud83d \u2028"}

    OutputStream(stream).write_machine(json.dumps(data, ensure_ascii=False))

    assert json.loads(stream.getvalue()) == data
    assert not set(DANGEROUS[:1] + "\x9b\u202e\u2066\x7f\u2028") & set(stream.getvalue())


def test_what_a_console_cannot_show_is_replaced() -> None:
    raw = io.BytesIO()
    console = io.TextIOWrapper(raw, encoding="cp437", errors="strict")
    console.isatty = lambda: True  # type: ignore[method-assign]

    OutputStream(console).write("Zoë 🩺 ➜\n")

    assert raw.getvalue().decode("cp437").replace("\r\n", "\n") == "Zoë ? ?\n"


@pytest.mark.parametrize("line", ["::error::x", "  ::add-mask::x", "##[error]x", "\t##vso[task.complete]x"])
def test_no_line_is_a_command_of_a_ci(line: str) -> None:
    stream = io.StringIO()
    out = OutputStream(stream)

    out.write(f"a\n{line}\n")
    out.write(f"b {line.strip()}\n")

    shown = stream.getvalue().splitlines()
    assert shown[1].lstrip().startswith(("\\u003a:", "\\u0023#"))
    assert shown[2] == f"b {line.strip()}"


@pytest.mark.parametrize("text", ["::", ":::", " ::: a.yaml:1:2", "a::b", "# [x]", "## x", ": :error"])
def test_other_colons_stay(text: str) -> None:
    assert escape_ci_commands(f"{text}\n", at_start=True) == f"{text}\n"


def test_a_command_may_not_be_cut_in_two() -> None:
    assert escape_ci_commands("::error::", at_start=False) == "::error::"
    assert escape_ci_commands("x\n::error::", at_start=False) == "x\n\\u003a:error::"


@pytest.mark.parametrize(
    "secret", ["1", "0", "32", "null", "{", ":", "success", "steps", "hunter2", "\x1b", "m", "[", "version"]
)
def test_a_mask_breaks_no_style_and_no_document(secret: str) -> None:
    stream = io.StringIO()
    stream.isatty = lambda: True  # type: ignore[method-assign]
    out = OutputStream(stream)
    out.redactor = Redactor([secret])

    out.write(style("ok", fg="green", bold=True) + "\n")
    out.write_machine(json.dumps({"version": 1, "steps": [{"status": "success"}], "a": None}))

    first, document = stream.getvalue().split("\n", 1)
    assert first == "\x1b[1;32mok\x1b[0m"
    assert json.loads(document) == {"version": 1, "steps": [{"status": "success"}], "a": None}


def test_a_reader_gone_ends_a_reading_command_only() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as stream:
        beside = OutputStream(io.StringIO())
        out = OutputStream(stream, beside)
        with pytest.raises(ReaderGone):
            out.write("x")
        out.keeps_on = True
        assert out.write("y") == 1
        assert out.failure is None


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_results_go_beside_when_the_disk_is_full() -> None:
    error = io.StringIO()
    with Path("/dev/full").open("w", encoding="utf-8") as stream:
        out = OutputStream(stream, OutputStream(error))
        out.keeps_on = True
        out.write("the result\n")
        assert isinstance(out.failure, OutputError)
        out.keeps_on = False
        with pytest.raises(OutputError, match="no space left"):
            out.write("more")
    assert error.getvalue() == "the result\n"


def test_what_was_kept_has_this_process_its_marks() -> None:
    text = f"{style('a', bold=True)} b"
    segments = to_segments(text)
    assert unstyle(text) == "a b"
    assert json.loads(json.dumps(segments)) == segments
    assert from_segments(segments) == text


def test_lines_of_others_stand_behind_a_margin() -> None:
    assert one_line("a\nb\tc\x1b") == r"a\nb\tc" + "\\u001b"
    assert indent_lines("a\nb", "  | ") == "a\n  | b"


def test_the_status_of_a_run_is_a_word_of_ours() -> None:
    stream = io.StringIO()
    out = OutputStream(stream)
    out.redactor = Redactor(["success"])

    out.write(f"go: {style('success', bold=True)}\nthe agent said success\n")

    assert stream.getvalue() == "go: success\nthe agent said •••\n"


SECRET = """\
project: masked
workflows:
  a: {prompt: "Sign in with <$pw> as <user>.", inputs: {user: string}, secrets: [pw], outputs: {name: string}}
"""


@pytest.mark.slow
def test_a_secret_changes_neither_words_nor_syntax_of_a_format(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: Program
) -> None:
    (tmp_path / "cyberflow.yaml").write_text(SECRET, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert program("apply", "--yes").code == 0
    for secret in ("1", "null", "{", ":", "success", "steps", "version", "hunter2"):
        monkeypatch.setenv("PW", secret)
        script = {"a": {"seconds": 0, "outputs": {"name": f"it is {secret} here"}}}
        (tmp_path / "quick.json").write_text(json.dumps(script), encoding="utf-8")
        words = ("run", "a", "-i", "user=u", "-s", "pw=env:PW", "--simulate", "quick.json")

        data = json.loads(program(*words, "--format", "json").out)

        assert list(data)[:5] == ["version", "name", "status", "session_id", "steps"]
        assert (data["version"], data["status"], data["steps"][0]["status"]) == (1, "success", "success")
        shown = "•••" if secret.isalnum() else secret  # a sign alone hides nothing
        assert data["outputs"] == {"name": f"it is {shown} here"}
        assert program(*words).out.splitlines()[-1] == "a: success"
