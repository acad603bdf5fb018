"""Corners of both services that their references have."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx
import pytest

from cyberflow.emulator.engine.agent import skip_empty_loops

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.emulator.emulator_api import Api, TurnedClock


@pytest.mark.parametrize("path", ["/", "/health", "/health/live", "/health/ready", "/health/db", "/v1/health/db"])
def test_probes_need_no_key(api: Api, path: str) -> None:
    response = api.request("GET", path, headers={"Authorization": ""})
    assert (response.status_code, response.json()["status"]) == (200, "ok")


@pytest.mark.parametrize("body", [b"", b"null", b" null ", b"{}"])
def test_duplicate_takes_no_body_and_null(api: Api, body: bytes) -> None:
    path = f"/v1/workflows/{api.workflow()}/duplicate"
    response = api.request("POST", path, content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == 201


def test_a_body_that_is_required_is_not_null(api: Api) -> None:
    assert api.violations("/v1/workflows", None)[0][0] == ["body"]


def test_a_signed_attachment_is_saved_under_its_name(api: Api) -> None:
    run = api.post("/v1/runs", {"workflow_id": api.workflow()})["id"]
    body = {"run_id": run, "filename": 'Größe "2".csv', "content": "aGk=", "content_type": "text/csv"}
    id = api.post("/v1/run-attachments", body | {"attachment_type": "output"})["id"]

    signed = api.request("GET", api.get(f"/v1/run-attachments/{id}/download-url")["url"])

    assert signed.headers["content-disposition"] == (
        "attachment; filename=\"Gr__e _2_.csv\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe%20%222%22.csv"
    )
    assert (signed.content, signed.headers["content-type"]) == (b"hi", "text/csv; charset=utf-8")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/nothing", 404),
        ("POST", "/api/v1/r/nothing/here", 404),
        ("DELETE", "/api/v1/r/tasks", 405),
        ("GET", "/api/v1/r/tasks/not-an-id", 400),
    ],
)
def test_cyberun_refuses_in_its_own_form(api: Api, method: str, path: str, status: int) -> None:
    response = api.request(method, path)
    assert (response.status_code, list(response.json())) == (status, ["error_message"])


def test_cyberdesk_keeps_its_own_form(api: Api) -> None:
    assert set(api.request("GET", "/v1/nothing").json()) > {"error", "message"}
    assert set(api.request("GET", "/apis/v1").json()) > {"error", "message"}


def test_an_agent_s_key_is_for_agents(as_caller: Callable[[str], Api]) -> None:
    for path in ("/api/v1/r/workflows", "/api/v1/r/tasks", "/api/v1/r/agents"):
        assert as_caller("ak-123").request("GET", path).status_code == 403
        assert as_caller("sk-123").request("GET", path).status_code == 200
    run = as_caller("ak-123").request("POST", "/api/v1/r/workflows/slug/poster/run", json={"parameters": {}})
    assert list(run.json()) == ["error_message"]


def test_a_file_that_was_never_uploaded_completes_no_task(api: Api, clock: TurnedClock) -> None:
    asked = {"file_name": "a.png", "file_size": 3, "content_type": "image/png"}
    permit = api.post("/api/v1/r/files/presign", asked)
    run = "/api/v1/r/workflows/slug/poster/run"
    before = api.post(run, {"parameters": {"image": permit["file_key"]}})["task_id"]
    sent = asyncio.run(put_file(api, permit["upload_url"], permit["upload_headers"]))
    after = api.post(run, {"parameters": {"image": permit["file_key"], "text": "inputs/are/welcome"}})["task_id"]
    clock.forward(60)

    failed = api.get(f"/api/v1/r/tasks/{before}")
    reason = "the file of parameter image was never uploaded"
    assert (failed["task_status"], failed["task_error"]) == ("failed", reason)
    assert sent == 200
    assert api.get(f"/api/v1/r/tasks/{after}")["task_status"] == "completed"


async def put_file(api: Api, url: str, headers: dict[str, str]) -> int:
    """Upload three bytes, as the store wants it: without a key."""
    transport = httpx.ASGITransport(api.platform.app)
    async with httpx.AsyncClient(transport=transport) as client:
        return (await client.put(url, content=b"abc", headers=headers)).status_code


START = 'Call start_loop with text="{}"'
END = "Call end_loop_iteration with text=done"


@pytest.mark.parametrize("items", ["[]", "0", "__EMPTY__", " [ ] "])
def test_a_loop_over_nothing_is_skipped(items: str) -> None:
    lines = ["Open", START.format(items), "Click {{loop_item}}", END, "Close"]
    assert skip_empty_loops(lines) == ["Open", START.format(items), "Close"]


@pytest.mark.parametrize("items", ['["a"]', "5", "{{orders}}", "[[]]", "10"])
def test_a_loop_over_something_is_not(items: str) -> None:
    lines = ["Open", START.format(items), "Click {{loop_item}}", END, "Close"]
    assert skip_empty_loops(lines) == lines


def test_loops_inside_and_without_an_end(api: Api) -> None:
    inner = [START.format("[]"), "a", START.format('["b"]'), "c", END, "d", END, "e"]
    assert skip_empty_loops(inner) == [START.format("[]"), "e"]
    endless = [START.format("[]"), "a", "b"]
    assert skip_empty_loops(endless) == endless, "what has no end is for the agent to find out"


def test_a_run_skips_a_loop_over_an_empty_input(api: Api, clock: TurnedClock) -> None:
    prompt = '<p>Use start_loop with text="{ids}".</p><p>Click it.</p><p>Then end_loop_iteration.</p><p>Close.</p>'
    workflow = api.workflow(main_prompt=prompt)
    told = []
    for ids in ([], ["7"]):
        run = api.post("/v1/runs", {"workflow_id": workflow, "input_values": {"ids": ids}})["id"]
        clock.forward(5)
        told.append(str(api.run(run)["run_message_history"]))
    assert ["end_loop_iteration" in history for history in told] == [False, True]
    assert all("Close." in history for history in told)
