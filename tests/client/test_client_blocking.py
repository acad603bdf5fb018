"""The client for scripts: the same calls, answered instead of awaited."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from cyberflow.client.cyberdesk.client import SyncCyberdesk
from cyberflow.client.http.errors import ApiError, Unreachable
from cyberflow.errors import UsageError
from tests.client.scripted_service import KEY, URL, Script, answer, page, run, workflow


@pytest.fixture
def desk(script: Script) -> SyncCyberdesk:
    return SyncCyberdesk(script.desk())


def test_a_call_is_answered(script: Script, desk: SyncCyberdesk) -> None:
    script.says(answer(201, workflow("w7")))
    with desk:
        made = desk.workflows.create({"main_prompt": "Go"}, key="k")

    assert made.id == "w7"
    assert script.header("idempotency-key") == ["k"]


def test_a_list_is_a_plain_iterator_that_asks_as_it_goes(script: Script, desk: SyncCyberdesk) -> None:
    script.says(answer(200, page([run("a"), run("b")], 3)), answer(200, page([run("c")], 3)))
    with desk:
        found = desk.runs.list(limit=2)
        assert next(found).id == "a"
        assert len(script.asked) == 1
        assert [item.id for item in found] == ["b", "c"]


def test_it_raises_what_the_client_raises_and_goes_on(script: Script, desk: SyncCyberdesk) -> None:
    script.says(answer(404, {"message": "Gone"}), httpx.UnsupportedProtocol("no"), answer(200, {"status": "ok"}))
    with desk:
        with pytest.raises(ApiError, match="Gone"):
            desk.runs.get("r")
        with pytest.raises(Unreachable):
            desk.runs.get("r")
        assert desk.health() == {"status": "ok"}


def test_it_waits_too(script: Script, desk: SyncCyberdesk) -> None:
    script.says(answer(200, page([run("r1", status="success")], 1)), answer(200, run("r1", status="success")))
    with desk:
        assert desk.wait("r1").status == "success"


def test_inside_a_loop_it_says_what_to_use(script: Script, desk: SyncCyberdesk) -> None:
    async def inside() -> None:
        desk.health()

    with desk, pytest.raises(UsageError, match="use `Cyberdesk`"):
        asyncio.run(inside())
    assert script.asked == []


def test_it_connects_as_the_client_does_and_hides_the_key(script: Script) -> None:
    with SyncCyberdesk.connect(URL, KEY, app=httpx.MockTransport(script.carry)) as desk:
        assert repr(desk) == f"SyncCyberdesk(Cyberdesk(Transport({URL})))"
    with pytest.raises(UsageError):
        SyncCyberdesk.connect("ftp://x", KEY)
    with pytest.raises(AttributeError):
        _ = desk.nothing
