from __future__ import annotations

import asyncio
from collections import Counter

import httpx
import pytest

from cyberflow.compiler.bundle import Bundle
from cyberflow.deploy.apply.apply import apply
from cyberflow.deploy.plan.model import Outcome
from cyberflow.deploy.plan.plan import plan
from cyberflow.remote.identity import Ownership, list_owned_workflows
from cyberflow.remote.snapshot import read_snapshot
from tests.deploy.deploy_world import CONTENTS, OWNER, Account, Killed, at, clinic, edited


def requests_of_a_whole_apply() -> int:
    account = Account()
    wire = account.wire()
    account.deploy(clinic(), wire=wire)
    account.close()
    return len(wire.requests)


REQUESTS = requests_of_a_whole_apply()


def test_there_are_many_boundaries_to_die_at() -> None:
    assert REQUESTS > 40


def expect_settled(account: Account, bundle: Bundle) -> None:
    """Exactly what is declared, nothing twice, everything ours and finished, and nothing left to do."""
    found = account.snapshot()
    assert sorted(one.name or "" for one in found.workflows) == sorted(one.payload["name"] for one in bundle.workflows)
    assert {one.ownership for one in list_owned_workflows(found.workflows, OWNER)} == {Ownership.MANAGED}
    assert sorted(one.name for one in found.tags) == ["Epic", "Production", "cyberflow:clinic"]
    assert len(found.images) == 2
    wire = account.wire()
    assert account.deploy(bundle, wire=wire) == []
    assert wire.writes == []


@pytest.mark.slow
@pytest.mark.parametrize(("fault", "later"), [("kill", False), ("die", False), ("die", True)])
def test_killed_at_every_request_and_run_again(fault: str, later: bool) -> None:
    for boundary in range(1, REQUESTS + 1, 3 if later else 1):
        account = Account()
        wire = account.wire(at(boundary, fault))
        with pytest.raises(Killed):
            account.deploy(clinic(), wire=wire)
        if later:
            account.forget_keys()

        again = account.deploy(clinic())

        assert {one.status for one in again} <= {"done", "unchanged"}, (boundary, again)
        expect_settled(account, clinic())
        account.close()


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["kill", "die"])
def test_killed_while_updating_with_other_content(fault: str) -> None:
    changed = edited(clinic(), "book", main_prompt="<p>Changed.</p>")
    changed = edited(changed, "bill", output_schema='{"type":"object","title":"bill"}')
    for boundary in range(5, REQUESTS + 1, 6):
        account = Account()
        wire = account.wire(at(boundary, fault))
        with pytest.raises(Killed):
            account.deploy(clinic(), wire=wire)

        account.deploy(changed)

        assert account.workflow("Book").main_prompt == "<p>Changed.</p>"
        found = account.snapshot()
        assert len(found.workflows) == 6
        assert account.plan(changed).changes == ()
        account.close()


@pytest.mark.parametrize("fault", ["lose", "cut"])
def test_every_answer_lost_once(fault: str) -> None:
    account = Account()
    seen: Counter[tuple[str, str, str]] = Counter()

    def once(_: int, request: httpx.Request) -> str | None:
        what = (request.method, str(request.url), request.headers.get("idempotency-key", ""))
        seen[what] += 1
        return fault if seen[what] == 1 else None

    outcomes = account.deploy(clinic(), wire=account.wire(once))

    assert {one.status for one in outcomes} == {"done"}
    expect_settled(account, clinic())
    account.close()


def test_answers_to_creates_lost_for_good(account: Account) -> None:
    def deaf(_: int, request: httpx.Request) -> str | None:
        return "lose" if (request.method, request.url.path) == ("POST", "/v1/workflows") else None

    outcomes = account.deploy(clinic(), wire=account.wire(deaf))

    workflows = [one for one in outcomes if one.kind == "workflow"]
    assert Counter(one.status for one in workflows)["done"] == 0
    assert {one.exit_code for one in workflows} == {3}
    assert len(workflows) == 6
    account.deploy(clinic())
    expect_settled(account, clinic())


def test_one_refused_write_stops_that_workflow_alone(account: Account) -> None:
    broken = edited(clinic(), "shell", output_schema="this is no JSON")

    outcomes = {one.name: one for one in account.deploy(broken)}

    assert (outcomes["shell"].status, outcomes["shell"].exit_code) == ("failed", 3)
    assert "422" in outcomes["shell"].message
    assert {one.status for name, one in outcomes.items() if name != "shell"} == {"done"}
    account.deploy(clinic())
    expect_settled(account, clinic())


def test_nobody_knocks_on_at_a_service_that_is_gone(account: Account) -> None:
    planned = account.plan(clinic())

    def gone(_: int, request: httpx.Request) -> str | None:
        return "cut" if request.method == "POST" else None

    wire = account.wire(gone)
    outcomes = account.carry_out(planned, wire=wire)

    assert len(outcomes) == 3 + 2 + 6
    assert {one.exit_code for one in outcomes} == {3}
    assert Counter(one.status for one in outcomes)["skipped"] == 8
    account.deploy(clinic())
    expect_settled(account, clinic())


def deploy_together(account: Account, *bundles: Bundle) -> list[list[Outcome]]:
    async def one(bundle: Bundle) -> list[Outcome]:
        async with account.desk() as desk:
            planned = plan(bundle, await read_snapshot(desk), OWNER)
            await asyncio.sleep(0)
            return [outcome async for outcome in apply(planned, desk, CONTENTS.__getitem__)]

    async def together() -> list[list[Outcome]]:
        return await asyncio.gather(*map(one, bundles))

    return asyncio.run(together())


def test_two_applies_at_once_make_everything_once(account: Account) -> None:
    both = deploy_together(account, clinic(), clinic())

    assert {one.status for outcomes in both for one in outcomes} <= {"done", "unchanged"}
    expect_settled(account, clinic())


def test_two_applies_of_different_content_are_told_what_they_made_twice(account: Account) -> None:
    other = edited(clinic(), "book", main_prompt="<p>Other.</p>")

    both = deploy_together(account, clinic(), other)

    made = {one.id for one in account.snapshot().workflows if one.name == "Book"}
    assert len(made) == 2
    told = [one for outcomes in both for one in outcomes if one.status == "conflict"]
    assert {one.name for one in told} == {"book"}
    assert all(id in one.message for one in told for id in made)
    planned = account.plan(clinic())
    assert set(planned.conflicts[0].ids) == made
    assert planned.exit_code == 4


def test_an_apply_that_comes_second_finds_the_work_done(account: Account) -> None:
    planned = account.plan(clinic())
    account.deploy(clinic())
    wire = account.wire()

    outcomes = account.carry_out(planned, wire=wire)

    assert {one.status for one in outcomes} == {"unchanged"}
    assert wire.writes == []


def test_leaving_an_apply_early_leaves_nothing_behind(account: Account) -> None:
    async def left() -> int:
        async with account.desk() as desk:
            applied = apply(plan(clinic(), await read_snapshot(desk), OWNER), desk, CONTENTS.__getitem__)
            await anext(applied)
            await applied.aclose()
            return len([task for task in asyncio.all_tasks() if task is not asyncio.current_task()])

    assert asyncio.run(left()) == 0
    account.deploy(clinic())
    expect_settled(account, clinic())


def test_writes_that_make_something_have_the_same_keys_on_every_machine() -> None:
    keys = []
    for _ in range(2):
        account = Account()
        wire = account.wire()
        account.deploy(clinic(), wire=wire)
        creates = [one for one in wire.requests if one.method == "POST" and not one.url.path.endswith("/tags")]
        keys.append(sorted(one.headers["idempotency-key"] for one in creates))
        others = [one for one in wire.requests if one.method != "GET" and one not in creates]
        assert len({one.headers["idempotency-key"] for one in others}) == len(others)
        account.close()

    made, again = keys
    assert len(made) == 3 + 2 + 6
    # The ids of the account (of images and models) are part of some bodies; those of a local platform are stable.
    assert made == again
