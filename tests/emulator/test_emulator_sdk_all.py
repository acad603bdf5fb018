"""The official SDK against a served platform: every operation it wraps. The table in docs/local-platform.md is what
this test saw; `CYBERFLOW_UPDATE_DOCS=1` writes it anew.
"""

from __future__ import annotations

import inspect
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from cyberflow.emulator.platform import Platform
from tests.emulator.emulator_api import CONTRACT, hold_against_contract
from tests.emulator.sdk_calls import NOBODY, Tour
from tests.emulator.served import serve

pytestmark = [pytest.mark.slow, pytest.mark.enable_socket]

PAGE = Path(__file__).parent.parent.parent / "docs" / "local-platform.md"
BEGIN, END = "<!-- operations: begin -->", "<!-- operations: end -->"
SHARED = {"machines.clear_session": "machines.update", "run_attachments.save_to_file": "run_attachments.download"}
"""Wrapper methods that are another operation in other words."""


class Watched(httpx.HTTPTransport):
    """Sends as the SDK's own transport does, and holds every answer against the contract."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, str, int]] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = super().handle_request(request)
        content = response.read()
        whole = httpx.Response(response.status_code, headers=response.headers, content=content, request=request)
        hold_against_contract(whole)
        self.seen.append((request.method, request.url.path, response.status_code))
        return whole


def operations() -> dict[str, tuple[str, str]]:
    """Method and path of each wrapped operation, by the wrapper's name."""
    return {
        name: (method.upper(), path)
        for path, found in CONTRACT["paths"].items()
        for method, operation in found.items()
        for name in operation.get("x-sdk-method") or ()
        if name not in SHARED
    }


def wrappers(sdk: Any) -> set[str]:
    return {
        f"{group}.{name.removesuffix('_sync')}"
        for group, resource in vars(sdk).items()
        if hasattr(resource, "client")
        for name, _ in inspect.getmembers(type(resource), inspect.isfunction)
        if name.endswith("_sync")
    }


def outcome(answer: Any) -> str:
    """What came back, as the SDK gives it: it puts a 422 where the data belongs."""
    assert answer.error is None, answer.error
    kind = type(answer.data).__name__
    assert kind != "HTTPValidationError", answer.data
    return {"NoneType": "nothing", "dict": "done"}.get(kind, kind)


@pytest.fixture
def sdk(tmp_path: Path) -> Iterator[tuple[Any, Watched]]:
    from cyberdesk import CyberdeskClient

    with Platform.open(tmp_path / "local.db") as platform, serve(platform.app) as url:
        client, watched = CyberdeskClient(api_key="cd_any", base_url=url), Watched()
        inner = client.workflows.client.get_httpx_client()
        inner._transport = inner._mounts = None
        inner._transport, inner._mounts = watched, {}
        yield client, watched
        client.close()


def test_every_operation_of_the_sdk(sdk: tuple[Any, Watched], tmp_path: Path, png: bytes) -> None:
    client, watched = sdk
    rows = []
    called = []
    for name, call in Tour(client, tmp_path, png).each():
        watched.seen.clear()
        called.append(name)
        result = outcome(call())
        method, path, status = watched.seen[-1]
        if name not in SHARED:
            assert (method, path.count("/")) == (operations()[name][0], operations()[name][1].count("/")), name
            rows.append((*operations()[name], status, name, result))

    assert set(called) == wrappers(client)
    assert len(rows) == len(operations()) == 76
    held_against_the_page(rows)


def held_against_the_page(rows: list[tuple[str, str, int, str, str]]) -> None:
    head = "| operation | SDK | status | what the SDK gives |\n|---|---|---|---|\n"
    table = head + "".join(
        f"| `{method} {path}` | `{name}` | {status} | {result} |\n"
        for method, path, status, name, result in sorted(rows, key=lambda row: (row[3].split(".")[0], row[1], row[0]))
    )
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    after = rest.partition(END)[2]
    wanted = f"{before}{BEGIN}\n\n{table}\n{END}{after}"
    if os.environ.get("CYBERFLOW_UPDATE_DOCS"):
        PAGE.write_text(wanted, encoding="utf-8")
    assert page == wanted, "docs/local-platform.md is stale: run this test with CYBERFLOW_UPDATE_DOCS=1"


def test_what_is_not_there_is_an_error_for_the_sdk(sdk: tuple[Any, Watched]) -> None:
    client, _ = sdk

    answer = client.runs.get_sync(NOBODY)

    assert answer.data is None
    assert json.loads(answer.error.content)["message"] == "Run not found"
