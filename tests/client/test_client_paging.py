from __future__ import annotations

import httpx
import pytest

from cyberflow.client.cyberdesk.wire import FINAL, LIVE, Page, RunRecord, WorkflowRecord, is_live, parse_time
from cyberflow.client.http.errors import ApiError
from tests.client.scripted_service import Script, answer, page, run, workflow

pytestmark = pytest.mark.anyio


def skips(script: Script) -> list[str]:
    return [request.url.params["skip"] for request in script.asked]


async def test_pages_are_asked_for_until_the_total(script: Script) -> None:
    script.says(
        answer(200, page([workflow("a"), workflow("b")], 3)),
        answer(200, page([workflow("c")], 3)),
    )

    assert [found.id async for found in script.desk().workflows.list(limit=2)] == ["a", "b", "c"]
    assert skips(script) == ["0", "2"]
    assert script.asked[1].url.params["limit"] == "2"


async def test_what_slides_to_the_next_page_is_given_once(script: Script) -> None:
    script.says(
        answer(200, page([workflow("a"), workflow("b")], 3)),
        answer(200, page([workflow("b"), workflow("c")], 4)),
    )

    assert [found.id async for found in script.desk().workflows.list()] == ["a", "b", "c"]


async def test_an_empty_page_ends_a_list_that_shrank(script: Script) -> None:
    script.says(answer(200, page([run("a")], 9)), answer(200, page([], 9)))

    assert [found.id async for found in script.desk().runs.list(session_id="s")] == ["a"]
    assert [request.url.params["session_id"] for request in script.asked] == ["s", "s"]


async def test_a_service_that_gives_less_than_the_limit_is_followed_by_what_it_gave(script: Script) -> None:
    script.says(*(answer(200, page([run(str(n))], 3)) for n in range(3)))

    assert [found.id async for found in script.desk().runs.list(limit=1000)] == ["0", "1", "2"]
    assert skips(script) == ["0", "1", "2"]


async def test_a_list_that_is_broken_off_asks_no_further(script: Script) -> None:
    script.says(answer(200, page([run("a"), run("b")], 99)))

    async for _ in script.desk().runs.list():
        break

    assert len(script.asked) == 1


async def test_a_failure_between_pages_is_raised(script: Script) -> None:
    script.says(answer(200, page([run("a")], 2)), answer(404))
    found = script.desk().runs.list()

    assert (await anext(found)).id == "a"
    with pytest.raises(ApiError):
        await anext(found)


async def test_every_paged_list_and_every_plain_one(script: Script) -> None:
    machine = {"id": "m", "status": "connected"}
    pool = {"id": "p", "name": "n", "machines": [machine]}
    attachment = {"id": "f", "run_id": "r", "filename": "x.pdf"}
    desk = script.desk()

    script.says(answer(200, page([machine], 1)))
    assert [found.id async for found in desk.machines.list(name="pc-1", include=("pools",))] == ["m"]
    script.says(answer(200, page([pool], 1)))
    assert [found.machines async for found in desk.pools.list(include=("machines",))] != [None]
    script.says(answer(200, page([attachment], 1)))
    assert [found.id async for found in desk.attachments.list(run_id="r", attachment_type="output")] == ["f"]
    script.says(answer(200, [{"id": "t", "name": "n"}]))
    assert [found.id for found in await desk.tags.list(include_archived=True)] == ["t"]
    assert [found.id for found in await desk.groups.list()] == ["t"]
    assert [found.id for found in await desk.models.list()] == ["t"]

    assert [str(request.url.query, "ascii") for request in script.asked] == [
        "name=pc-1&include=pools&skip=0&limit=100",
        "include=machines&skip=0&limit=100",
        "run_id=r&attachment_type=output&skip=0&limit=100",
        "include_archived=true",
        "",
        "",
    ]


async def test_unknown_fields_and_statuses_are_kept(script: Script) -> None:
    body = run(status="paused", colour="red", post_run_checks=[{"status": "new", "weight": 1}], is_priority=None)
    script.says(answer(200, body))

    got = await script.desk().runs.get("r1")

    assert got.live
    assert got.status == "paused"
    assert got.is_priority is False
    assert got.model_extra == {"colour": "red"}
    assert got.to_json() == body | {"is_priority": False}


async def test_an_id_that_is_a_number_becomes_text(script: Script) -> None:
    script.says(answer(200, workflow(7)))  # type: ignore[arg-type]

    assert (await script.desk().workflows.get("7")).id == "7"


def test_statuses_are_final_or_live() -> None:
    assert not FINAL & LIVE
    assert not any(map(is_live, FINAL))
    assert all(map(is_live, [*LIVE, "", "unheard-of"]))


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2026-03-01T12:00:00Z", "2026-03-01T12:00:00+00:00"),
        ("2026-03-01T12:00:00.5+02:00", "2026-03-01T10:00:00.500000+00:00"),
        ("2026-03-01T12:00:00", "2026-03-01T12:00:00+00:00"),
        ("yesterday", "None"),
        (None, "None"),
    ],
)
def test_a_moment_is_read_leniently(text: str | None, read: str) -> None:
    got = parse_time(text)

    assert (got.isoformat() if got else "None") == read


def test_nouns_are_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        RunRecord(**run()).status = "success"
    assert Page[WorkflowRecord](items=[], total=0).included is None


async def test_the_time_outs_are_set(script: Script) -> None:
    script.says(answer(200, run()))

    await script.desk().runs.get("r1")

    assert script.asked[0].extensions["timeout"] == {"connect": 10.0, "read": 60.0, "write": 60.0, "pool": 60.0}
    assert isinstance(script.asked[0], httpx.Request)
