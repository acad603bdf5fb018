"""Receipts: what they say of each workflow, who approved, and the chain that they make."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from cyberflow.compiler.bundle import Bundle
from cyberflow.deploy.plan.model import Plan
from cyberflow.deploy.receipts import Approval, Receipt, ReceiptLine, load_receipt
from cyberflow.remote.canonical import field_hash, wire_fields
from cyberflow.remote.identity import Owner
from tests.deploy.deploy_world import Account, bundle_of, clinic, declared, edited

NOTHING: dict[str, Any] = {"commit": None, "url": None}


def plan_for(target: str) -> Plan:
    return Plan(Bundle("clinic", target), Owner("clinic"))


def leave(folder: Path, target: str = "prod", *, begun: bool = True) -> Receipt:
    receipt = Receipt(plan_for(target), NOTHING, folder)
    if begun:
        receipt.open()
    return receipt


def read(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]


def test_each_receipt_holds_the_one_before_it_on_its_target(tmp_path: Path) -> None:
    for target in ("prod", "test", "prod", "prod"):
        leave(tmp_path, target, begun=target == "prod").close([], 0)

    files = sorted(tmp_path.glob("*.json"))
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in files]
    first, other, second, third = read(tmp_path)
    assert (first["number"], first["previous"], first["previous_receipt"]) == (1, None, None)
    assert (other["number"], other["previous"]) == (1, None)
    assert (second["number"], second["previous"], second["previous_receipt"]) == (2, digests[0], files[0].name)
    assert (third["number"], third["previous"], third["previous_receipt"]) == (3, digests[2], files[2].name)


def test_a_killed_apply_is_a_link_too(tmp_path: Path) -> None:
    leave(tmp_path)
    leave(tmp_path).close([], 0)

    killed, after = sorted(tmp_path.glob("*.json"))
    assert read(tmp_path)[0]["exit_code"] is None
    assert read(tmp_path)[1]["previous"] == hashlib.sha256(killed.read_bytes()).hexdigest()
    assert after.name > killed.name


def test_one_that_is_closed_meanwhile_says_what_it_was_when_it_was_begun(tmp_path: Path) -> None:
    slow = leave(tmp_path)
    quick = leave(tmp_path)
    slow.close([], 0)
    quick.close([], 0)

    first, second = read(tmp_path)
    stored = load_receipt(min(tmp_path.glob("*.json")))
    assert stored is not None
    assert second["previous"] == first["opened"] != stored.sha256


def test_what_is_not_a_receipt_is_not_a_link(tmp_path: Path) -> None:
    for number, text in enumerate(["", "[]", "{}", '{"version": 9}', "{" * 9000, '{"version": 2, "project": 7}']):
        (tmp_path / f"2999{number}.json").write_text(text, encoding="utf-8")
    (tmp_path / "30000.json").write_bytes(b"\xff\xfe")
    leave(tmp_path).close([], 0)

    line = ReceiptLine(tmp_path, "clinic", "prod")
    assert [one.number for one in line.newest_first()] == [1]


def test_a_change_says_what_the_content_was_and_is(account: Account) -> None:
    bundle = bundle_of(declared("lookup"), declared("book"))
    made = {one.name: one for one in account.deploy(bundle) if one.kind == "workflow"}
    stored = {one.name: field_hash(wire_fields(one)) for one in account.snapshot().workflows}
    assert {name: (one.before, one.after) for name, one in made.items()} == {
        "lookup": (None, stored["Lookup"]),
        "book": (None, stored["Book"]),
    }

    (changed,) = account.deploy(edited(bundle, "book", main_prompt="<p>Close it.</p>"))
    assert (changed.before, changed.after) == (stored["Book"], field_hash(wire_fields(account.workflow("Book"))))
    assert changed.to_json()["before"] == stored["Book"]


def test_images_are_in_the_hash_as_they_are_on_the_account(account: Account) -> None:
    made = {one.name: one.after for one in account.deploy(clinic()) if one.kind == "workflow"}

    assert made["lookup"] == field_hash(wire_fields(account.workflow("Lookup")))


@pytest.mark.parametrize(
    ("named", "environment", "expected"),
    [
        ("B. Beispiel", {"GITHUB_ACTOR": "bot"}, ("B. Beispiel", "--approved-by")),
        (" ", {"GITHUB_ACTOR": "ada"}, ("ada", "GITHUB_ACTOR")),
        (None, {"GITHUB_ACTOR": "ada", "GITHUB_TRIGGERING_ACTOR": "bo"}, ("bo", "GITHUB_TRIGGERING_ACTOR")),
        (None, {"GITLAB_USER_LOGIN": "cy"}, ("cy", "GITLAB_USER_LOGIN")),
        (None, {"GITHUB_ACTOR": ""}, (None, None)),
        (None, {}, (None, None)),
    ],
)
def test_who_approved_is_named_or_said_by_the_ci(
    named: str | None, environment: dict[str, str], expected: tuple[str | None, str | None]
) -> None:
    found = Approval.find(named, environment)

    assert (found.by, found.source) == expected
