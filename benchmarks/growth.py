"""How the local platform grows: seconds to fill and to read each list of its API, and to apply and plan a project, at
two sizes. What is five times as much may take five and a half times as long. `growth.py project` measures that alone.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from cyberflow.client.cyberdesk.client import Cyberdesk
from cyberflow.compiler.bundle import Bundle, BundledWorkflow
from cyberflow.deploy.apply.apply import apply
from cyberflow.deploy.apply.prepare import prepare
from cyberflow.emulator.platform import Platform
from cyberflow.remote.identity import Owner

SMALL, TIMES, LIMIT = 1000, 5, 5.5
AUTH = {"Authorization": "Bearer cd_bench"}
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
Times = tuple[float, float]
Fill = Callable[[httpx.AsyncClient, int, dict[str, str]], Awaitable[httpx.Response]]


def post(path: str, body: Callable[[int, dict[str, str]], Any]) -> Fill:
    return lambda client, number, ids: client.post(path, json=body(number, ids))


def put_image(client: httpx.AsyncClient, number: int, _: dict[str, str]) -> Awaitable[httpx.Response]:
    return client.post("/v1/workflows/prompt-image", files={"file": (f"{number}.png", PNG)})


async def make_workflow(client: httpx.AsyncClient, number: int, ids: dict[str, str]) -> httpx.Response:
    """A workflow as `apply` makes one: it holds the tag that all have."""
    schema = f'{{"type": "object", "properties": {{"mrn{number}": {{"type": "string"}}}}}}'
    made = await client.post("/v1/workflows", json={"name": str(number), "main_prompt": "x", "input_schema": schema})
    return await client.post(f"/v1/workflows/{made.json()['id']}/tags", json={"tag_ids": [ids["tag"]]})


LISTS: dict[str, tuple[str, Fill]] = {
    "workflows": ("/v1/workflows?include=tags", make_workflow),
    "tags": ("/v1/workflow-tags", post("/v1/workflow-tags", lambda n, _: {"name": str(n)})),
    "groups": ("/v1/workflow-tag-groups", post("/v1/workflow-tag-groups", lambda n, _: {"name": str(n)})),
    "images": ("/v1/workflows/prompt-images", put_image),
    "machines": (
        "/v1/machines?include=pools",
        post("/v1/machines", lambda n, _: {"fingerprint": str(n), "unkey_key_id": "k"}),
    ),
    "pools": ("/v1/pools?include=machines", post("/v1/pools", lambda n, _: {"name": str(n)})),
    "models": (
        "/v1/model-configurations",
        post("/v1/model-configurations", lambda n, _: {"name": str(n), "provider": "p", "model": "m"}),
    ),
    "connections": (
        "/v1/connections",
        post("/v1/connections", lambda n, ids: {"websocket_id": str(n), "machine_id": ids["machine"]}),
    ),
    "runs": ("/v1/runs?include=workflow", post("/v1/runs", lambda _, ids: {"workflow_id": ids["workflow"]})),
    "attachments": (
        "/v1/run-attachments",
        post(
            "/v1/run-attachments",
            lambda n, ids: {
                "run_id": ids["run"],
                "filename": str(n),
                "content": "",
                "content_type": "text/plain",
                "attachment_type": "output",
            },
        ),
    ),
    "trajectories": (
        "/v1/trajectories?is_generated=false",
        post(
            "/v1/trajectories",
            lambda _, ids: {"workflow_id": ids["workflow"], "trajectory_data": [{}], "dimensions": {"width": 1}},
        ),
    ),
    "tasks": ("/api/v1/r/tasks", post("/api/v1/r/workflows/slug/poster/run", lambda _n, _: {"parameters": {}})),
}


async def read_all(client: httpx.AsyncClient, path: str) -> int:
    """Page by page, as far as there are pages."""
    seen = 0
    while True:
        window = {"current_page": seen // 100 + 1, "per_page": 100} if "/api/" in path else {"skip": seen, "limit": 100}
        body = (await client.get(path, params=httpx.URL(path).params.merge(window))).json()
        items = body if isinstance(body, list) else body.get("items", body.get("task_list"))
        seen += len(items)
        if isinstance(body, list) or len(items) < 100:  # noqa: PLR2004 - a page
            return seen


async def list_times(name: str, size: int) -> Times:
    """The seconds to fill a list and to read it."""
    path, fill = LISTS[name]
    with Platform.open(":memory:") as platform:
        transport = httpx.ASGITransport(platform.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://bench", headers=AUTH) as client:
            ids = await first_ids(client)
            start = time.process_time()
            for number in range(size):
                (await fill(client, number, ids)).raise_for_status()
            filled = time.process_time()
            assert await read_all(client, path) >= size
            return filled - start, time.process_time() - filled


async def first_ids(client: httpx.AsyncClient) -> dict[str, str]:
    workflow = (await client.post("/v1/workflows", json={"name": "first", "main_prompt": "x"})).json()["id"]
    run = (await client.post("/v1/runs", json={"workflow_id": workflow})).json()["id"]
    tag = (await client.post("/v1/workflow-tags", json={"name": "all"})).json()["id"]
    machine = (await client.get("/v1/machines")).json()["items"][0]["id"]
    return {"workflow": workflow, "run": run, "tag": tag, "machine": machine}


def bundle(size: int) -> Bundle:
    fields: tuple[str, ...] = ("output_schema", "terminal_command_allowlist", "model_metadata", "post_run_checks")
    fields += ("includes_file_exports", "is_webhooks_enabled", "post_run_check_failure_cleanup_prompt")
    flows = [
        BundledWorkflow(
            f"flow-{number}",
            dict.fromkeys(fields)
            | {
                "name": f"Flow {number}",
                "main_prompt": f"<p>Open {{mrn}} of ward {number}.</p>" * 10,
                "input_schema": json.dumps({"properties": {"mrn": {"type": "string", "pattern": f"^M{number}"}}}),
            },
        )
        for number in range(size)
    ]
    return Bundle("growth", "near", flows)


async def deploy_times(name: str, size: int) -> Times:
    """The seconds of a first apply, and of a plan with nothing to do."""
    project, owner = bundle(size), Owner(name)
    with Platform.open(":memory:") as platform:
        async with Cyberdesk.connect("http://local", "bench", app=platform.app) as desk:
            start = time.process_time()
            prepared = await prepare(desk, project, owner)
            done = [outcome.status async for outcome in apply(prepared, desk, lambda _: b"")]
            assert set(done) == {"done"}
            applied = time.process_time()
            assert (await prepare(desk, project, owner)).changes == ()
            return applied - start, time.process_time() - applied


async def compare(name: str, times: Callable[[str, int], Awaitable[Times]], small: int) -> list[str]:
    """The two sizes in turn, each at its best of three: the machine has other things to do as well."""
    pairs = [(await times(name, small), await times(name, small * TIMES)) for _ in range(3)]
    before, after = zip(*pairs, strict=True)
    late = []
    for what, fast, slow in zip(("fill", "read"), map(min, *before), map(min, *after), strict=True):
        ratio = slow / max(fast, 0.02)
        sys.stdout.write(f"{name:<13} {what}  {fast:7.2f} s  {slow:7.2f} s  {ratio:5.1f} times\n")
        late += [f"{name} {what}"] if ratio > LIMIT else []
    return late


async def measure() -> list[str]:
    lists = () if "project" in sys.argv else LISTS
    late = [slow for name in lists for slow in await compare(name, list_times, SMALL)]
    # A list of several pages is read twice; one more than a page holds has both sizes read it so.
    return late + await compare("project", deploy_times, SMALL + 1)


def main() -> int:
    late = asyncio.run(measure())
    sys.stdout.writelines(f"  too slow: {name}\n" for name in late)
    return 1 if late else 0


if __name__ == "__main__":
    sys.exit(main())
