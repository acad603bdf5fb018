"""The client against planned faults, in process and over a socket: for each the outcome and how often it asked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from cyberflow.client.cyberdesk.client import Cyberdesk
from cyberflow.client.cyberdesk.wire import is_live
from cyberflow.client.http.errors import ApiError, RateLimited, Unreachable
from cyberflow.client.http.retry import Retry
from cyberflow.emulator.http.fault_plan import FaultPlan, load_faults
from cyberflow.emulator.platform import Platform
from cyberflow.errors import CyberflowError, UsageError
from tests.emulator.emulator_api import Api, TurnedClock
from tests.emulator.served import serve

pytestmark = pytest.mark.enable_socket

WORKFLOW = {"name": "Find", "main_prompt": "Open the chart."}
Fault = dict[str, Any]
Act = Callable[[Cyberdesk, Path], Awaitable[Any]]


class Counted:
    """The platform, and the requests that got to it or to its faults."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.asked: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.asked.append(f"{scope['method']} {scope['path']}")
        await self.app(scope, receive, send)


@dataclass
class World:
    url: str
    counted: Counted
    app: Any
    slept: list[float] = field(default_factory=list)

    async def act(self, act: Act, folder: Path) -> Any:
        async def sleep(seconds: float) -> None:
            self.slept.append(seconds)

        policy = Retry(sleep=sleep, random=lambda: 0.0, patience=0.4)
        async with Cyberdesk.connect(self.url, "cd_any", app=self.app, retry=policy) as desk:
            return await act(desk, folder)


@contextmanager
def world(kind: str, faults: list[Fault]) -> Iterator[World]:
    with Platform.open(":memory:", faults=faults) as platform:
        counted = Counted(platform.app)
        if kind == "in process":
            yield World("http://local.test", counted, counted)
        else:
            with serve(counted) as url:
                yield World(url, counted, None)


async def read(desk: Cyberdesk, _: Path) -> Any:
    return [machine.name async for machine in desk.machines.list()]


async def create(desk: Cyberdesk, _: Path) -> Any:
    return (await desk.workflows.create(WORKFLOW)).name


async def download(desk: Cyberdesk, folder: Path) -> Any:
    workflow = await desk.workflows.create(WORKFLOW)
    run = await desk.runs.create({"workflow_id": workflow.id})
    body = {"run_id": run.id, "filename": "a.csv", "content": "YSxiCjEsMgo=", "content_type": "text/csv"}
    made = await desk.attachments.create({**body, "attachment_type": "output"})
    return (await desk.attachments.save(made, folder)).read_bytes()


CSV = b"a,b\n1,2\n"
LIST, POST = {"path": "/v1/machines"}, {"method": "POST", "path": "/v1/workflows"}
FILE = {"path": "/v1/run-attachments/*/download"}
ALWAYS = {"times": None}


@dataclass(frozen=True)
class Case:
    """`outcome` is what the act answers, or the error; `requests` those to the path of the fault; `waits` what the
    client slept; `made` how many workflows there are in the end.
    """

    name: str
    act: Act
    fault: Fault
    outcome: Any
    requests: int
    waits: tuple[float, ...] = ()
    made: int = 0


def status(code: int, **more: Any) -> Fault:
    return {"fault": "status", "status": code, **more}


DROP, LATE_DROP = {"fault": "drop"}, {"fault": "drop", "when": "after"}
HERE = ["local-1"]
CASES = (
    Case("latency", read, LIST | {"fault": "latency", "seconds": 0.01}, HERE, 1),
    Case("429 with Retry-After", read, LIST | status(429, retry_after=2), HERE, 2, (2.0,)),
    Case("429 with a date", read, LIST | status(429, retry_after="Thu, 01 Jan 2026 00:00:00 GMT"), HERE, 2, (0.0,)),
    Case("429 that asks for too long", read, LIST | status(429, retry_after=3600), RateLimited, 1),
    Case("429 for good", read, LIST | status(429, retry_after=1) | ALWAYS, RateLimited, 4, (1.0,) * 3),
    Case("429 before a write", create, POST | status(429, retry_after=2), "Find", 2, (2.0,), made=1),
    Case("500 on a read", read, LIST | status(500), HERE, 2, (0.0,)),
    Case("500 for good", read, LIST | status(500) | ALWAYS, ApiError, 4, (0.0,) * 3),
    Case("500 before a write", create, POST | status(500), "Find", 2, (0.0,), made=1),
    Case("500 after a write", create, POST | status(500, when="after"), "Find", 2, (0.0,), made=1),
    Case("500 after a write, for good", create, POST | status(500, when="after") | ALWAYS, ApiError, 4, (0.0,) * 3, 1),
    Case("501 is final", create, POST | status(501), ApiError, 1),
    Case("drop on a read", read, LIST | DROP, HERE, 2, (0.0,)),
    Case("drop before a write", create, POST | DROP, "Find", 2, (0.0,), made=1),
    Case("drop after a write", create, POST | LATE_DROP, "Find", 2, (0.0,), made=1),
    Case("drop for good", create, POST | DROP | ALWAYS, Unreachable, 4, (0.0,) * 3, made=0),
    Case("drop after, for good", create, POST | LATE_DROP | ALWAYS, Unreachable, 4, (0.0,) * 3, made=1),
    Case("truncated body", read, LIST | {"fault": "truncate", "bytes": 7}, HERE, 2, (0.0,)),
    Case("truncated body of a write", create, POST | {"fault": "truncate"}, "Find", 2, (0.0,), made=1),
    Case("truncated file", download, FILE | {"fault": "truncate", "bytes": 3}, CSV, 2, (0.0,), made=1),
    Case("unknown value", read, LIST | {"fault": "value"}, HERE, 1),
)
STALLS = (
    Case("stalled body", read, LIST | {"fault": "stall", "bytes": 7}, HERE, 2, (0.0,)),
    Case("stalled body of a write", create, POST | {"fault": "stall"}, "Find", 2, (0.0,), made=1),
    Case("stalled file", download, FILE | {"fault": "stall", "bytes": 3}, CSV, 2, (0.0,), made=1),
    Case("stalled for good", read, LIST | {"fault": "stall"} | ALWAYS, Unreachable, 4, (0.0,) * 3),
)


def hold(case: Case, kind: str, folder: Path) -> None:
    with world(kind, [case.fault]) as there:
        if isinstance(case.outcome, type):
            with pytest.raises(case.outcome):
                asyncio.run(there.act(case.act, folder))
        else:
            assert asyncio.run(there.act(case.act, folder)) == case.outcome
        matching = [line for line in there.counted.asked if _same(line, case.fault)]
        assert len(matching) == case.requests, there.counted.asked
        assert tuple(there.slept) == case.waits
        found = asyncio.run(there.act(lambda desk, _: desk.workflows.page(), folder))
        assert found.total == case.made


def _same(line: str, fault: Fault) -> bool:
    method, path = line.split()
    head, _, tail = fault["path"].partition("*")
    return fault.get("method", method) == method and path.startswith(head) and path.endswith(tail)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_fault_in_process(case: Case, tmp_path: Path) -> None:
    hold(case, "in process", tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("case", [*CASES, *STALLS], ids=lambda case: case.name)
def test_a_fault_over_a_socket(case: Case, tmp_path: Path) -> None:
    hold(case, "served", tmp_path)


def test_an_unknown_status_is_read_and_is_live() -> None:
    async def act(desk: Cyberdesk, _: Path) -> Any:
        workflow = await desk.workflows.create(WORKFLOW)
        run = await desk.runs.create({"workflow_id": workflow.id})
        seen = await desk.runs.get(run.id)
        over = await desk.wait(seen.id, every=0.1)
        return seen.status, seen.live, over.status

    unknown = {"path": "/v1/runs*", "method": "GET", "fault": "value", "value": "teleporting", "times": 3}
    with world("in process", [unknown]) as there:
        found = asyncio.run(_with_real_sleep(there, act))
    assert found == ("teleporting", True, "success")
    assert is_live("teleporting")


async def _with_real_sleep(there: World, act: Act) -> Any:
    async with Cyberdesk.connect(there.url, "k", app=there.app) as desk:
        return await act(desk, Path())


ONE = st.sampled_from(
    [
        {"fault": "latency", "seconds": 0},
        {"fault": "drop"},
        {"fault": "drop", "when": "after"},
        {"fault": "status", "status": 500},
        {"fault": "status", "status": 503, "when": "after"},
        {"fault": "status", "status": 429, "retry_after": 1},
        {"fault": "status", "status": 408, "when": "after"},
        {"fault": "truncate", "bytes": 5},
    ]
)


async def once(act: Callable[[str], Awaitable[Any]], key: str) -> tuple[Any, int]:
    """Send until it is through, as somebody does who remembers the key: at most a few failures of the whole call."""
    for failures in range(20):
        try:
            return await act(key), failures
        except (ApiError, Unreachable):
            continue
    raise AssertionError


async def schedule(faults: list[Fault], steps: int) -> None:
    async def sleep(_: float) -> None:
        return

    with Platform.open(":memory:", faults=faults) as platform:
        policy = Retry(sleep=sleep, random=lambda: 0.0, patience=0.4)
        async with Cyberdesk.connect("http://local.test", "k", app=platform.app, retry=policy) as desk:
            workflow, _ = await once(lambda key: desk.workflows.create(WORKFLOW, key), "create")
            body = {"steps": [{"workflow_id": workflow.id}] * steps}
            chain, _ = await once(lambda key: desk.runs.chain(body, key), "chain")
            patched, _ = await once(lambda key: desk.workflows.update(workflow.id, {"name": "B"}, key), "patch")

        async with Cyberdesk.connect("http://local.test", "k", app=getattr(platform.app, "app", platform.app)) as desk:
            made = await desk.workflows.page()
            runs = await desk.runs.page()
            assert [item.id for item in made.items] == [workflow.id]
            assert {run.id for run in runs.items} == set(chain.run_ids)
            assert len(chain.run_ids) == steps
            assert {run.session_id for run in runs.items} == {chain.session_id}
            assert len(await desk.workflows.versions(workflow.id)) == 1
            assert patched.name == made.items[0].name == "B"


@pytest.mark.slow
@settings(max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(faults=st.lists(ONE, max_size=14), steps=st.integers(1, 3))
def test_no_schedule_of_faults_makes_anything_twice(faults: list[Fault], steps: int) -> None:
    asyncio.run(schedule(faults, steps))


def test_a_limited_rate_is_told_and_refused(clock: TurnedClock) -> None:
    with Platform.open(":memory:", clock=clock, faults={"rate_limit": {"requests": 2, "seconds": 60}}) as platform:
        api = Api(platform)
        seen = [api.request("GET", "/v1/machines") for _ in range(3)]

        assert [answer.status_code for answer in seen] == [200, 200, 429]
        assert [answer.headers["x-ratelimit-remaining"] for answer in seen] == ["1", "0", "0"]
        assert {answer.headers["x-ratelimit-limit"] for answer in seen} == {"2"}
        assert int(seen[0].headers["x-ratelimit-reset"]) == clock.now.timestamp() + 60
        assert seen[2].headers["retry-after"] == "60"
        assert Api(platform, "cd_other").request("GET", "/v1/machines").status_code == 200
        assert api.request("GET", "/v1/health").status_code == 200
        clock.forward(60)
        assert api.request("POST", "/v1/pools", json={}).headers["x-ratelimit-remaining"] == "1"


def test_without_a_limit_nothing_is_told(api: Api) -> None:
    assert not [name for name in api.request("GET", "/v1/machines").headers if name.startswith("x-ratelimit")]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "is not JSON"),
        ('{"faults": [{"fault": "rain"}]}', "faults.0"),
        ('[{"fault": "drop", "whenn": "after"}]', "whenn"),
        ('[{"fault": "status", "status": 200}]', "greater than or equal to 400"),
    ],
)
def test_a_plan_that_is_none_is_refused_with_its_place(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "faults.json").write_text(text)
    with pytest.raises(UsageError, match=why):
        load_faults(tmp_path / "faults.json")
    with pytest.raises(CyberflowError, match="cannot be read"):
        load_faults(tmp_path / "none.json")


def test_a_plan_is_read_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "faults.json").write_text(json.dumps([{"fault": "drop", "skip": 1}]))

    assert load_faults(tmp_path / "faults.json") == FaultPlan.model_validate({"faults": [{"fault": "drop", "skip": 1}]})
    with pytest.raises(ValidationError):
        Platform.open(":memory:", faults=[{"fault": "rain"}])
