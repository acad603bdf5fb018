"""Following a service that says odd things, or for a while nothing at all."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from cyberflow.client.cyberdesk.client import Cyberdesk
from cyberflow.client.http.errors import ApiError, Unreachable
from cyberflow.client.http.retry import Retry
from cyberflow.run.chain.events import ChainState, StepRun, Unanswered
from cyberflow.run.chain.follow import cancel, follow
from cyberflow.run.chain.reducer import replay
from cyberflow.run.chain.result import result_of
from cyberflow.run.work.polling import FollowOptions, PollInterval
from tests.run.clinic import Time

pytestmark = pytest.mark.anyio
START = ChainState("intake", (StepRun("a", "w", "r1"), StepRun("b", "w", "r2")), "s-1", {"x": {"$ref": "b.outputs.x"}})


class Service:
    """Answers lists from a script of status pairs, its last line again and again; an exception is raised."""

    def __init__(self, *script: Any, one: Any = None) -> None:
        self.script = list(script)
        self.one = one
        self.asked: list[tuple[str, str]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append((request.method, request.url.path))
        if request.url.path != "/v1/runs":
            return self.one if self.one is not None else httpx.Response(404, json={"message": "no such run"})
        line = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(line, Exception):
            raise line
        if isinstance(line, httpx.Response):
            return line
        items = [run(id, status) for id, status in zip(("r1", "r2"), line, strict=False) if status is not None]
        return httpx.Response(200, json={"items": items, "total": len(items), "skip": 0, "limit": 1000})

    def desk(self) -> Cyberdesk:
        transport: Any = httpx.MockTransport(self)
        return Cyberdesk.connect("https://api.example.test", "key", app=transport, retry=Retry(retries=0))


def run(id: str, status: str) -> dict[str, Any]:
    return {
        "id": id,
        "workflow_id": "w",
        "status": status,
        "created_at": "2026-03-01",
        "output_data": {"x": id} if status == "success" else None,
        "error": [f"{id} broke", "twice"] if status == "error" else None,
    }


async def ends(service: Service, time: Any, **options: Any) -> tuple[ChainState, list[Any]]:
    watch = FollowOptions(**{"interval": PollInterval(1.0, 5.0), "clock": time, "sleep": time.sleep, **options})
    async with service.desk() as desk:
        events = [event async for event in follow(desk, START, watch)]
    return replay(START, events), events


async def test_an_unknown_status_is_live(time: Time) -> None:
    service = Service(
        ("success", "running"), ("success", "pondering"), ("success", "pondering"), ("success", "success")
    )
    end, events = await ends(service, time)

    assert ("pondering", "following") in [
        (state.status, state.phase) for state in (replay(START, events[:n]) for n in range(len(events)))
    ]
    assert (result_of(end).status, result_of(end).outputs) == ("success", {"x": "r2"})


async def test_an_unknown_status_for_ever_ends_with_the_time(time: Time) -> None:
    end, _ = await ends(Service(("success", "pondering")), time, timeout=60.0)
    assert (end.timed_out, result_of(end).status, result_of(end).exit_code) == (True, "pondering", 1)
    assert time.seconds == pytest.approx(60.0)


async def test_steps_that_a_failure_left_behind_are_not_waited_for_for_ever(time: Time) -> None:
    end, _ = await ends(Service(("error", "scheduling")), time)
    assert 30 <= time.seconds < 45
    assert [step["error"] for step in result_of(end).to_json()["steps"]] == ["r1 broke\ntwice", None]
    assert result_of(end).status == "error"


@pytest.mark.parametrize("pause", [httpx.ConnectError("no route"), httpx.Response(503), httpx.Response(429)])
async def test_a_pause_of_the_service_is_waited_out(time: Time, pause: Any) -> None:
    service = Service(("success", "running"), pause, pause, ("success", "success"), pause, ("success", "success"))
    end, events = await ends(service, time)

    troubles = [event for event in events if isinstance(event, Unanswered)]
    assert len(troubles) == 2  # the same trouble twice changes nothing, so it is told once
    assert (end.trouble, result_of(end).status) == (None, "success")
    assert len(service.asked) == 6


async def test_the_patience_is_whole_again_after_an_answer(time: Time) -> None:
    pauses = [httpx.Response(503)] * 10
    script = [("success", "running"), *pauses, ("success", "running"), *pauses, ("success", "success")]
    end, _ = await ends(Service(*script), time, patience=60.0)
    assert time.seconds > 60
    assert result_of(end).status == "success"


@pytest.mark.parametrize(
    ("pause", "error"), [(httpx.ConnectError("no route"), Unreachable), (httpx.Response(503), ApiError)]
)
async def test_the_patience_is_not_endless(time: Time, pause: Any, error: Any) -> None:
    with pytest.raises(error):
        await ends(Service(("success", "running"), pause), time, patience=120.0)
    assert 120 <= time.seconds < 130


@pytest.mark.parametrize("status", [401, 403, 422])
async def test_a_refusal_is_raised_at_once(time: Time, status: Any) -> None:
    with pytest.raises(ApiError) as caught:
        await ends(Service(("success", "running"), httpx.Response(status)), time)
    assert caught.value.exit_code == 3
    assert time.seconds <= 1


async def test_a_run_that_was_deleted_is_noticed(time: Time) -> None:
    service = Service(("success", None))
    with pytest.raises(ApiError) as caught:
        await ends(service, time)
    assert caught.value.status == 404
    assert service.asked[-1] == ("GET", "/v1/runs/r2")
    assert len(service.asked) == 4


async def test_a_run_that_only_the_list_lacks_is_asked_for_by_its_id(time: Time) -> None:
    service = Service(("success", None), one=httpx.Response(200, json=run("r2", "success")))
    end, _ = await ends(service, time)
    assert result_of(end).status == "success"


async def test_a_cancellation_that_is_refused_is_told_and_what_happened_is_read(time: Time) -> None:
    service = Service(("success", "success"), one=httpx.Response(400, json={"message": "it is over"}))
    watch = FollowOptions(interval=PollInterval(1.0, 5.0), clock=time, sleep=time.sleep)
    async with service.desk() as desk:
        events = [event async for event in cancel(desk, START, watch)]
    end = replay(START, events)

    assert service.asked == [
        *(("PATCH", f"/v1/runs/{id}") for id in ("r2", "r1")),
        ("GET", "/v1/machines"),
        *[("GET", "/v1/runs")] * 2,
    ]
    assert len(end.refused) == 3
    assert "it is over" in end.refused[0]
    assert result_of(end).status == "success"
