"""Keys, envelopes, and idempotency."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from cyberflow.emulator.platform import Platform

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from tests.emulator.emulator_api import Api, TurnedClock

JSON = {"Content-Type": "application/json"}
KEY = {"Idempotency-Key": "11111111-1111-4111-8111-111111111111"}


def make(api: Api, headers: dict[str, str], name: str = "A", **fields: Any) -> httpx.Response:
    return api.request("POST", "/v1/workflows", json={"main_prompt": "x", "name": name} | fields, headers=headers)


def test_any_key_is_taken_and_none_is_403(api: Api) -> None:
    for given in ("", "Bearer", "Bearer ", "Basic abc"):
        assert api.refusal("GET", "/v1/workflows", headers={"Authorization": given}) == (403, "Not authenticated")
    assert api.request("GET", "/v1/workflows", headers={"Authorization": "Bearer whatever"}).status_code == 200
    assert api.request("GET", "/v1/health", headers={"Authorization": ""}).json() == {"status": "ok"}


def test_a_set_key_is_the_only_one(clock: TurnedClock) -> None:
    async def status(key: bytes) -> int:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(platform.app), base_url="http://x") as client:
            return (await client.get("/v1/runs", headers={b"Authorization": b"Bearer " + key})).status_code

    with Platform.open(":memory:", clock=clock, api_key="cd_right") as platform:
        assert [asyncio.run(status(key)) for key in (b"cd_right", b"cd_wrong", "ключ".encode())] == [200, 401, 401]


def test_refusals_have_the_envelope(api: Api) -> None:
    body = api.request("GET", "/v1/nothing-here").json()

    assert body["error"] == "HTTPException"
    assert body["message"] == "Not Found"
    assert body["timestamp"].startswith("2026-03-01T09:30:00")
    assert api.refusal("PUT", "/v1/workflows") == (405, "Method Not Allowed")


def test_a_repeat_gets_the_first_answer_and_makes_nothing(api: Api, clock: TurnedClock) -> None:
    first = make(api, KEY)
    clock.forward(60)
    again = make(api, KEY)

    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotency-status"] == "replayed"
    assert again.headers["content-type"] == "application/json"
    assert api.get("/v1/workflows")["total"] == 1
    gone = {"Idempotency-Key": "gone"}
    for _ in range(2):
        api.delete(f"/v1/workflows/{first.json()['id']}", headers=gone)


def test_another_body_under_the_key_is_422(api: Api) -> None:
    make(api, KEY)
    response = make(api, KEY, name="B")

    assert response.status_code == 422
    assert response.json()["detail"][0]["type"] == "idempotency_key_reused"
    assert api.get("/v1/workflows")["total"] == 1


def test_the_order_of_members_is_no_other_body(api: Api) -> None:
    first = api.request("POST", "/v1/workflows", content=b'{"main_prompt":"x","name":"A"}', headers=KEY | JSON)
    again = api.request("POST", "/v1/workflows", content=b'{ "name": "A", "main_prompt": "x" }', headers=KEY | JSON)

    assert again.json() == first.json()


def test_key_caller_method_and_path_are_apart(api: Api, as_caller: Callable[[str], Api]) -> None:
    id = make(api, KEY).json()["id"]
    assert make(as_caller("cd_other"), KEY).json()["id"] != id
    assert api.request("PATCH", f"/v1/workflows/{id}", json={"name": "A"}, headers=KEY).status_code == 200
    assert api.request("POST", "/v1/pools", json={"name": "A"}, headers=KEY).status_code == 201
    assert api.get("/v1/workflows")["total"] == 2


def test_a_key_lives_for_a_day_and_through_a_restart(reopen: Callable[[], Api], clock: TurnedClock) -> None:
    first = make(reopen(), KEY).json()["id"]
    clock.forward(24 * 3600 - 1)
    assert make(reopen(), KEY).json()["id"] == first
    clock.forward(2)
    assert make(reopen(), KEY).json()["id"] != first


def test_a_refused_write_leaves_its_key_free(api: Api) -> None:
    assert make(api, KEY, main_prompt="").status_code == 422
    assert make(api, KEY).status_code == 201


def test_a_body_that_is_not_whole_holds_no_key(api: Api) -> None:
    async def both() -> tuple[httpx.Response, httpx.Response]:
        arrived, go_on = asyncio.Event(), asyncio.Event()

        async def slow() -> AsyncIterator[bytes]:
            yield b'{"main_prompt": '
            arrived.set()
            await go_on.wait()
            yield b'"x"}'

        first = asyncio.create_task(api.send("POST", "/v1/workflows", content=slow(), headers=KEY | JSON))
        await arrived.wait()
        second = await api.send("POST", "/v1/workflows", json={"main_prompt": "x"}, headers=KEY)
        go_on.set()
        return await first, second

    first, second = asyncio.run(both())

    assert (second.status_code, "idempotency-status" in second.headers) == (201, False)
    assert (first.content, first.headers["idempotency-status"]) == (second.content, "replayed")
    assert api.get("/v1/workflows")["total"] == 1


def test_a_body_that_drips_is_cut(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cyberflow.emulator.http.body.SECONDS", 0.05)

    async def drip() -> AsyncIterator[bytes]:
        while True:
            yield b" "
            await asyncio.sleep(0.01)

    refused = asyncio.run(api.send("POST", "/v1/workflows", content=drip(), headers=KEY | JSON))

    assert (refused.status_code, refused.headers["connection"]) == (408, "close")
    assert make(api, KEY).status_code == 201, "the key was never taken"


@pytest.mark.parametrize("type", [None, "text/plain", "application/x-www-form-urlencoded", "application/jsonish"])
def test_a_body_of_another_type_is_422(api: Api, type: str | None) -> None:
    headers = {} if type is None else {"Content-Type": type}
    response = api.request("POST", "/v1/workflows", content=b'{"main_prompt": "x"}', headers=headers)

    assert (response.status_code, response.json()["detail"][0]["loc"]) == (422, ["body"])


@pytest.mark.parametrize("type", ["application/json; charset=utf-8", "Application/JSON", "application/vnd.api+json"])
def test_a_body_of_a_json_type_is_read(api: Api, type: str) -> None:
    body = b'{"main_prompt": "x"}'
    assert api.request("POST", "/v1/workflows", content=body, headers={"Content-Type": type}).status_code == 201


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 200_000,
        b'{"a":' * 200_000,
        b'{"main_prompt": "x", "z": ' + b"[" * 300 + b"]" * 300 + b"}",
        b'{"main_prompt": NaN}',
        b'{"main_prompt": "x", "a": 1e999}',
        b'{"main_prompt": ' + b"9" * 5000 + b"}",
        b'{"main_prompt": "\xff"}',
        b"nul",
        b"\xff\xfe",
    ],
)
def test_a_body_that_cannot_be_kept_is_422(api: Api, body: bytes) -> None:
    assert api.request("POST", "/v1/workflows", content=body, headers=JSON).status_code == 422


@pytest.mark.parametrize("schema", ["[" * 200_000, '{"a":' * 200_000, '{"not":' * 300 + "{}" + "}" * 300])
def test_a_schema_without_an_end_is_422(api: Api, schema: str) -> None:
    assert api.violations("/v1/workflows", {"main_prompt": "x", "input_schema": schema}) == [
        (["body", "input_schema"], "value_error")
    ]


def test_a_body_beyond_the_limit_is_413(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cyberflow.emulator.http.body.read_whole.__defaults__", (1024 * 1024,))

    async def parts() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b" " * 65536

    said = {"Content-Length": str(200 * 1024 * 1024)}
    told = asyncio.run(api.send("POST", "/v1/workflows", content=b"{}", headers=JSON | said))
    untold = asyncio.run(api.send("POST", "/v1/workflows", content=parts(), headers=JSON))

    assert (told.status_code, untold.status_code) == (413, 413)
    assert told.json()["message"] == "The body is too large: at most 1 MB"


HALVES = ["cut \ud83d", "\ude00 first", "a\udfffb"]


@pytest.mark.parametrize("half", HALVES)
def test_half_a_character_is_422_wherever_it_stands(api: Api, half: str) -> None:
    workflow, run = api.workflow(), api.post("/v1/runs", {"workflow_id": api.workflow()})["id"]
    bodies: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", "/v1/workflows", {"main_prompt": half}),
        ("POST", "/v1/workflows", {"main_prompt": "x", "name": half}),
        ("PATCH", f"/v1/workflows/{workflow}", {"input_schema": json.dumps({"title": half})}),
        ("POST", "/v1/workflow-tags", {"name": half}),
        ("POST", "/v1/pools", {"name": "p", "pool_parameters": {"a": [{"b": half}]}}),
        ("POST", "/v1/pools", {"name": "p", "pool_parameters": {half: 1}}),
        ("POST", "/v1/runs", {"workflow_id": workflow, "input_values": {"mrn": half}}),
        ("POST", "/v1/runs", {"workflow_id": workflow, "sensitive_input_values": {"mrn": half}}),
        ("PATCH", f"/v1/runs/{run}", {"error": [half]}),
        ("POST", "/v1/run-attachments", {"run_id": run, "filename": half, "content": "", "attachment_type": "input"}),
        ("POST", "/v1/local/scripts", {"script": {"a": {"outputs": {"b": half}}}}),
    ]
    for method, path, body in bodies:
        response = api.request(method, path, content=json.dumps(body).encode(), headers=JSON)
        assert response.status_code == 422, (path, response.text)


@pytest.mark.parametrize("secret", ["correct horse", "other"])
def test_a_secret_s_value_is_no_part_of_the_fingerprint(api: Api, secret: str) -> None:
    id = api.workflow()
    body: dict[str, Any] = {
        "steps": [{"workflow_id": id, "sensitive_inputs": {"pw": "correct horse"}}],
        "shared_sensitive_inputs": {"pin": "1"},
    }
    first = api.request("POST", "/v1/runs/chain", json=body, headers=KEY)
    body["steps"][0]["sensitive_inputs"]["pw"] = secret
    assert api.request("POST", "/v1/runs/chain", json=body, headers=KEY).json() == first.json()
    body["steps"][0]["sensitive_inputs"]["user"] = "name"
    assert api.request("POST", "/v1/runs/chain", json=body, headers=KEY).status_code == 422


def test_no_hash_of_a_secret_is_stored(reopen: Callable[[], Api], tmp_path: Path) -> None:
    api = reopen()
    workflow = api.workflow()
    for path, body in (
        ("/v1/runs", {"workflow_id": workflow, "sensitive_input_values": {"pw": "correct horse"}}),
        (
            "/v1/machines",
            {"fingerprint": "f", "unkey_key_id": "k", "machine_sensitive_parameters": {"pw": "correct horse"}},
        ),
        ("/v1/pools", {"name": "p", "pool_sensitive_parameters": {"pw": "correct horse"}}),
    ):
        assert api.request("POST", path, json=body, headers=KEY).status_code == 201
    stored = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    digest = hashlib.sha256(b"correct horse")
    for trace in (b"correct horse", digest.digest(), digest.hexdigest().encode()):
        assert trace not in stored


def test_a_long_text_is_the_same_body_and_another_is_not(api: Api) -> None:
    prompt = "ä" * 2_000_000
    first = make(api, KEY, main_prompt=prompt)
    assert make(api, KEY, main_prompt=prompt).content == first.content
    assert make(api, KEY, main_prompt=prompt[:-1] + "b").status_code == 422


@pytest.mark.parametrize("text", ["aGk", "aG=k", "=", "aGk=aGk=", "aGk=\n", "aGk-", "ä", "aGkx" * 300_000 + "a"])
def test_what_is_not_base64_is_422(api: Api, text: str) -> None:
    run = api.post("/v1/runs", {"workflow_id": api.workflow()})["id"]
    body = {"run_id": run, "filename": "a", "content": text, "content_type": "text/plain", "attachment_type": "input"}
    assert api.violations("/v1/run-attachments", body) == [(["body", "content"], "value_error")]


def test_a_large_file_is_kept_byte_for_byte(api: Api) -> None:
    content = bytes(range(256)) * 12_001
    run = api.post("/v1/runs", {"workflow_id": api.workflow()})["id"]
    body = {"run_id": run, "filename": "a", "content": base64.b64encode(content).decode(), "content_type": "text/plain"}
    made = api.post("/v1/run-attachments", body | {"attachment_type": "input"})
    assert made["size_bytes"] == len(content)
    assert api.request("GET", f"/v1/run-attachments/{made['id']}/download").content == content
