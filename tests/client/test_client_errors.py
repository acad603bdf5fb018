from __future__ import annotations

import socket
import ssl
from typing import Any

import httpx
import pytest

from cyberflow.client.cyberdesk.client import Cyberdesk
from cyberflow.client.http.errors import ApiError, Unreachable, Violation
from cyberflow.errors import CyberflowError
from tests.client.scripted_service import URL, Script, answer, page, run, workflow

pytestmark = pytest.mark.anyio

ENVELOPE = {
    "error": "HTTPException",
    "message": "Tag is archived",
    "error_code": "TAG_ARCHIVED",
    "details": {"tag": "t1"},
    "timestamp": "2026-03-27T16:00:00Z",
}


async def refusal(script: Script, response: httpx.Response) -> ApiError:
    script.says(response)
    with pytest.raises(ApiError) as caught:
        await script.desk(retries=0).workflows.create({"main_prompt": "Go"})
    return caught.value


async def test_the_envelope_of_the_service(script: Script) -> None:
    error = await refusal(script, answer(400, ENVELOPE, X_Request_Id="req-7"))

    assert str(error) == "POST /v1/workflows answered 400 [TAG_ARCHIVED]: Tag is archived (request id req-7)"
    assert (error.status, error.error_code, error.details, error.request_id) == (
        400,
        "TAG_ARCHIVED",
        {"tag": "t1"},
        "req-7",
    )
    assert (error.service_message, error.violations, error.exit_code) == ("Tag is archived", (), 3)


async def test_violations_are_listed_one_per_line_without_what_was_sent(script: Script) -> None:
    detail = [
        {
            "loc": ["body", "steps", 0, "workflow_id"],
            "msg": "Field required",
            "type": "missing",
            "input": {"a": "hide1"},
        },
        {
            "loc": ["body", "name"],
            "msg": "Value error, 'hide-me' is bad",
            "type": "value_error",
            "input": "hide-me",
            "ctx": {"error": "hide2"},
        },
    ]

    error = await refusal(script, answer(422, {"detail": detail}))

    assert str(error) == (
        "POST /v1/workflows answered 422: the request has 2 mistakes\n"
        "  body.steps.0.workflow_id: Field required\n"
        "  body.name: Value error, '•••' is bad"
    )
    assert error.violations[0] == Violation("body.steps.0.workflow_id", "Field required", "missing")
    assert "hide" not in repr(vars(error))


@pytest.mark.parametrize("details", [[{"loc": ["$"], "msg": "m", "type": "t"}], {"errors": [{"loc": "$", "msg": "m"}]}])
async def test_violations_in_the_envelope_count_too(script: Script, details: Any) -> None:
    error = await refusal(script, answer(422, {"message": "Input invalid", "details": details}))

    assert [violation[:2] for violation in error.violations] == [("$", "m")]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"detail": "Run is still running"}, "Run is still running"),
        ({"error": {"message": "inner"}}, "inner"),
        ({"error": "Teapot"}, "Teapot"),
        ({"detail": []}, "Bad Gateway"),
        ({"message": None, "detail": {"a": 1}}, "Bad Gateway"),
        ([1, 2], "Bad Gateway"),
        ("null", "Bad Gateway"),
        ("", "Bad Gateway"),
        (b"\xff\xfe", "��"),
        ("plain\n words", "plain words"),
        ("[" * 100_000, "[" * 500 + "…"),
        (
            "<html><head><title>502 Bad&amp;Gateway\n</title></head></html>",
            "Bad Gateway, with a web page in place of JSON: 502 Bad&Gateway",
        ),
        ("<center>nginx</center>", "Bad Gateway"),
    ],
)
async def test_every_shape_of_a_body_makes_a_message(script: Script, body: Any, said: str) -> None:
    assert (await refusal(script, answer(502, body))).service_message == said


@pytest.mark.parametrize("status", [499, 529, 599])
async def test_a_status_without_a_name_is_still_an_answer(script: Script, status: int) -> None:
    assert str(await refusal(script, answer(status))) == f"POST /v1/workflows answered {status}: no message"


@pytest.mark.parametrize(
    ("status", "help"),
    [
        (401, "the key was rejected: check"),
        (403, "this key may not do that"),
        (404, "there is no such thing in the organisation of this key"),
        (429, "the rate limit of this key is used up"),
        (503, "the service failed, not the request"),
    ],
)
async def test_help_says_what_to_do(script: Script, status: int, help: str) -> None:
    assert str((await refusal(script, answer(status))).help).startswith(help)


async def test_a_request_still_at_work_says_so(script: Script) -> None:
    error = await refusal(script, answer(409, {"message": "Conflict"}, Idempotency_Status="in_progress"))

    assert error.help == "an earlier sending of this very request is still at work there: try again later"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("<html>", "the answer is not JSON but text/html"),
        ("", "the answer is not JSON but an empty body"),
        ({"id": "w1"}, "the answer has not the expected form, `main_prompt`: field required; `created_at`: field"),
        ([], "the answer has not the expected form, `.`: "),
        (workflow(tags="t-value"), "the answer has not the expected form, `tags`: input should be a valid list"),
    ],
)
async def test_a_success_that_cannot_be_read_is_an_api_error(script: Script, body: Any, said: str) -> None:
    error = await refusal(script, answer(201, body, Content_Type="text/html; charset=utf-8"))

    assert error.service_message.startswith(said)
    assert error.status == 201
    assert "t-value" not in str(error)


async def test_a_page_without_its_total_is_an_api_error(script: Script) -> None:
    script.says(answer(200, {"items": []}))

    with pytest.raises(ApiError, match="`total`"):
        await script.desk().workflows.page()


async def test_one_broken_run_names_its_place_in_the_page(script: Script) -> None:
    script.says(answer(200, page([run(), {"id": "r2"}], 2)))

    with pytest.raises(ApiError, match=r"`items\.1\.workflow_id`: field required"):
        await script.desk().runs.page()


def caused(error: Exception, cause: BaseException) -> Exception:
    error.__cause__ = cause
    return error


def distrust() -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_message = "self-signed certificate"
    return error


REASONS = [
    (caused(httpx.ConnectError("x"), ConnectionRefusedError(111, "Connection refused")), "connection refused"),
    (
        caused(
            httpx.ConnectError("All connection attempts failed"),
            caused(
                OSError("All connection attempts failed"),
                ExceptionGroup("many", [OSError(99, "Cannot assign"), ConnectionRefusedError(111, "refused")]),
            ),
        ),
        "connection refused",
    ),
    (caused(httpx.ConnectError("x"), socket.gaierror(socket.EAI_NONAME, "unknown")), "name not found"),
    (caused(httpx.ConnectError("x"), socket.gaierror(socket.EAI_AGAIN, "later")), "name look-up failed"),
    (caused(httpx.ConnectError("x"), distrust()), "TLS: its certificate is not trusted (self-signed certificate)"),
    (caused(httpx.ConnectError("x"), ssl.SSLError(1, "wrong version")), "TLS: the handshake failed"),
    (caused(httpx.ReadError("x"), ConnectionResetError(104, "reset")), "connection reset"),
    (caused(httpx.ConnectError("x"), OSError(101, "Network is unreachable")), "network is unreachable"),
    (httpx.ConnectTimeout(""), "timed out after 10 s while connecting"),
    (httpx.ReadTimeout(""), "timed out after 60 s without an answer"),
    (httpx.WriteTimeout(""), "timed out after 60 s while sending"),
    (httpx.PoolTimeout(""), "no connection was free for 60 s"),
    (httpx.DecodingError("Error -3"), "the answer is broken, it does not unpack"),
    (httpx.RemoteProtocolError("Server disconnected."), "Server disconnected"),
    (httpx.ReadError(""), "the connection broke"),
]


@pytest.mark.parametrize(("error", "reason"), REASONS, ids=[reason for _, reason in REASONS])
async def test_unreachable_says_why_in_plain_words(script: Script, error: Exception, reason: str) -> None:
    script.says(error)

    with pytest.raises(Unreachable) as caught:
        await script.desk().runs.get("r1")

    assert str(caught.value) == f"{URL} cannot be reached: {reason}"
    assert (caught.value.url, caught.value.reason) == (URL, reason)
    assert isinstance(caught.value, CyberflowError)


async def test_a_distrusted_certificate_is_not_asked_again_and_the_help_names_the_key(script: Script) -> None:
    script.says(caused(httpx.ConnectError("x"), distrust()))

    with pytest.raises(Unreachable) as caught:
        await script.desk().runs.get("r1")

    assert len(script.asked) == 1
    assert "`ca:`" in str(caught.value.help)


async def test_a_closed_port_of_this_machine_refuses(script: Script) -> None:
    async with Cyberdesk.connect("http://127.0.0.1:1", "k", retry=script.retry()) as desk:
        with pytest.raises(Unreachable, match="connection refused") as caught:
            await desk.health()

    assert len(script.slept) == 3
    assert caught.value.may_have_arrived is False
