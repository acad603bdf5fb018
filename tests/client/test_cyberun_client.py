"""The client of Cyberun on a scripted wire: what is sent, what is never sent twice, and what is said when it fails."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any, cast

import httpx
import pytest

from cyberflow.client.cyberun.client import CyberunClient
from cyberflow.client.cyberun.outputs import Outputs
from cyberflow.client.http.errors import ApiError, Unreachable
from cyberflow.errors import CyberflowError, UsageError
from tests.client.scripted_service import Script, answer

pytestmark = pytest.mark.anyio

URL = "https://core.example.test/api/v1"
TASK = "019abc12-9012-7890-abcd-ef1234567896"
STORE = "https://s3.example.test/o/a?X-Amz-Expires=3600&X-Amz-Signature=s1"
KEYS = ("sk-abcdef", "dk-abcdef")
SESSION, TEAM = "eyJhbGciOi.J9.x", "019abc12-4567-7890-abcd-ef1234567891"


def connect(script: Script, key: str = "sk-abcdef", team: str | None = None) -> CyberunClient:
    return CyberunClient.connect(
        URL, key, team=team, app=cast("Any", httpx.MockTransport(script.carry)), retry=script.retry()
    )


@pytest.mark.parametrize("status", [202, 200, 201])
async def test_a_submission_is_one_post_without_a_key(script: Script, status: int) -> None:
    script.says(answer(status, {"task_id": TASK}))

    assert await connect(script).submit("text-to-image@2", {"prompt": "x"}) == TASK

    [sent] = script.asked
    assert (sent.method, sent.url.raw_path) == ("POST", b"/api/v1/r/workflows/slug/text-to-image@2/run")
    assert json.loads(sent.content) == {"parameters": {"prompt": "x"}}
    assert "idempotency-key" not in sent.headers
    assert sent.headers["authorization"] == "Bearer sk-abcdef"


async def test_a_workflow_by_its_id(script: Script) -> None:
    script.says(answer(202, {"task_id": TASK}))

    await connect(script).submit(TASK, {})

    assert script.asked[0].url.path == f"/api/v1/r/workflows/{TASK}/run"


@pytest.mark.parametrize(
    "line", [answer(503), answer(429, Retry_After="1"), httpx.ReadError("reset"), httpx.ConnectError("refused")]
)
async def test_a_submission_is_never_sent_again(script: Script, line: Any) -> None:
    script.says(line)

    with pytest.raises((ApiError, Unreachable)):
        await connect(script).submit("a", {})

    assert len(script.asked) == 1


@pytest.mark.parametrize(
    "call",
    [
        lambda gpu: gpu.task(TASK),
        lambda gpu: gpu.cancel(TASK),
        lambda gpu: gpu.result(TASK),
        lambda gpu: gpu.workflow("a"),
    ],
)
async def test_everything_else_may_be(script: Script, call: Callable[[CyberunClient], Any]) -> None:
    script.says(answer(503), answer(200, {"id": TASK, "task_status": "running", "success": True}))

    await call(connect(script))

    assert len(script.asked) == 2


@pytest.mark.parametrize("key", KEYS)
async def test_a_key_knows_its_team(script: Script, key: str) -> None:
    script.says(answer(200, {"id": TASK, "task_status": "running"}))

    await connect(script, key, TEAM).task(TASK)

    assert "x-team-id" not in script.asked[0].headers


async def test_a_session_names_its_team(script: Script) -> None:
    script.says(answer(200, {"id": TASK, "task_status": "running"}))

    await connect(script, SESSION, TEAM).task(TASK)

    assert script.asked[0].headers["x-team-id"] == TEAM


async def test_a_session_without_a_team_is_stopped_before_anything_is_sent(script: Script) -> None:
    with pytest.raises(UsageError) as caught:
        connect(script, SESSION)

    assert "team" in str(caught.value.help)
    assert SESSION not in repr(vars(caught.value))


async def test_pages_are_read_to_the_end_and_each_task_given_once(script: Script) -> None:
    def page(request: httpx.Request) -> httpx.Response:
        number = int(request.url.params["current_page"])
        ids = [f"t{n}" for n in range(5)][max(0, (number - 1) * 2 - (number > 1)) : number * 2]
        meta = {"current_page": number, "per_page": 2, "total_count": 5}
        return answer(200, {"task_list": [{"id": id, "task_status": "new"} for id in ids], "page_meta": meta})

    script.says(page)

    assert [task.id async for task in connect(script).tasks(status="running")] == ["t0", "t1", "t2", "t3", "t4"]
    assert {request.url.params["status"] for request in script.asked} == {"running"}


async def test_a_list_without_a_total_ends_at_an_empty_page(script: Script) -> None:
    script.says(answer(200, {"task_list": [{"id": "a", "task_status": "x"}]}), answer(200, {"task_list": []}))

    assert [task.id async for task in connect(script).tasks()] == ["a"]


UPLOAD = {
    "file_key": "inputs/1/2/aW1hZ2UvcG5n/in.png",
    "upload_url": "https://s3.example.test/in?sig=1",
    "upload_headers": {"Content-Length": "3", "If-None-Match": "*"},
}


async def test_an_upload_goes_with_exactly_the_headers_it_is_told(script: Script) -> None:
    script.says(answer(200, UPLOAD), answer(200))

    assert await connect(script).upload("in.png", b"abc", "image/png") == UPLOAD["file_key"]

    asked, put = script.asked
    assert json.loads(asked.content) == {"file_name": "in.png", "file_size": 3, "content_type": "image/png"}
    assert (put.method, str(put.url), put.content) == ("PUT", UPLOAD["upload_url"], b"abc")
    told = {"content-length": "3", "if-none-match": "*"}
    assert {name: put.headers[name] for name in told} == told
    of_every_request = {"host", "accept", "accept-encoding", "connection", "user-agent"}
    assert set(put.headers) == {*told, *of_every_request}


async def test_an_upload_that_the_store_forbids_is_no_endless_story(script: Script) -> None:
    script.says(*[answer(200, UPLOAD), answer(412, "<Error><Code>PreconditionFailed</Code></Error>")] * 3)

    with pytest.raises(ApiError) as caught:
        await connect(script).upload("in.png", b"abc", "image/png")

    assert (caught.value.status, len(script.asked)) == (412, 6)
    assert "sig=1" not in str(caught.value)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"error_message": "resource not found"}, "resource not found"),
        ({"feature": "webhooks", "licensed": False}, "Forbidden"),
        ("<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>", "Request has expired"),
        ("", "Forbidden"),
        ("[1, 2]", "Forbidden"),
    ],
)
async def test_an_error_is_read_as_far_as_it_goes_and_its_text_is_kept(script: Script, body: Any, said: str) -> None:
    script.says(answer(403, body))

    with pytest.raises(ApiError) as caught:
        await connect(script).task(TASK)

    assert caught.value.service_message == said
    assert caught.value.raw == (body if isinstance(body, str) else httpx.Response(200, json=body).text)


async def test_neither_the_key_nor_a_secret_is_in_the_kept_text(script: Script) -> None:
    script.says(answer(400, {"error_message": "bad prompt: hunter2 for sk-abcdef"}))

    with pytest.raises(ApiError) as caught:
        await connect(script).submit("a", {"prompt": "hunter2"}, secrets=("hunter2",))

    assert caught.value.service_message == "bad prompt: ••• for •••"
    assert "hunter2" not in repr(vars(caught.value))


async def test_events_that_are_none_are_passed_over(script: Script) -> None:
    body = (
        'event: status\ndata: {"status": "running"}\n\nevent: odd\ndata: [1]\n\nevent: odd\ndata: {\n\n'
        'event: glow\ndata: {"x": 1}\n\n'
    )
    script.says(answer(200, body, Content_Type="text/event-stream; charset=utf-8"))

    found = [(event.kind, event.data) async for event in connect(script).events(TASK)]

    assert found == [("status", {"status": "running"}), ("glow", {"x": 1})]
    assert script.asked[0].headers["accept"] == "text/event-stream"


async def test_a_page_in_place_of_a_stream_is_none(script: Script) -> None:
    script.says(answer(200, "<html>", Content_Type="text/html"))

    assert [event async for event in connect(script).events(TASK)] == []


def result(url: str = STORE, key: str = "9.images.0") -> httpx.Response:
    return answer(200, {"id": TASK, "task_status": "completed", "download_urls": {key: url}})


async def test_a_download_goes_without_the_key(script: Script) -> None:
    script.says(result(), answer(200, b"png"))
    outputs, file = Outputs(connect(script), TASK), io.BytesIO()

    await outputs.read()
    await outputs.download("9.images.0", file)

    assert file.getvalue() == b"png"
    assert "authorization" in script.asked[0].headers
    assert "authorization" not in script.asked[1].headers


class Broken(httpx.AsyncByteStream):
    def __init__(self, piece: bytes) -> None:
        self.piece = piece

    async def __aiter__(self) -> Any:
        yield self.piece
        raise httpx.ReadError("reset")


def broken(piece: bytes, status: int = 200, **headers: str) -> Callable[[httpx.Request], httpx.Response]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: httpx.Response(status, headers=named, stream=Broken(piece))


@pytest.mark.parametrize(
    ("rest", "whole"),
    [
        (answer(206, b"456", Content_Range="bytes 3-5/6"), b"123456"),
        (answer(200, b"abcdef"), b"abcdef"),
        (answer(206, b"abcdef", Content_Range="bytes 0-5/6"), b"abcdef"),
    ],
    ids=["goes on", "another object by now", "from the beginning"],
)
async def test_a_broken_download_goes_on(script: Script, rest: httpx.Response, whole: bytes) -> None:
    script.says(result(), broken(b"123", ETag='"t"'), rest)
    outputs, file = Outputs(connect(script), TASK), io.BytesIO()

    await outputs.read()
    await outputs.download("9.images.0", file)

    assert file.getvalue() == whole
    assert script.header("range")[1:] == [None, "bytes=3-"]
    assert script.header("if-range")[2] == '"t"'


async def test_a_range_past_the_end_begins_anew(script: Script) -> None:
    script.says(result(), broken(b"123"), answer(416), answer(200, b"whole"))
    outputs, file = Outputs(connect(script), TASK), io.BytesIO()

    await outputs.read()
    await outputs.download("9.images.0", file)

    assert file.getvalue() == b"whole"


async def test_a_download_without_progress_is_given_up(script: Script) -> None:
    script.says(result(), httpx.ReadError("reset"))
    outputs = Outputs(connect(script), TASK)
    await outputs.read()

    with pytest.raises(Unreachable) as caught:
        await outputs.download("9.images.0", io.BytesIO())

    assert len(script.asked) == 5
    assert "Signature" not in str(caught.value)


async def test_every_bit_of_progress_counts(script: Script) -> None:
    spans = [f"bytes {n}-9/10" for n in range(10)]
    pieces = [broken(b"1", 206, Content_Range=span) for span in spans[:-1]]
    script.says(result(), *pieces, answer(206, b"1", Content_Range=spans[-1]))
    outputs, file = Outputs(connect(script), TASK), io.BytesIO()
    await outputs.read()

    await outputs.download("9.images.0", file)

    assert file.getvalue() == b"1" * 10


async def test_a_new_address_is_matched_by_key(script: Script) -> None:
    script.says(result(), answer(403), result(STORE.replace("s1", "s2")), answer(200, b"png"))
    outputs, file = Outputs(connect(script), TASK), io.BytesIO()

    await outputs.read()
    await outputs.download("9.images.0", file)

    assert "s2" in str(script.asked[3].url)


async def test_an_output_that_is_gone_is_said_to_be(script: Script) -> None:
    script.says(result(), answer(403), result(key="another"))
    outputs = Outputs(connect(script), TASK)
    await outputs.read()

    with pytest.raises(CyberflowError) as caught:
        await outputs.download("9.images.0", io.BytesIO())

    assert "no address for the output `9.images.0`" in str(caught.value)


async def test_a_404_of_the_store_is_no_reason_to_ask_again(script: Script) -> None:
    script.says(result(), answer(404))
    outputs = Outputs(connect(script), TASK)
    await outputs.read()

    with pytest.raises(ApiError):
        await outputs.download("9.images.0", io.BytesIO())

    assert len(script.asked) == 2
