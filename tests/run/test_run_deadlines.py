"""The time given holds whatever the service does: it hangs, drips, fails for ever, or answers what cannot be read."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from cyberflow.client.cyberdesk.client import Cyberdesk
from cyberflow.client.http.errors import ApiError
from cyberflow.client.http.retry import Retry
from cyberflow.run.chain.events import ChainState, StepRun
from cyberflow.run.chain.follow import cancel, follow
from cyberflow.run.chain.reducer import replay
from cyberflow.run.chain.result import result_of
from cyberflow.run.chain.submit import submit
from cyberflow.run.work import polling
from cyberflow.run.work.journal import open_journal
from cyberflow.run.work.polling import FollowOptions, PollInterval
from cyberflow.run.work.submit import SubmissionTimedOut
from tests.run.clinic import Time, World

pytestmark = pytest.mark.anyio
START = ChainState("duo", (StepRun("a", "w", "r1"), StepRun("b", "w", "r2")), "s-1", {"x": {"$ref": "b.outputs.x"}})
TOO_LONG = 20
QUICK = PollInterval(0.01, 0.05)
RUNS = {
    "items": [
        {"id": id, "workflow_id": "w", "status": "running", "created_at": "2026-03-01", "session_id": "s-1"}
        for id in ("r2", "r1")
    ],
    "total": 2,
    "skip": 0,
    "limit": 1000,
}


def broken_list() -> httpx.Response:
    return httpx.Response(200, content=b'{"items": [')


def web_page() -> httpx.Response:
    return httpx.Response(200, content=b"<html>sign in</html>", headers={"content-type": "text/html"})


def unavailable() -> httpx.Response:
    return httpx.Response(503)


def bad_gateway() -> httpx.Response:
    return httpx.Response(502, content=b"<html>bad gateway</html>")


def slow_down() -> httpx.Response:
    return httpx.Response(429, headers={"Retry-After": "300"})


def reset() -> httpx.Response:
    raise httpx.ReadError("reset")


class Service:
    """Answers every request by `answer`, or hangs without one; writes down what was asked."""

    def __init__(self, answer: Callable[[], httpx.Response] | None) -> None:
        self.answer = answer
        self.asked: list[tuple[str, str]] = []

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append((request.method, request.url.path))
        if self.answer is None:
            await asyncio.Event().wait()
        assert self.answer is not None
        return self.answer()

    def desk(self) -> Cyberdesk:
        transport: Any = httpx.MockTransport(self)
        return Cyberdesk.connect("https://api.example.test", "key", app=transport, retry=Retry(retries=1))


@pytest.fixture(autouse=True)
def short_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling.Deadline.extend, "__defaults__", (0.5,))


TROUBLES = [None, broken_list, web_page, unavailable, bad_gateway, slow_down, reset]


@pytest.mark.slow
@pytest.mark.parametrize("answer", TROUBLES)
@pytest.mark.parametrize("cancels", [False, True])
async def test_the_time_given_ends_the_following(answer: Any, cancels: bool) -> None:
    service = Service(answer)
    options = FollowOptions(QUICK, timeout=0.3, cancel_on_timeout=cancels)
    async with asyncio.timeout(TOO_LONG), service.desk() as desk:
        events = [event async for event in follow(desk, START, options)]
    end = replay(START, events)

    assert (end.timed_out, end.has_ended, end.cancelled) == (True, True, cancels)
    assert (result_of(end).exit_code, result_of(end).status) == (1, "scheduling")
    assert end.trouble
    if cancels:
        assert {("PATCH", "/v1/runs/r1"), ("PATCH", "/v1/runs/r2")} <= set(service.asked)
        assert len(end.refused) >= 2


@pytest.mark.parametrize("answer", [broken_list, web_page, unavailable, reset])
async def test_one_answer_that_cannot_be_read_is_passing_trouble(answer: Any, time: Time) -> None:
    service = Service(lambda: httpx.Response(200, json=RUNS))
    asked = 0

    def odd() -> httpx.Response:
        nonlocal asked
        asked += 1
        if asked in (2, 3, 4):
            return answer()  # type: ignore[no-any-return]
        if asked > 6:
            ended = [one | {"status": "success", "output_data": {"x": 1}} for one in RUNS["items"]]  # type: ignore[attr-defined]
            return httpx.Response(200, json=RUNS | {"items": ended})
        return httpx.Response(200, json=RUNS)

    service.answer = odd
    options = FollowOptions(PollInterval(1.0, 5.0), clock=time, sleep=time.sleep)
    async with service.desk() as desk:
        events = [event async for event in follow(desk, START, options)]
    assert result_of(replay(START, events)).to_json()["outputs"] == {"x": 1}


@pytest.mark.slow
async def test_the_time_counts_from_the_submission_and_ends_one_that_has_no_answer(world: World) -> None:
    invocation = open_journal(world.folder, "prod")
    async with asyncio.timeout(TOO_LONG), Service(None).desk() as desk:
        with pytest.raises(SubmissionTimedOut) as caught:
            await submit(desk, world.request(), invocation, FollowOptions(timeout=0.2))
    assert caught.value.exit_code == 1
    assert "cyberflow runs list --target prod" in (caught.value.help or "")
    assert (entry := invocation.entry) is not None
    assert entry.stage == "unknown"


async def test_what_was_spent_on_submitting_is_not_given_again(world: World) -> None:
    state, _ = await world.start({"lookup": {"seconds": 3600}})
    await world.time.sleep(29.0)
    events = [event async for event in follow(world.desk, state, world.watch(timeout=30.0))]
    assert world.time.seconds == pytest.approx(30.0)
    assert replay(state, events).timed_out


@pytest.mark.parametrize("first", [broken_list, web_page, unavailable, reset])
async def test_a_submission_whose_answer_is_lost_is_sent_again_under_its_key(world: World, first: Any) -> None:
    bodies, keys = [], []

    def answer(request: httpx.Request) -> httpx.Response:
        bodies.append(request.content)
        keys.append(request.headers["Idempotency-Key"])
        if len(bodies) <= 3:
            return first()  # type: ignore[no-any-return]
        return httpx.Response(201, json={"session_id": "s-1", "run_ids": ["r1", "r2", "r3"]})

    transport: Any = httpx.MockTransport(answer)
    invocation = open_journal(world.folder, "prod")
    heard: list[str] = []
    retry = Retry(retries=1, sleep=world.time.sleep)
    async with Cyberdesk.connect("https://api.example.test", "key", app=transport, retry=retry) as desk:
        state = await submit(desk, world.request(), invocation, world.watch(), heard.append)

    assert [step.run_id for step in state.steps] == ["r1", "r2", "r3"]
    assert (len(set(bodies)), set(keys)) == (1, {invocation.key})
    assert heard
    assert (entry := invocation.entry) is not None
    assert entry.stage == "accepted"


async def test_a_refusal_is_not_sent_again(world: World) -> None:
    for status in (402, 405, 409, 410, 415, 422):
        service = Service(lambda status=status: httpx.Response(status))  # type: ignore[misc]
        invocation = open_journal(world.folder, "prod")
        async with service.desk() as desk:
            with pytest.raises(ApiError):
                await submit(desk, world.request(), invocation, world.watch())
        assert len(service.asked) == 1
        assert (entry := invocation.entry) is not None
        assert entry.stage == "refused"


async def test_what_a_person_cancels_is_not_cut_short_by_the_time(world: World) -> None:
    state, _ = await world.start({"lookup": {"seconds": 3600}})
    await world.time.sleep(100.0)
    events = [event async for event in cancel(world.desk, state, world.watch(timeout=30.0))]
    end = replay(state, events)
    assert (end.cancelled, end.timed_out, end.status) == (True, False, "cancelled")
