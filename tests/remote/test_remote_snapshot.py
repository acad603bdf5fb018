from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from cyberflow.client.cyberdesk.client import Cyberdesk
from cyberflow.client.http.errors import ApiError
from cyberflow.errors import ConflictError
from cyberflow.remote.listing import IncompleteList
from cyberflow.remote.snapshot import Snapshot, read_all_workflows, read_snapshot


def body(id: int) -> dict[str, Any]:
    times = {"created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z"}
    return {"id": str(id), "name": f"w{id}", "main_prompt": "x", "tags": [], "post_run_checks": [], **times}


class Service(httpx.AsyncBaseTransport):
    """A list of workflows that pages, may move between two requests, and has a largest page."""

    def __init__(self, count: int, *, most: int = 1000, clamps: bool = False) -> None:
        self.ids = list(range(count))
        self.most, self.clamps = most, clamps
        self.move: Callable[[int], None] = lambda request: None
        self.pages: list[tuple[int, int]] = []
        self.paths: list[str] = []
        self.included: list[str | None] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.paths.append(request.url.path)
        if request.url.path != "/v1/workflows":
            return httpx.Response(200, json=[])
        skip, limit = int(request.url.params["skip"]), int(request.url.params["limit"])
        self.included.append(request.url.params.get("include"))
        if limit > self.most and not self.clamps:
            return httpx.Response(422, json={"detail": [{"loc": ["query", "limit"], "msg": "too large", "type": "x"}]})
        limit = min(limit, self.most)
        self.pages.append((skip, limit))
        self.move(len(self.pages))
        items = [body(id) for id in self.ids[skip : skip + limit]]
        return httpx.Response(200, content=json.dumps({"items": items, "total": len(self.ids)}))


def read(service: Any) -> list[str]:
    async def listed() -> list[str]:
        async with Cyberdesk.connect("http://scripted", "any", app=service) as desk:
            return [one.id for one in await read_all_workflows(desk)]

    return asyncio.run(listed())


def test_one_page_is_read_once() -> None:
    service = Service(1000)

    assert len(read(service)) == 1000
    assert service.pages == [(0, 1000)]
    assert service.included == ["tags,post_run_checks"]


def test_several_pages_are_read_twice() -> None:
    service = Service(1001)

    assert len(read(service)) == 1001
    assert service.pages == [(0, 1000), (1000, 1000)] * 2
    assert service.included == ["tags,post_run_checks"] * 2 + [None] * 2, "the second pass is for the ids alone"


@pytest.mark.parametrize("clamps", [True, False])
def test_a_service_with_smaller_pages_is_read_all_the_same(clamps: bool) -> None:
    service = Service(250, most=100, clamps=clamps)

    assert sorted(map(int, read(service))) == list(range(250))


def test_what_slides_over_the_edge_of_a_page_is_found_by_the_second_pass() -> None:
    service = Service(1500)

    def touch(request: int) -> None:
        if request == 2:
            service.ids.insert(0, service.ids.pop(1200))

    service.move = touch

    assert len(set(read(service))) == 1500
    assert len(service.pages) == 6


def test_a_list_that_never_rests_is_a_conflict() -> None:
    service = Service(1500)
    service.move = lambda request: service.ids.insert(0, 10_000 + request)

    with pytest.raises(ConflictError, match="changed every time"):
        read(service)


class Liar(httpx.AsyncBaseTransport):
    """A list of workflows whose total is not what it gives."""

    def __init__(self, *pages: tuple[int, int]) -> None:
        self.pages = pages
        self.asked = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        first, total = self.pages[self.asked % len(self.pages)]
        self.asked += 1
        items = [body(id) for id in range(first)]
        return httpx.Response(200, content=json.dumps({"items": items, "total": total}), request=request)


@pytest.mark.parametrize(
    "pages", [[(0, 1_000_000)], [(3, 4)], [(1000, 5)], [(2, 0)], [(1000, 1500), (0, 1500)], [(5, -1)]]
)
def test_a_list_that_is_not_what_its_total_says_is_incomplete(pages: list[tuple[int, int]]) -> None:
    """Whatever is missing would be created anew: nothing is proposed from such a list, and it ends soon."""
    service = Liar(*pages)

    with pytest.raises(IncompleteList, match="is incomplete: the service says that there are") as caught:
        read(service)

    assert caught.value.exit_code == 3
    assert service.asked <= 4


def test_a_page_that_repeats_itself_ends_the_pass() -> None:
    service = Liar((1000, 1_000_000))

    with pytest.raises(IncompleteList):
        read(service)

    assert service.asked == 4


def test_a_list_that_is_short_for_a_moment_is_read_again() -> None:
    assert len(read(Liar((2, 3), (3, 3)))) == 3


def take(service: Any) -> Snapshot:
    async def taken() -> Snapshot:
        async with Cyberdesk.connect("http://scripted", "any", app=service) as desk:
            return await read_snapshot(desk)

    return asyncio.run(taken())


def test_a_snapshot_of_one_page_is_four_requests() -> None:
    service = Service(3)

    found = take(service)

    assert len(found.workflows) == 3
    assert sorted(service.paths) == [
        "/v1/model-configurations",
        "/v1/workflow-tags",
        "/v1/workflows",
        "/v1/workflows/prompt-images",
    ]


def test_a_refusal_of_one_list_is_the_failure_of_the_snapshot() -> None:
    refusal = httpx.MockTransport(
        lambda request: httpx.Response(401, json={"error": "x", "message": "Invalid API key"})
    )

    with pytest.raises(ApiError, match="Invalid API key"):
        take(refusal)
