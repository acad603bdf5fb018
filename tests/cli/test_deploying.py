"""plan and apply as a person and as CI use them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.cli_program import Program, replace

WRITES = {"POST", "PUT", "PATCH", "DELETE"}


def test_a_second_apply_sends_no_write(intake: Path, program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []
    count_requests(monkeypatch, sent)

    first = program("apply", "--yes")
    writes = len(sent)
    second = program("apply", "--yes")

    assert (first.code, second.code) == (0, 0), first.text
    assert writes > 0
    assert len(sent) == writes
    assert second.out == "no changes: 3 workflows as declared\n"
    assert program("plan", "--check").code == 0


def count_requests(monkeypatch: pytest.MonkeyPatch, sent: list[str]) -> None:
    """Note every write that leaves the client."""
    import httpx

    original = httpx.AsyncClient.send

    async def send(self: httpx.AsyncClient, request: httpx.Request, **more: object) -> httpx.Response:
        if request.method in WRITES:
            sent.append(f"{request.method} {request.url.path}")
        return await original(self, request, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(httpx.AsyncClient, "send", send)


def test_a_changed_prompt_is_one_patch(intake: Path, program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    program("apply", "--yes")
    replace(intake / "prompts/sign-in.md", "once only", "a single time")
    sent: list[str] = []
    count_requests(monkeypatch, sent)

    planned = program("plan", "--check")
    applied = program("apply", "--yes")

    assert planned.code == 5
    assert "once only" in planned.out
    assert "a single time" in planned.out
    assert applied.code == 0
    assert [write.split(" ")[0] for write in sent] == ["PATCH"]


def test_nobody_to_ask_means_nothing_is_sent(intake: Path, program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []
    count_requests(monkeypatch, sent)

    answer = program("apply")

    assert answer.code == 2
    assert "--yes" in answer.err
    assert sent == []


def test_a_protected_target_wants_its_name(intake: Path, program: Program, served: str) -> None:
    """`--yes` does not answer for it, and another name neither."""
    near = f"targets:\n  near:\n    url: {served}\n    protect: true\n"
    replace(intake / "cyberflow.yaml", "targets:\n", near)

    unnamed = program("apply", "--target", "near", "--yes")
    misnamed = program("apply", "--target", "near", "--yes", "--confirm", "far")
    named = program("apply", "--target", "near", "--yes", "--confirm", "near")

    assert (unnamed.code, misnamed.code, named.code) == (2, 2, 0)
    assert "--confirm near" in unnamed.err
    assert "created" not in unnamed.out + misnamed.out


def test_errors_stop_everything(intake: Path, program: Program) -> None:
    replace(intake / "prompts/sign-in.md", "<username>", "<usrname>")

    for words in (("plan",), ("apply", "--yes"), ("build",), ("show", "sign-in")):
        answer = program(*words)

        assert answer.code == 1
        assert "undeclared-input" in answer.out


def test_plan_as_json(intake: Path, program: Program) -> None:
    plan = json.loads(program("plan", "--format", "json").out)

    assert (plan["version"], plan["project"], plan["target"]) == (1, "patient-intake", "local")
    assert {(change["action"], change["kind"]) for change in plan["changes"]} == {
        ("create", "tag"),
        ("upload", "image"),
        ("create", "workflow"),
    }
    assert plan["summary"] == {"create": 5, "upload": 3}


def test_a_receipt_says_what_was_done(intake: Path, program: Program) -> None:
    program("apply", "--yes", "--receipt", "receipt.json")

    receipt = json.loads(Path("receipt.json").read_text(encoding="utf-8"))
    kept = [path.read_text(encoding="utf-8") for path in Path(".cyberflow/receipts").iterdir()]

    assert [json.loads(text) for text in kept] == [receipt]
    assert receipt["exit_code"] == 0
    assert {change["status"] for change in receipt["changes"]} == {"done"}
    assert all(change["id"] for change in receipt["changes"] if change["kind"] == "workflow")


def test_state_is_private_and_ignored_by_git(intake: Path, program: Program) -> None:
    program("apply", "--yes")
    program("build")

    for folder in (".cyberflow", "dist"):
        assert (Path(folder).stat().st_mode & 0o777) == 0o700
        assert (Path(folder) / ".gitignore").read_text(encoding="utf-8") == "*\n"


def test_removing_the_state_folder_costs_no_safety(intake: Path, program: Program) -> None:
    """Identity is in the account: without `.cyberflow` but with the account, apply has nothing to do."""
    program("apply", "--yes")
    database = Path(".cyberflow/local.db").read_bytes()
    for path in sorted(Path(".cyberflow").rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    Path(".cyberflow/local.db").write_bytes(database)

    assert program("plan", "--check").code == 0


def test_the_bundle_is_built_once_and_applied(intake: Path, program: Program) -> None:
    program("build", "--out", "built")
    replace(intake / "prompts/sign-in.md", "once only", "a single time")

    applied = program("apply", "--yes", "--bundle", "built/bundle.json")

    assert applied.code == 0, applied.text
    assert program("plan", "--check", "--bundle", "built/bundle.json").code == 0
    assert program("plan", "--check").code == 5


def test_a_bundle_that_was_changed_is_refused(intake: Path, program: Program) -> None:
    program("build", "--out", "built")
    replace(Path("built/bundle.json"), "Hyperspace", "Hyperspeed")

    answer = program("plan", "--bundle", "built/bundle.json")

    assert answer.code == 2
    assert "changed after it was built" in answer.err
