"""Creates whose keys are spent, held by another, or refused: what was made is told, and only what must stops."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from cyberflow.deploy.apply.apply import apply
from cyberflow.deploy.apply.idempotent_create import PATIENCE, CreateRequest, Maker, create_once
from cyberflow.deploy.plan.model import Outcome
from cyberflow.deploy.plan.plan import plan
from cyberflow.errors import ConflictError
from cyberflow.remote.snapshot import read_snapshot
from tests.deploy.deploy_world import CONTENTS, OWNER, Account, Wire, bundle_of, declared, image

Forge = Callable[[httpx.Request], httpx.Response | None]
SEARCH = b"\x89PNG\r\n\x1a\n search"


class Refusing(Wire):
    """A service that answers some requests by itself, and keeps no trace of them."""

    def __init__(self, app: Any, forge: Forge) -> None:
        super().__init__(app)
        self._forge = forge

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        forged = self._forge(request)
        if forged is None:
            return await super().handle_async_request(request)
        self.requests.append(request)
        return forged


def refuse(status: int, **headers: str) -> httpx.Response:
    return httpx.Response(status, json={"error": "x", "message": "no"}, headers=headers)


def test_one_create_goes_on_as_often_as_its_keys_are_spent(account: Account) -> None:
    """Workflow, tag and image made and deleted again and again, within the life of their keys."""
    bundle = bundle_of(declared("one", image(SEARCH), tags=["Epic"]))
    for turn in range(12):
        outcomes = account.deploy(bundle)

        assert {one.status for one in outcomes} == {"done"}, (turn, outcomes)
        found = account.snapshot()
        for workflow in found.workflows:
            account.delete(workflow.id)
        for one in found.images:
            account.delete_image(one.path)
        for tag in found.tags:
            account.delete_tag(tag.id)


def test_a_service_that_repeats_one_answer_for_ever_is_told_with_a_way_on() -> None:
    asked: list[str] = []

    async def create(key: str) -> str:
        asked.append(key)
        return "id-1"

    async def nothing(_: str) -> None:
        return None

    async def ids() -> list[str]:
        return []

    for kind, most in (("workflow", 2), ("image", 101)):
        asked.clear()
        with pytest.raises(ConflictError, match=r"made the \w+ `a` \(id-1\), but it is not there") as caught:
            asyncio.run(create_once(CreateRequest(OWNER, kind, "a", {}), (), Maker(create, nothing, ids)))  # type: ignore[arg-type]

        assert "within a day" in (caught.value.help or "")
        assert len(asked) == len(set(asked)) == most


def apply_through(account: Account, forge: Forge, *names: str) -> dict[str, Outcome]:
    bundle = bundle_of(*(declared(name) for name in names))
    return {one.name: one for one in account.deploy(bundle, wire=Refusing(account.platform.app, forge))}


def body_of(request: httpx.Request) -> str:
    return request.content.decode() if request.method in {"POST", "PATCH"} else ""


def test_a_refused_create_stops_that_object_only(account: Account) -> None:
    outcomes = apply_through(account, lambda one: refuse(403) if '"name":"B"' in body_of(one) else None, *"abc")

    assert {name: one.status for name, one in outcomes.items() if len(name) == 1} == {
        "a": "done",
        "b": "failed",
        "c": "done",
    }


@pytest.mark.parametrize(("status", "others"), [(401, "skipped"), (402, "skipped"), (403, "failed"), (429, "skipped")])
def test_what_stops_everything_is_about_the_key(account: Account, status: int, others: str) -> None:
    outcomes = apply_through(account, lambda one: refuse(status) if one.method == "POST" else None, *"abc")

    assert outcomes["cyberflow:clinic"].status == "failed"
    assert {outcomes[name].status for name in "abc"} == {others}


@pytest.mark.parametrize("status", [401, 402, 403, 500, 503])
@pytest.mark.parametrize("step", ["tag", "patch", "read"])
def test_what_was_made_is_told_as_begun(account: Account, status: int, step: str) -> None:
    """Whatever refuses the rest of it: never as skipped, always with its id, and the next apply finishes it."""
    account.make_tag("cyberflow:clinic")

    def forge(request: httpx.Request) -> httpx.Response | None:
        path = request.url.path
        one = path.startswith("/v1/workflows/") and "prompt-images" not in path
        matching = {"tag": path.endswith("/tags"), "patch": request.method == "PATCH", "read": request.method == "GET"}
        return refuse(status) if one and matching[step] else None

    outcomes = apply_through(account, forge, "a", "b")

    made = {one.id for one in account.snapshot().workflows}
    begun = [one for one in outcomes.values() if one.status == "unfinished"]
    assert {one.id for one in begun} == made
    assert begun
    assert all(one.message.startswith("it was created, and the next apply finishes it: ") for one in begun)
    assert {one.exit_code for one in begun} == {3}
    left = {one.status for one in outcomes.values()} - {"unfinished"}
    assert left <= ({"skipped"} if status in (401, 402) else set())
    assert {one.status for one in account.deploy(bundle_of(declared("a"), declared("b")))} == {"done"}
    assert len(account.snapshot().workflows) == 2


def test_an_answer_that_is_lost_for_good_may_have_been_made(account: Account) -> None:
    def deaf(_: int, request: httpx.Request) -> str | None:
        return "lose" if (request.method, request.url.path) == ("POST", "/v1/workflows") else None

    (*_, outcome) = account.deploy(bundle_of(declared("a")), wire=account.wire(deaf))

    assert outcome.status == "failed"
    assert outcome.message.endswith("it may have been made: the next apply looks")


def in_progress(account: Account, times: int, path: str) -> tuple[list[Outcome], list[float]]:
    """Deploy while the keys of creates at `path` are held by another sending; with the seconds that were waited."""
    left = {"n": times}
    waited: list[float] = []

    def forge(request: httpx.Request) -> httpx.Response | None:
        if request.method != "POST" or request.url.path != path or not left["n"]:
            return None
        left["n"] -= 1
        return refuse(409, **{"Idempotency-Status": "in_progress"})

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    async def deployed() -> list[Outcome]:
        async with account.desk(Refusing(account.platform.app, forge)) as desk:
            made = plan(bundle_of(declared("a")), await read_snapshot(desk), OWNER)
            return [one async for one in apply(made, desk, CONTENTS.__getitem__, sleep=sleep)]

    return asyncio.run(deployed()), waited


@pytest.mark.parametrize("path", ["/v1/workflows", "/v1/workflow-tags"])
def test_a_key_that_is_in_progress_is_waited_out(account: Account, path: str) -> None:
    """Four requests are the client's own; each wait begins four more."""
    outcomes, waited = in_progress(account, 4 * 6, path)

    assert {one.status for one in outcomes} == {"done"}
    assert waited == list(PATIENCE[:6])


def test_a_key_that_stays_in_progress_ends_in_a_failure(account: Account) -> None:
    outcomes, waited = in_progress(account, 10_000, "/v1/workflows")

    assert outcomes[-1].status == "failed"
    assert "409" in outcomes[-1].message
    assert 60 < sum(waited) < 300


def test_another_conflict_is_not_waited_for(account: Account) -> None:
    outcomes = apply_through(
        account, lambda one: refuse(409) if (one.method, one.url.path) == ("POST", "/v1/workflows") else None, "a"
    )

    assert outcomes["a"].status == "failed"
    assert "answered 409" in outcomes["a"].message
