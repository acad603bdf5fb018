"""Looking after many chains: how many requests it takes, and what happens to those that lie deep or are gone."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from cyberflow.client.cyberdesk.client import Cyberdesk
from cyberflow.client.http.retry import Retry
from cyberflow.run.chain.events import ChainState, OutputsRead, StatusesRead, StepRun
from cyberflow.run.work.poller import BulkPoller

pytestmark = pytest.mark.anyio


class Service:
    """A list of runs, the newest first: `chains` of two runs each, and foreign ones in front of them."""

    def __init__(self, chains: int, foreign: int = 0) -> None:
        own = [(f"r{n}{part}", f"s{n}") for n in range(chains) for part in "ab"]
        self.runs = [(f"x{n}", "other") for n in range(foreign)] + own
        self.asked: list[dict[str, str]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        query = dict(request.url.params)
        self.asked.append(query)
        if request.url.path != "/v1/runs":
            return httpx.Response(404, json={"message": "gone"})
        found = [run for run in self.runs if query.get("session_id") in (None, run[1])]
        skip, limit = int(query["skip"]), int(query["limit"])
        items = [
            {"id": id, "workflow_id": "w", "status": "success", "created_at": "", "session_id": session}
            for id, session in found[skip : skip + limit]
        ]
        return httpx.Response(200, json={"items": items, "total": len(found), "skip": skip, "limit": limit})

    def desk(self) -> Cyberdesk:
        transport: Any = httpx.MockTransport(self)
        return Cyberdesk.connect("https://api.example.test", "key", app=transport, retry=Retry(retries=0))


def states(chains: int) -> dict[int, ChainState]:
    return {
        n: ChainState("c", tuple(StepRun(part, "w", f"r{n}{part}") for part in "ab"), f"s{n}", {})
        for n in range(chains)
    }


async def test_one_request_for_all_of_them() -> None:
    chains = 200
    service = Service(chains)
    async with service.desk() as desk:
        sweep = BulkPoller(desk)
        seen = await sweep.read_statuses(states(chains), 1.0)
        read = await sweep.read_outputs(states(chains))

    assert len(service.asked) == 2
    assert len(seen) == len(read) == chains
    assert {type(event) for event in (*seen.values(), *read.values())} == {StatusesRead, OutputsRead}
    assert all(len(event.statuses) == 2 for event in seen.values() if isinstance(event, StatusesRead))
    assert ["output_data" in str(query) for query in service.asked] == [False, False]
    assert int(service.asked[0]["limit"]) < 2 * chains + 50


async def test_no_deeper_than_the_last_that_is_waited_for() -> None:
    service = Service(100, foreign=30)
    async with service.desk() as desk:
        sweep = BulkPoller(desk)
        await sweep.read_statuses(states(2), 1.0)
        depth = sweep.depth
        service.asked.clear()
        await sweep.read_statuses(states(2), 2.0)
    assert depth == 34
    assert [int(query["limit"]) for query in service.asked] == [54]


async def test_what_lies_too_deep_is_asked_for_by_itself_from_then_on() -> None:
    service = Service(10)
    service.runs = service.runs[:-2] + [(f"x{n}", "other") for n in range(6000)] + service.runs[-2:]
    async with service.desk() as desk:
        sweep = BulkPoller(desk)
        seen = await sweep.read_statuses(states(10), 1.0)
        first = len(service.asked)
        service.asked.clear()
        again = await sweep.read_statuses(states(10), 2.0)
    assert len(seen) == len(again) == 10
    assert first == 6
    assert [query.get("session_id") for query in service.asked] == [None, "s9"]


async def test_one_chain_is_asked_for_by_its_session() -> None:
    service = Service(5, foreign=100)
    async with service.desk() as desk:
        seen = await BulkPoller(desk).read_statuses(states(1), 1.0)
    assert len(seen) == 1
    assert [query["session_id"] for query in service.asked] == ["s0"]


async def test_a_run_that_is_gone_ends_its_chain_alone() -> None:
    service = Service(3)
    service.runs = [run for run in service.runs if run[0] != "r1b"]
    async with service.desk() as desk:
        sweep = BulkPoller(desk)
        for at in range(3):
            seen = await sweep.read_statuses(states(3), float(at))
    last = seen[1]
    assert isinstance(last, StatusesRead)
    assert {sight.run_id: sight.status for sight in last.statuses} == {"r1a": "success", "r1b": "error"}
