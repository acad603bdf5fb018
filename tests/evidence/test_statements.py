"""Statements: what they say and never say, and what becomes of them when one byte of anything is changed."""

from __future__ import annotations

import json
import shutil
import zlib
from collections.abc import Callable
from operator import methodcaller
from pathlib import Path
from typing import Any

import pytest

from cyberflow.errors import UsageError
from cyberflow.evidence.statement import PREDICATE, TYPE, BadStatement, digest, load_statement
from cyberflow.evidence.verify import Verification
from cyberflow.sdk.evidence import trace, verify_statements
from tests.evidence.clinic import CANARY, Clinic, git

pytestmark = pytest.mark.slow


@pytest.fixture
def told(clinic: Clinic) -> Clinic:
    """Three applies, a chain after each, and the statements of all their runs in `runs.jsonl`."""
    clinic.apply()
    clinic.run("intake")
    for old, new in (("as a nurse would", "calmly"), ("calmly", "gladly")):
        clinic.write(old, new)
        clinic.apply()
        clinic.run("intake")
    trace(*clinic.runs, project=clinic.folder).write(clinic.folder / "runs.jsonl")
    return clinic


def lines(clinic: Clinic) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (clinic.folder / "runs.jsonl").read_text(encoding="utf-8").splitlines()]


def rewrite(clinic: Clinic, number: int, change: Callable[[dict[str, Any]], object], *, sealed: bool = False) -> None:
    """Change one statement; `sealed` makes its digest that of what it then says."""
    all_of_them = lines(clinic)
    change(all_of_them[number]["predicate"])
    if sealed:
        all_of_them[number]["subject"][0]["digest"]["sha256"] = digest(all_of_them[number]["predicate"])
    text = "".join(json.dumps(one) + "\n" for one in all_of_them)
    (clinic.folder / "runs.jsonl").write_text(text, encoding="utf-8")


def verified(clinic: Clinic) -> Verification:
    return verify_statements(clinic.folder / "runs.jsonl", clinic.folder)


def problems(done: Verification) -> list[tuple[int, str]]:
    found = [(number, one.message) for number, line in enumerate(done.statements) for one in line.findings]
    return [*found, *((-1, fault.message) for fault in done.faults)]


def test_what_was_traced_is_verified_offline(told: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CLINIC_KEY")
    done = verified(told)

    assert (done.exit_code, problems(done), done.receipts) == (0, [], 3)
    assert [one.standing for one in done.statements] == ["verified"] * 6


def test_a_statement_is_in_toto_s_and_says_nothing_of_patients(told: Clinic) -> None:
    text = (told.folder / "runs.jsonl").read_text(encoding="utf-8")
    assert CANARY not in text
    for line, run in zip(lines(told), told.runs, strict=True):
        assert (line["_type"], line["predicateType"]) == (TYPE, PREDICATE)
        (subject,) = line["subject"]
        assert subject == {"name": f"cyberdesk/runs/{run}", "digest": {"sha256": digest(line["predicate"])}}
        assert line.keys() == {"_type", "subject", "predicateType", "predicate"}


def test_each_statement_stands_alone_and_says_the_same_again(told: Clinic) -> None:
    before = (told.folder / "runs.jsonl").read_bytes()
    trace(*told.runs, project=told.folder).write(told.folder / "runs.jsonl")
    assert (told.folder / "runs.jsonl").read_bytes() == before

    (told.folder / "runs.jsonl").write_bytes(before.splitlines(keepends=True)[3])
    assert verified(told).exit_code == 0


def set_grade(predicate: dict[str, Any]) -> None:
    predicate["grading"]["grade"] = "recorded"


def set_hash(predicate: dict[str, Any]) -> None:
    predicate["grading"]["hash"] = "0" * 64


def set_reading(predicate: dict[str, Any]) -> None:
    predicate["evidence"]["readings"][0]["updated_at"] = "2020-01-01T00:00:00Z"


def set_approver(predicate: dict[str, Any]) -> None:
    predicate["receipt"]["approved_by"] = "Somebody else"


CHANGES = [set_grade, set_hash, set_reading, set_approver]


@pytest.mark.parametrize("change", CHANGES)
def test_a_statement_that_was_changed_is_contradicted(told: Clinic, change: Callable[[dict[str, Any]], None]) -> None:
    rewrite(told, 2, change)
    done = verified(told)

    assert done.exit_code == 1
    ((number, message),) = problems(done)
    assert (number, "its digest is not that of what it says" in message) == (2, True)


@pytest.mark.parametrize("change", CHANGES)
def test_one_with_a_new_digest_is_contradicted_by_what_it_leads_to(
    told: Clinic, change: Callable[[dict[str, Any]], None]
) -> None:
    rewrite(told, 2, change, sealed=True)
    done = verified(told)

    assert done.exit_code == 1
    assert {number for number, _ in problems(done)} == {2}


def test_a_grade_and_facts_that_were_changed_together_meet_the_repository(told: Clinic) -> None:
    other = lines(told)[0]["predicate"]["grading"]["hash"]

    def change(predicate: dict[str, Any]) -> None:
        predicate["grading"]["hash"] = other
        for reading in (*predicate["evidence"]["readings"], predicate["evidence"]["now"]):
            reading["hash"] = other

    rewrite(told, 4, change, sealed=True)
    done = verified(told)
    assert done.exit_code == 1
    assert any("other content" in message for number, message in problems(done) if number == 4)


def test_one_byte_of_a_receipt_is_seen(told: Clinic) -> None:
    receipt = sorted((told.folder / ".cyberflow" / "receipts").iterdir())[1]
    receipt.write_text(receipt.read_text(encoding="utf-8").replace("B. Beispiel", "C. Beispiel"), encoding="utf-8")
    done = verified(told)

    assert done.exit_code == 1
    said = problems(done)
    assert {number for number, message in said if receipt.name in message} == {2, -1}


@pytest.mark.parametrize("place", [0, 1])
def test_a_receipt_that_is_missing_is_told(told: Clinic, place: int) -> None:
    receipt = sorted((told.folder / ".cyberflow" / "receipts").iterdir())[place]
    receipt.unlink()
    done = verified(told)

    assert done.exit_code == 4
    assert any(number == -1 and receipt.name in message for number, message in problems(done))
    assert any(number >= 0 and f"{receipt.name} is not here" in message for number, message in problems(done))


def test_a_receipt_that_was_put_there_is_told(told: Clinic) -> None:
    folder = told.folder / ".cyberflow" / "receipts"
    first = min(folder.iterdir())
    forged = json.loads(first.read_text(encoding="utf-8")) | {"approved_by": "Nobody"}
    (folder / "29990101T000000000000.json").write_text(json.dumps(forged), encoding="utf-8")
    done = verified(told)

    assert done.exit_code == 4
    assert [number for number, _ in problems(done)] == [-1]


def test_history_written_anew_is_told(told: Clinic) -> None:
    """The commits are gone: what a statement says of them cannot be seen here, and is not so either."""
    git(told.folder, "checkout", "-q", "--orphan", "other")
    git(told.folder, "commit", "-qm", "All of it")
    git(told.folder, "branch", "-qD", "main")
    git(told.folder, "reflog", "expire", "--expire=now", "--all")
    git(told.folder, "gc", "-q", "--prune=now")
    done = verified(told)

    assert done.exit_code == 4
    assert len([message for _, message in problems(done) if "not in this repository" in message]) == 6


def test_one_byte_of_a_prompt_in_the_repository_is_seen(told: Clinic) -> None:
    commit = lines(told)[0]["predicate"]["grading"]["commit"]
    blob = git(told.folder, "rev-parse", f"{commit}:workflows.yaml")
    file = told.folder / ".git" / "objects" / blob[:2] / blob[2:]
    file.chmod(0o644)
    file.write_bytes(zlib.compress(zlib.decompress(file.read_bytes()).replace(b"nurse", b"horse")))
    done = verified(told)

    assert done.exit_code == 1
    assert {number for number, message in problems(done) if "not what its id says" in message} >= {0}


def test_what_is_changed_or_unknown_is_open(clinic: Clinic) -> None:
    clinic.apply()
    clinic.run()
    clinic.run(during=clinic.edit_and_apply)
    trace(*clinic.runs, project=clinic.folder).write(clinic.folder / "runs.jsonl")
    done = verified(clinic)

    assert done.exit_code == 4
    assert [one.standing for one in done.statements] == ["verified", "open"]


def test_a_fresh_clone_verifies_what_needs_no_receipt(told: Clinic) -> None:
    told.forget()
    trace(*told.runs, project=told.folder).write(told.folder / "runs.jsonl")
    other = told.clone()
    shutil.copy(told.folder / "runs.jsonl", other.folder / "runs.jsonl")

    done = verified(other)
    assert (done.exit_code, done.receipts) == (0, 0)


def test_applies_of_two_machines_meet_in_one_folder(told: Clinic) -> None:
    other = told.clone()
    other.edit_and_apply("mildly", old="gladly")
    for receipt in (other.folder / ".cyberflow" / "receipts").iterdir():
        shutil.copy(receipt, told.folder / ".cyberflow" / "receipts")

    assert verified(told).exit_code == 4, "a chain that begins twice is told, and nobody is accused"


@pytest.mark.parametrize(
    "line",
    ["{", "[]", "7", "{}", '{"_type": "x", "predicateType": "y", "subject": [], "predicate": {}}', "[" * 9000, '"é"'],
)
def test_what_is_not_a_statement_is_said(line: str) -> None:
    with pytest.raises(BadStatement):
        load_statement(line)


def test_a_statement_of_another_shape_is_said(told: Clinic) -> None:
    for key in ("evidence", "grading", "receipt", "names", "target"):
        shutil.copy(told.folder / "runs.jsonl", told.folder / "before.jsonl")
        rewrite(told, 0, methodcaller("pop", key), sealed=True)
        done = verified(told)
        assert done.exit_code == 1, key
        shutil.copy(told.folder / "before.jsonl", told.folder / "runs.jsonl")


@pytest.mark.parametrize("content", [None, b"", b"\n \n", b"\xff"])
def test_a_file_without_a_statement_is_refused(tmp_path: Path, clinic: Clinic, content: bytes | None) -> None:
    file = tmp_path / "none.jsonl"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(UsageError):
        verify_statements(file, clinic.folder)
