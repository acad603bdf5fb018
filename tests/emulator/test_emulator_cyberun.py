"""Cyberun as the local platform has it: states by the clock, results of every shape, a store that signs as S3 does."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest
from PIL import Image

from cyberflow.emulator.platform import Platform
from tests.emulator.emulator_api import Api, TurnedClock
from tests.emulator.served import serve

BASE = "/api/v1"
PARAMETERS = [
    {"key": "prompt", "type": "string", "required": True},
    {"key": "width", "type": "number", "min": 64, "max": 2048},
    {"key": "tile", "type": "boolean"},
    {"key": "style", "type": "select", "options": ["calm", {"value": "bold", "label": "Bold"}]},
    {"key": "input_image", "type": "file", "accept": ["image/png"]},
]


def scripted(api: Api, **script: Any) -> str:
    """Submit a task with a script and give its id."""
    id = api.post(f"{BASE}/local/scripts", {"script": {"poster": script}})["id"]
    answer = api.request("POST", f"{BASE}/r/workflows/slug/poster/run", json={}, headers={"X-Cyberflow-Script": id})
    assert answer.status_code == 202
    assert list(answer.json()) == ["task_id"]
    return str(answer.json()["task_id"])


def task(api: Api, id: str) -> Any:
    return api.get(f"{BASE}/r/tasks/{id}")


def result(api: Api, id: str) -> Any:
    return api.get(f"{BASE}/r/tasks/{id}/result")


def imported(api: Api, **fields: Any) -> str:
    body = {"workflow_slug": "poster", "display_name": "Poster", "workflow_json": {}, "parameters": PARAMETERS}
    return str(api.post(f"{BASE}/workflows/import", body | fields)["id"])


def fetch(api: Api, url: str, method: str = "GET", **options: Any) -> httpx.Response:
    """Open a signed address, without the bearer key."""

    async def go() -> httpx.Response:
        transport = httpx.ASGITransport(api.platform.app)
        async with httpx.AsyncClient(transport=transport) as client:
            return await client.request(method, url, **options)

    return asyncio.run(go())


def test_a_task_goes_through_its_states_by_the_clock(api: Api, clock: TurnedClock) -> None:
    id = scripted(api, seconds=60)
    seen = []
    for _ in range(5):
        seen.append(task(api, id)["task_status"])
        clock.forward(0.1)
    clock.forward(60)

    assert seen == ["pending", "waiting", "provisioning", "queued", "running"]
    over = task(api, id)
    assert (over["task_status"], over["task_error"]) == ("completed", "")
    assert over["started_at"] < over["completed_at"]


def test_it_goes_on_over_a_restart(reopen: Callable[[], Api], clock: TurnedClock) -> None:
    id = scripted(reopen(), course=[["waiting", 100], ["running", 100]])
    clock.forward(150)

    api = reopen()
    assert task(api, id)["task_status"] == "running"
    url = None
    clock.forward(51)
    api = reopen()
    url = result(api, id)["download_urls"]["9.images.0"]
    assert fetch(reopen(), url).status_code == 200, "the signature holds over a restart"


def test_a_task_may_step_back_when_it_is_tried_again(api: Api, clock: TurnedClock) -> None:
    id = scripted(api, course=[["running", 10], ["queued", 10], ["running", 10]])
    clock.forward(5)
    assert task(api, id)["retry_count"] == 0
    clock.forward(10)
    assert task(api, id)["task_status"] == "queued"
    clock.forward(10)
    assert (task(api, id)["task_status"], task(api, id)["retry_count"]) == ("running", 1)


@pytest.mark.parametrize(
    ("after", "abort", "status"),
    [(1, 0, "cancelled"), (15, 3, "cancelled"), (15, 30, "completed"), (50, 0, "completed")],
)
def test_a_cancel_takes_effect_where_it_can(
    api: Api, clock: TurnedClock, after: float, abort: float, status: str
) -> None:
    id = scripted(api, course=[["waiting", 10], ["running", 20]], abort=abort)
    clock.forward(after)

    assert api.post(f"{BASE}/r/tasks/{id}/cancel") == {"success": True}
    clock.forward(40)

    assert task(api, id)["task_status"] == status
    assert api.post(f"{BASE}/r/tasks/{id}/cancel") == {"success": True}, "on a task that is over it does nothing"


def test_a_task_without_an_end_waits_for_ever(api: Api, clock: TurnedClock) -> None:
    id = scripted(api, course=[["waiting", None]])
    clock.forward(1_000_000)

    assert task(api, id)["task_status"] == "waiting"


def test_results_by_shape(api: Api, clock: TurnedClock) -> None:
    ids = {shape: scripted(api, shape=shape) for shape in ("cloud", "local", "both", "neither", "null", "absent")}
    before = result(api, ids["both"])
    clock.forward(5)
    found = {shape: result(api, id) for shape, id in ids.items()}

    assert (before["task_status"], before["task_output"], before["download_url"]) == ("pending", None, None)
    assert found["cloud"]["task_output"]["9.images.0"]["s3_key"]
    assert found["cloud"]["expires_at"] is None, "defined for the one address only"
    assert "storage_key" in found["local"]["task_output"]
    assert "download_urls" not in found["local"]
    assert found["both"]["download_url"]
    assert found["both"]["download_urls"]
    assert (found["neither"]["task_output"], found["neither"]["download_urls"]) == ({}, {})
    assert (found["null"]["task_output"], found["null"]["download_urls"]) == (None, None)
    assert set(found["absent"]) == {"id", "task_status", "completed_at"}


def test_a_failed_task_says_why(api: Api, clock: TurnedClock) -> None:
    id = scripted(api, status="failed", error="CUDA out of memory")
    clock.forward(5)

    assert result(api, id)["task_error"] == "CUDA out of memory"
    assert result(api, id)["task_output"] is None


def test_an_output_is_a_real_picture_and_the_same_each_time(api: Api, clock: TurnedClock) -> None:
    id = scripted(api, outputs={"9.images.0": {"width": 64, "height": 32, "bytes": 50_000}, "note": {"text": "hello"}})
    clock.forward(5)
    urls = result(api, id)["download_urls"]

    first, again = (fetch(api, urls["9.images.0"]).content for _ in range(2))
    with Image.open(io.BytesIO(first)) as image:
        image.load()
        assert (image.format, image.size) == ("PNG", (64, 32))
    assert first == again
    assert len(first) == 50_000
    assert fetch(api, urls["note"]).content == b"hello"


def test_an_address_opens_for_an_hour_and_for_one_object(api: Api, clock: TurnedClock) -> None:
    id = scripted(api, outputs={"a": {}, "b": {}})
    clock.forward(5)
    urls = result(api, id)["download_urls"]
    path, _, query = urls["a"].partition("?")

    assert fetch(api, urls["a"]).status_code == 200
    assert fetch(api, f"{path[:-1]}1?{query}").status_code == 403
    assert fetch(api, path).status_code == 403
    refused = fetch(api, urls["a"], headers={"Authorization": "Bearer sk-1"})
    assert (refused.status_code, "Only one auth mechanism" in refused.text) == (400, True)
    clock.forward(3600)
    expired = fetch(api, urls["a"])
    assert (expired.status_code, "Request has expired" in expired.text) == (403, True)
    assert fetch(api, result(api, id)["download_urls"]["a"]).status_code == 200


@pytest.mark.parametrize(
    ("asked", "if_range", "status", "part"),
    [
        ("bytes=10-", None, 206, slice(10, None)),
        ("bytes=10-19", None, 206, slice(10, 20)),
        ("bytes=10-", '"another"', 200, slice(None)),
        ("bytes=999999-", None, 416, None),
        ("lines=1-", None, 200, slice(None)),
    ],
)
def test_ranges(
    api: Api, clock: TurnedClock, asked: str, if_range: str | None, status: int, part: slice | None
) -> None:
    id = scripted(api)
    clock.forward(5)
    url = result(api, id)["download_urls"]["9.images.0"]
    whole = fetch(api, url)

    got = fetch(api, url, headers={"Range": asked, **({"If-Range": if_range} if if_range else {})})

    assert got.status_code == status
    assert part is None or got.content == whole.content[part]


def test_a_file_goes_in_once_and_as_promised(api: Api, clock: TurnedClock) -> None:
    body = {"file_name": "in.png", "file_size": 3, "content_type": "image/png"}
    made = api.post(f"{BASE}/r/files/presign", body)
    put = {"content": b"abc", "headers": made["upload_headers"]}

    assert set(made["upload_headers"]) == {"Content-Length", "If-None-Match"}
    assert fetch(api, made["upload_url"], "PUT", content=b"abc").status_code == 403
    assert fetch(api, made["upload_url"], "PUT", content=b"abcd", headers={"If-None-Match": "*"}).status_code == 403
    assert fetch(api, made["upload_url"], "PUT", **put).status_code == 200
    assert fetch(api, made["upload_url"], "PUT", **put).status_code == 412
    assert fetch(api, made["upload_url"]).status_code == 403, "signed for one method"
    later = api.post(f"{BASE}/r/files/presign", body)
    clock.forward(3601)
    assert fetch(api, later["upload_url"], "PUT", **put).status_code == 403


def test_an_imported_workflow_says_what_it_takes_by_version(api: Api) -> None:
    id = imported(api)
    again = imported(api, parameters=PARAMETERS[:1], display_name="Poster, smaller")

    assert again == id
    live = api.get(f"{BASE}/r/workflows/slug/poster")
    first = api.get(f"{BASE}/r/workflows/slug/poster@1")
    assert (live["version"], [one["key"] for one in live["parameters"]]) == (2, ["prompt"])
    assert (first["version"], len(first["parameters"])) == (1, 5)
    assert api.get(f"{BASE}/r/workflows/{id}") == live
    assert "workflow_json" not in live
    assert api.request("GET", f"{BASE}/r/workflows/slug/poster@9").status_code == 404
    assert [one["workflow_slug"] for one in api.get(f"{BASE}/r/workflows")["workflow_list"]] == ["poster"]


def test_a_slug_that_nobody_imported_takes_anything(api: Api) -> None:
    found = api.get(f"{BASE}/r/workflows/slug/text-to-image@2")

    assert (found["workflow_slug"], found["version"], found["parameters"]) == ("text-to-image", 2, None)
    assert api.get(f"{BASE}/r/workflows/slug/text-to-image")["id"] == found["id"]
    for slug in ("Not_A_Slug", "a@b"):
        assert api.request("GET", f"{BASE}/r/workflows/slug/{slug}").status_code == 404


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "missing required parameter: prompt"),
        ({"prompt": "x", "colour": 1}, "unknown parameter: colour"),
        ({"prompt": 7}, "invalid value for parameter: prompt"),
        ({"prompt": "x", "width": 9000}, "invalid value for parameter: width"),
        ({"prompt": "x", "width": True}, "invalid value for parameter: width"),
        ({"prompt": "x", "tile": "yes"}, "invalid value for parameter: tile"),
        ({"prompt": "x", "style": "wild"}, "invalid value for parameter: style"),
        ({"prompt": "x", "input_image": 3}, "invalid value for parameter: input_image"),
    ],
)
def test_what_the_workflow_does_not_take_is_refused(api: Api, given: dict[str, Any], said: str) -> None:
    imported(api)

    answer = api.request("POST", f"{BASE}/r/workflows/slug/poster/run", json={"parameters": given})

    assert (answer.status_code, answer.json()) == (400, {"error_message": said})
    assert api.get(f"{BASE}/r/tasks")["task_list"] == []


def test_what_it_takes_is_taken(api: Api) -> None:
    id = imported(api)
    given = {"prompt": "x", "width": 64, "tile": False, "style": "bold", "input_image": "inputs/1/in.png"}

    assert api.request("POST", f"{BASE}/r/workflows/{id}/run", json={"parameters": given}).status_code == 202


def test_the_list_has_its_own_paging(api: Api) -> None:
    ids = [scripted(api, course=[["waiting", None]]) for _ in range(5)]
    page = api.get(f"{BASE}/r/tasks", current_page=2, per_page=2)

    assert page["page_meta"] == {"current_page": 2, "per_page": 2, "total_count": 5}
    assert [one["id"] for one in page["task_list"]] == [ids[2], ids[1]]
    assert api.get(f"{BASE}/r/tasks", status="running")["task_list"] == []
    assert api.request("GET", f"{BASE}/r/tasks", params={"per_page": 500}).status_code == 400


def test_refusals_have_the_body_of_this_service(api: Api, as_caller: Callable[[str], Api]) -> None:
    nobody = uuid4()
    asked = [
        ("GET", f"/r/tasks/{nobody}", 404),
        ("GET", f"/r/tasks/{nobody}/events", 404),
        ("GET", "/r/tasks/none/events", 400),
        ("GET", "/r/tasks/none", 400),
        ("POST", "/r/files/presign", 400),
        ("POST", f"/r/workflows/{nobody}/run", 400),
    ]
    for method, path, status in asked:
        answer = api.request(method, BASE + path)
        assert answer.status_code == status, path
        assert list(answer.json()) == ["error_message"], path
    without = api.request("GET", f"{BASE}/r/tasks", headers={"Authorization": ""})
    assert (without.status_code, list(without.json())) == (401, ["error_message"])


def test_the_token_of_a_session_needs_a_team(as_caller: Callable[[str], Api]) -> None:
    api = as_caller("eyJhbGciOi.x.y")

    assert api.request("GET", f"{BASE}/r/tasks").status_code == 400
    assert api.request("GET", f"{BASE}/r/tasks/{uuid4()}/events").status_code == 400
    assert api.request("GET", f"{BASE}/r/tasks", headers={"X-Team-ID": str(uuid4())}).status_code == 200


def test_no_value_that_a_task_was_given_is_kept(api: Api, tmp_path: Any, clock: TurnedClock) -> None:
    with Platform.open(tmp_path / "local.db", clock=clock) as platform:
        own = Api(platform)
        own.post(f"{BASE}/r/workflows/slug/poster/run", {"parameters": {"token": "canary-7f3a9b"}})
    assert not [path for path in tmp_path.iterdir() if b"canary-7f3a9b" in path.read_bytes()]


@pytest.mark.enable_socket
@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "last"),
    [
        ({"course": [["queued", 0.1], ["running", 0.3]]}, ("completed", "output")),
        ({"course": [["running", 0.2]], "status": "failed", "error": "no memory"}, ("failed", "error")),
    ],
)
def test_the_stream_tells_of_every_change_and_ends(script: dict[str, Any], last: tuple[str, str]) -> None:
    with Platform.open(":memory:") as platform, serve(platform.app) as url:
        id = scripted(Api(platform), **script)
        headers = {"Authorization": "Bearer sk-1"}
        body = httpx.get(f"{url}{BASE}/r/tasks/{id}/events", headers=headers, trust_env=False)

    assert body.headers["content-type"].startswith("text/event-stream")
    events = [block.split("\n") for block in body.text.strip().split("\n\n")]
    names = [lines[0].removeprefix("event: ") for lines in events]
    data = [json.loads(lines[1].removeprefix("data: ")) for lines in events]
    assert names[-1] == last[0]
    assert last[1] in data[-1]
    assert {"status", "progress"} <= set(names)
    assert all(one["task_id"] == id for one in data)
    steps = [one["progress"] for name, one in zip(names, data, strict=True) if name == "progress"]
    assert steps == sorted(steps)
