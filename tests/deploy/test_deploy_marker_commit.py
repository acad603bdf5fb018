"""The commit in a marker: of the apply that wrote the content, and never a reason to write."""

from __future__ import annotations

import json

import pytest

from cyberflow.deploy.apply.adopt import adopt
from cyberflow.remote.identity import Marker
from tests.deploy.deploy_world import OWNER, Account, bundle_of, clinic, comment, declared, edited

FIRST, SECOND, THIRD = "1" * 40, "2" * 40, "3" * 40 + "+"


def commits(account: Account) -> dict[str, str | None]:
    markers = (Marker.find_in(one.input_schema) for one in account.snapshot().workflows)
    return {one.name: one.commit for one in markers if one is not None}


def test_ten_applies_of_new_commits_write_nothing(account: Account) -> None:
    bundle = clinic()
    account.deploy(bundle, commit=FIRST)
    before = account.snapshot().workflows
    account.deploy(bundle, wire=(counted := account.wire()), commit=FIRST)

    for number in range(10):
        wire = account.wire()
        account.deploy(bundle, wire=wire, commit=f"{number}" * 40)
        assert wire.writes == []
        assert len(wire.requests) == len(counted.requests)

    assert account.snapshot().workflows == before
    assert set(commits(account).values()) == {FIRST}


def test_a_commit_is_that_of_the_content(account: Account) -> None:
    account.deploy(clinic(), commit=FIRST)
    account.deploy(edited(clinic(), "book", main_prompt="<p>Close it.</p>"), commit=THIRD)

    assert commits(account) == {**dict.fromkeys(["lookup", "bill", "login", "models", "shell"], FIRST), "book": THIRD}
    assert comment(account.workflow("Book")).endswith(f" {THIRD}")


def test_what_writes_over_an_edit_is_of_its_own_commit(account: Account) -> None:
    """Even when it brings back what an earlier commit said: that one is not what wrote it."""
    account.deploy(clinic(), commit=FIRST)
    account.edit("Book", main_prompt="<p>By hand.</p>")
    assert commits(account)["book"] == FIRST, "a marker says who wrote what it stands in, not that it is still so"

    account.deploy(clinic(), commit=SECOND, overwrite_drift=True)
    assert commits(account)["book"] == SECOND


def test_a_write_of_the_same_commit_sends_no_schema_with_it(account: Account) -> None:
    account.deploy(clinic(), commit=FIRST)
    account.edit("Book", main_prompt="<p>By hand.</p>")
    account.deploy(clinic(), wire=(wire := account.wire()), commit=FIRST, overwrite_drift=True)

    (patch,) = (one for one in wire.requests if one.method == "PATCH")
    assert json.loads(patch.content).keys() == {"main_prompt"}


def test_a_create_that_died_keeps_the_commit_of_its_content(account: Account) -> None:
    bundle = bundle_of(declared("lookup"))
    account.deploy(bundle, commit=FIRST)
    done = account.workflow("Lookup")
    marker = Marker.find_in(done.input_schema)
    assert marker is not None
    account.rewrite(done.id, input_schema=Marker(marker.owner, "lookup", "new", marker.hash, FIRST).insert_into(None))

    account.deploy(bundle, commit=SECOND)
    assert commits(account) == {"lookup": FIRST}
    assert comment(account.workflow("Lookup")) == f"cyberflow:clinic/lookup {done.id} {marker.hash} {FIRST}"


def test_a_marker_of_an_earlier_version_is_left_as_it_is(account: Account) -> None:
    bundle = bundle_of(declared("lookup"))
    account.deploy(bundle)
    now = account.workflow("Lookup")
    account.rewrite(now.id, input_schema=(now.input_schema or "").replace(' -"', '"'))
    assert comment(account.workflow("Lookup")).count(" ") == 2

    account.deploy(bundle, wire=(wire := account.wire()), commit=FIRST)
    assert wire.writes == []


@pytest.mark.parametrize(("prompt", "commit"), [("<p>Open it.</p>", FIRST), ("<p>By hand.</p>", None)])
def test_what_is_adopted_has_the_commit_that_says_the_same(account: Account, prompt: str, commit: str | None) -> None:
    bundle = bundle_of(declared("lookup"))
    made = account.ask(lambda desk: desk.workflows.create({"name": "Lookup", "main_prompt": prompt}, "k"))

    account.ask(lambda desk: adopt(desk, bundle, OWNER, "lookup", made.id, commit=FIRST))
    assert commits(account) == {"lookup": commit}
