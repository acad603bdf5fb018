from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import httpx
import pytest
from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

import cyberflow
from cyberflow.client.cyberdesk.client import Cyberdesk
from cyberflow.errors import UsageError
from tests.client.scripted_service import KEY, Script, answer, page, run, workflow

pytestmark = pytest.mark.anyio

IMAGE = {"supabase_url": "supabase://workflow-prompt-images/o/x.png", "filename": "x.png"}
CHAIN = {"session_id": "s", "run_ids": ["r1"]}


async def test_every_request_names_us_and_bears_the_key(script: Script) -> None:
    script.says(answer(200, run()))

    await script.desk().runs.get("r1")

    assert script.header("user-agent") == [f"cyberflow/{cyberflow.__version__}"]
    assert script.header("authorization") == [f"Bearer {KEY}"]
    assert script.header("idempotency-key") == [None]


WRITES: dict[str, tuple[Callable[[Cyberdesk, str | None], Awaitable[object]], object]] = {
    "workflow": (lambda desk, key: desk.workflows.create({"main_prompt": "ä\ud800"}, key), workflow()),
    "patch": (lambda desk, key: desk.workflows.update("w1", {"name": "n"}, key), workflow()),
    "delete": (lambda desk, key: desk.workflows.delete("w1", key), None),
    "tags": (lambda desk, key: desk.workflows.add_tags("w1", ["t"], key), []),
    "untag": (lambda desk, key: desk.workflows.remove_tag("w1", "t", key), None),
    "image": (lambda desk, key: desk.images.upload("x.png", b"\x89PNG\r\n--", "image/png", key), IMAGE),
    "unimage": (lambda desk, key: desk.images.delete("o/x.png", key), None),
    "archive": (lambda desk, key: desk.tags.archive("t", key), {"id": "t", "name": "n"}),
    "chain": (lambda desk, key: desk.runs.chain({"steps": []}, key), CHAIN),
    "cancel": (lambda desk, key: desk.runs.cancel("r1", key), run()),
    "retry": (lambda desk, key: desk.runs.retry("r1", None, key), run()),
}


@pytest.mark.parametrize("name", WRITES)
async def test_retries_send_the_same_bytes_under_the_same_key(script: Script, name: str) -> None:
    call, body = WRITES[name]
    script.says(
        answer(409, Idempotency_Status="in_progress"), httpx.ReadTimeout("slow"), answer(502), answer(200, body)
    )

    await call(script.desk(), "my-key")

    assert script.header("idempotency-key") == ["my-key"] * 4
    assert len({(sent.content, sent.headers.get("content-type"), str(sent.url)) for sent in script.asked}) == 1


@pytest.mark.parametrize("name", WRITES)
async def test_each_call_without_a_key_gets_a_fresh_one_for_all_its_retries(script: Script, name: str) -> None:
    call, body = WRITES[name]
    desk = script.desk()
    for _ in range(2):
        script.says(answer(503), answer(200, body))
        await call(desk, None)

    first, again, second, once_more = script.header("idempotency-key")

    assert first == again != second == once_more
    assert UUID(first).version == UUID(second).version == 4


async def test_an_upload_is_one_part_named_file_whose_boundary_comes_from_the_content(script: Script) -> None:
    script.says(answer(201, IMAGE))
    desk = script.desk()

    await desk.images.upload('a"\r\n.png', b"\x89PNG", "image/png")
    await desk.images.upload('a"\r\n.png', b"\x89PNG", "image/png")
    await desk.images.upload("b.png", b"\x89PNH", "image/png")

    types = script.header("content-type")
    assert types[0] == types[1] != types[2]
    boundary = str(types[0]).removeprefix("multipart/form-data; boundary=")
    assert (
        script.asked[0].content
        == (
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a%22%0D%0A.png"\r\n'
            f"Content-Type: image/png\r\n\r\n"
        ).encode()
        + b"\x89PNG"
        + f"\r\n--{boundary}--\r\n".encode()
    )


async def test_an_upload_is_what_a_server_reads_back() -> None:
    content = bytes(range(256)) * 300
    got: list[tuple[str | None, str | None, bytes]] = []

    async def store(request: Request) -> JSONResponse:
        async with request.form() as form:
            file = form["file"]
            assert isinstance(file, UploadFile)
            got.append((file.filename, file.content_type, await file.read()))
        return JSONResponse(IMAGE, 201)

    app = Starlette(routes=[Route("/v1/workflows/prompt-image", store, methods=["POST"])])
    async with Cyberdesk.connect("http://local", "k", app=app) as desk:
        await desk.images.upload("Bild ä.png", content, "image/png")

    assert got == [("Bild ä.png", "image/png", content)]


async def test_runs_are_listed_with_every_filter_and_repeated_fields(script: Script) -> None:
    script.says(answer(200, page([], 0)))
    noon = datetime(2026, 3, 1, 14, tzinfo=timezone(timedelta(hours=2)))

    await script.desk().runs.page(
        session_id="s",
        workflow_id=None,
        status="running",
        search="a&b",
        deep_search=True,
        fields=("status", "error"),
        sort_mode="created_at_desc",
        created_at_from=noon,
        created_at_to="2026-03-02",
        include=("workflow", "machine.pools"),
        limit=1000,
    )

    assert script.asked[0].url.params.multi_items() == [
        ("session_id", "s"),
        ("status", "running"),
        ("search", "a&b"),
        ("deep_search", "true"),
        ("fields", "status"),
        ("fields", "error"),
        ("sort_mode", "created_at_desc"),
        ("created_at_from", "2026-03-01T12:00:00+00:00"),
        ("created_at_to", "2026-03-02"),
        ("include", "workflow,machine.pools"),
        ("skip", "0"),
        ("limit", "1000"),
    ]


async def test_a_moment_without_a_zone_is_utc(script: Script) -> None:
    script.says(answer(200, page([], 0)))

    await script.desk().runs.page(created_at_from=datetime(2026, 3, 1, 14, tzinfo=UTC).replace(tzinfo=None))

    assert script.asked[0].url.params["created_at_from"] == "2026-03-01T14:00:00+00:00"


async def test_workflows_bring_tags_and_checks_and_take_a_comma_list_of_tags(script: Script) -> None:
    script.says(answer(200, page([], 0)))

    await script.desk().workflows.page(tag_ids=("t1", "t2"), search="x")

    params = script.asked[0].url.params
    assert params["include"] == "tags,post_run_checks"
    assert params.get_list("tag_ids") == ["t1,t2"]


async def test_cancelling_is_a_patch_of_the_status(script: Script) -> None:
    script.says(answer(200, run(status="cancelled")))

    assert not (await script.desk().runs.cancel("r1")).live

    sent = script.asked[0]
    assert (sent.method, sent.url.path, json.loads(sent.content)) == ("PATCH", "/v1/runs/r1", {"status": "cancelled"})


async def test_an_id_cannot_lead_to_another_resource(script: Script) -> None:
    script.says(answer(200, run()))
    desk = script.desk()

    await desk.runs.get("../workflows/a?b#c")

    assert script.asked[0].url.raw_path == b"/v1/runs/..%2Fworkflows%2Fa%3Fb%23c"
    for id in ("", ".", ".."):
        with pytest.raises(UsageError):
            await desk.runs.get(id)


async def test_a_base_url_may_have_a_path(script: Script) -> None:
    script.says(answer(200, {"status": "ok"}))

    assert await script.desk("https://gate.example.test/desk/").health() == {"status": "ok"}
    assert str(script.asked[0].url) == "https://gate.example.test/desk/v1/health"


@pytest.mark.parametrize(
    "url",
    ["", "api.example.test", "ftp://x", "https://", "https://a:b@x", "https://x?y", "https://x:99999", "http://a..b"],
)
def test_a_url_that_cannot_be_asked_is_wrong_usage(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        Cyberdesk.connect(url, KEY)

    assert "a:b" not in str(caught.value)


@pytest.mark.parametrize("key", ["", "a\nb", "abc ", "schlüssel"])
def test_a_key_that_no_header_can_hold_is_wrong_usage_and_not_shown(key: str) -> None:
    with pytest.raises(UsageError) as caught:
        Cyberdesk.connect("https://x.test", key)

    assert key not in str(caught.value) or not key.strip()


async def test_without_a_key_no_authorization_is_sent(script: Script) -> None:
    script.says(answer(200, {}))

    await script.desk(key=None).health()

    assert script.header("authorization") == [None]
