"""Strings that make trouble elsewhere, byte for byte through every text field of the platform."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.suites import SUITES

if TYPE_CHECKING:
    from tests.emulator.emulator_api import Api, TurnedClock

SUITE = SUITES / "naughty" / "blns.json"
OWN = [
    "\0",
    "a\0b",
    "\x7f",
    "\x1b[31m",
    "\r\n",
    "\u202e",
    "\ufeff",
    "\ufffe",
    "\U0010ffff",
    "e\u0301",
    "' OR 1=1 --",
    "%s%n",
]
STRINGS = OWN + (json.loads(SUITE.read_text(encoding="utf-8")) if SUITE.exists() else [])
LONG = 255
"""What a name holds at most."""


@pytest.fixture(params=range(0, len(STRINGS), 40))
def some(request: pytest.FixtureRequest) -> list[str]:
    return STRINGS[request.param : request.param + 40]


def stored(api: Api, path: str, fields: dict[str, Any], method: str = "POST") -> Any:
    """What a write answers, and what is read afterwards."""
    made = api.request(method, path, json=fields)
    assert made.status_code in {200, 201}, (fields, made.text)
    id = made.json()["id"]
    again = api.get(f"{path}/{id}" if method == "POST" else path)
    for name, value in fields.items():
        assert again[name] == value
        assert made.json()[name] == value
    return again


def test_records_keep_them(api: Api, some: list[str]) -> None:
    for text in some:
        short = text[:LONG]
        prompt = text or "x"
        parameters = {"a": text, text: [text, {text: text}]}
        workflow = stored(
            api,
            "/v1/workflows",
            {
                "name": short,
                "main_prompt": prompt,
                "post_run_check_failure_cleanup_prompt": text,
                "terminal_command_allowlist": [text],
            },
        )
        schema = json.dumps({"description": text, "properties": {text: {"const": text}}}, ensure_ascii=False)
        stored(api, f"/v1/workflows/{workflow['id']}", {"input_schema": schema, "output_schema": schema}, "PATCH")
        stored(api, "/v1/workflow-tags", {"name": short, "description": text, "emoji": text, "color": text})
        stored(api, "/v1/workflow-tag-groups", {"name": short, "description": text})
        stored(api, "/v1/pools", {"name": text, "description": text, "pool_parameters": parameters})
        machine = {"fingerprint": "f", "unkey_key_id": "k"}
        named = {"name": text, "hostname": text, "os_info": text, "version": text, "machine_parameters": parameters}
        made = api.post("/v1/machines", machine | named)
        assert {key: api.get(f"/v1/machines/{made['id']}")[key] for key in named} == named
        model = {"name": short or "x", "provider": "p", "model": "m", "description": text}
        stored(api, "/v1/model-configurations", model | {"additional_params": parameters})


def test_runs_keep_them(api: Api, clock: TurnedClock, some: list[str]) -> None:
    workflow = api.workflow(main_prompt="Type {a} and {b}.")
    for text in some:
        inputs = {"a": text, "b": [text, {text: text}]}
        key = hashlib.sha256(text.encode()).hexdigest()
        outputs = {"found": text, text: [text]}
        api.post("/v1/local/scripts", {"script": {workflow: {"outputs": outputs}}, "idempotency_key": key})
        body = {"workflow_id": workflow, "input_values": inputs, "session_alias": text}
        run = api.request("POST", "/v1/runs", json=body, headers={"Idempotency-Key": key}).json()["id"]
        clock.forward(2)
        ended = api.run(run)
        assert ended["status"] == "success", ended["error"]
        assert (ended["input_values"], ended["output_data"], ended["session_alias"]) == (inputs, outputs, text)
        file = {"run_id": run, "filename": text or "x", "content": "aGk=", "content_type": "text/plain"}
        attachment = api.post("/v1/run-attachments", file | {"attachment_type": "input"})
        assert attachment["filename"] == (text or "x")
        got = api.request("GET", f"/v1/run-attachments/{attachment['id']}/download")
        assert got.content == b"hi"
        disposition = got.headers["content-disposition"]
        assert disposition.isascii()
        assert "\n" not in disposition
        signed = api.get(f"/v1/run-attachments/{attachment['id']}/download-url")["url"]
        assert api.request("GET", signed).headers["content-disposition"] == disposition


def test_a_search_finds_what_holds_it(api: Api, some: list[str]) -> None:
    for number, text in enumerate(some):
        name = f"{number} {text}"[:LONG]
        api.workflow(name)
        if "\0" not in name:
            found = [item["name"] for item in api.get("/v1/workflows", search=name)["items"]]
            assert name in found
