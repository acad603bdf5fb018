"""The canaries: no text that the client makes holds the key or a sent secret."""

from __future__ import annotations

import io
import json
import logging
import traceback
from html import escape
from urllib.parse import quote

import httpx
import pytest

from cyberflow.client.cyberdesk import records, wire
from cyberflow.client.http.request import multipart_request, write_request
from cyberflow.errors import CyberflowError
from cyberflow.redact import Redactor
from tests.client.scripted_service import KEY, URL, Script, answer, run

pytestmark = pytest.mark.anyio

SECRET = 'hunter"2 ü'
BODY = {
    "steps": [
        {"workflow_id": "w", "inputs": {"a": "open"}, "sensitive_inputs": {"pw": SECRET, "deep": {"pin": [481516]}}}
    ],
    "shared_sensitive_inputs": {"short": "ab"},
}


def texts(error: CyberflowError) -> str:
    return "\n".join(
        [
            str(error),
            repr(error),
            repr(vars(error)),
            str(error.help),
            "".join(traceback.format_exception(error)),
            repr((error.__cause__, error.__context__)),
        ]
    )


ECHO = f"bad key {KEY}, password {SECRET}, pin 481516, short ab, quoted {quote(SECRET, safe='')}"


@pytest.mark.parametrize(
    "line",
    [
        answer(401, {"message": ECHO, "error_code": ECHO, "details": {KEY: [ECHO, {"input": SECRET, "n": 481516}]}}),
        answer(
            422, {"detail": [{"loc": ["body", SECRET], "msg": ECHO, "type": "t", "input": BODY, "ctx": {"e": ECHO}}]}
        ),
        answer(422, {"detail": ECHO}, X_Request_Id=KEY),
        answer(500, ECHO),
        answer(502, json.dumps([ECHO])),
        answer(502, f"<title>{ECHO}</title>"),
        answer(500, f"oops {json.dumps(BODY)}"),
        answer(500, f"oops {json.dumps(BODY, ensure_ascii=False)}"),
        answer(502, f"<title>{escape(SECRET)}</title>"),
        answer(201, ECHO),
        answer(201, {"session_id": [ECHO], "run_ids": ECHO}),
        answer(307, Location=f"https://elsewhere.test/{KEY}"),
        answer(307, Location=f"https://{KEY}.test/"),
        httpx.ConnectError(ECHO),
        httpx.LocalProtocolError(f"Illegal header value b'Bearer {KEY}'"),
    ],
    ids=lambda line: f"{type(line).__name__}-{getattr(line, 'status_code', '')}",
)
async def test_no_error_holds_a_secret(script: Script, line: httpx.Response | Exception) -> None:
    script.says(line)

    with pytest.raises(CyberflowError) as caught:
        await script.desk().runs.chain(BODY)

    found = texts(caught.value)
    for secret in (KEY, "hunter", quote(SECRET, safe=""), "481516"):
        assert secret not in found
    assert "short ab" not in found


async def test_no_repr_and_no_log_holds_a_secret(script: Script) -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        desk = script.says(answer(503), answer(200, run())).desk()
        await desk.runs.retry("r1", {"sensitive_input_values": {"pw": SECRET}})
    finally:
        root.removeHandler(handler)
        root.setLevel(before)

    request = write_request("POST", "/v1/runs/chain", BODY)
    image = multipart_request("/x", "x.png", SECRET.encode(), "image/png")
    seen = [
        stream.getvalue(),
        *map(repr, (desk, desk.runs, desk.runs.transport, request, image, Redactor([SECRET]))),
    ]
    for text in seen:
        assert KEY not in text
        assert "hunter" not in text
    assert URL in repr(desk)


def test_a_signed_url_is_a_permission_and_not_shown() -> None:
    shown = [
        wire.Image(supabase_url="s", filename="f", signed_url="https://x?token=t"),
        records.SignedUrl(signed_url="https://x?token=t"),
        records.DownloadUrl(url="https://x?token=t"),
    ]

    assert "token" not in repr(shown)
    assert shown[0].to_json()["signed_url"] == "https://x?token=t"


def test_a_short_secret_is_masked_where_it_stands_alone_in_a_text() -> None:
    mask = Redactor(["1", "", "ab"])

    assert mask.text("step 1 of 10: about 'ab'") == "step ••• of 10: about '•••'"
    assert mask.json({"n": 1, "m": 10, "ok": True, "x": None, "y": 1.5}) == {
        "n": 1,
        "m": 10,
        "ok": True,
        "x": None,
        "y": 1.5,
    }


def test_of_two_secrets_the_longer_goes_first() -> None:
    assert Redactor(["abcd", "abcdef"]).text("abcdef abcd") == "••• •••"


def test_a_secret_that_is_no_unicode_is_still_masked() -> None:
    assert Redactor(["abc\ud800"]).text("is abc\ud800") == "is •••"


def test_without_secrets_nothing_is_masked() -> None:
    assert Redactor([]).text("open") == "open"
