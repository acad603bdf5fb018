"""What the local platform costs: requests per second of three calls as ratios to a bare Starlette route on the same
machine, and 200 concurrent chains whose recorded times show order and no overlap of sessions.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from multiprocessing import Process
from pathlib import Path
from socket import AF_INET, IPPROTO_TCP, SOCK_STREAM, socket
from typing import Any

import httpx

AUTH = {"Authorization": "Bearer cd_bench"}
ROUNDS, SECONDS, TASKS = 5, 1.0, 8
CHAINS, STEPS, MACHINES = 200, 3, 20
STEP_SECONDS = 0.2
FINAL = {"success", "error", "cancelled", "task_failed"}
LIMITS = {"one run": 12.0, "list, projected": 20.0, "chain of three": 40.0}
"""A ratio above this is a regression; the figures of an idle machine are about half."""


def bare(listening: socket) -> None:
    import uvicorn
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    async def answer(request: Request) -> JSONResponse:
        await request.body()
        return JSONResponse({"id": request.path_params["id"], "status": "success"})

    app = Starlette(routes=[Route("/v1/runs/{id}", answer, methods=["GET", "POST"])])
    uvicorn.Server(uvicorn.Config(app, lifespan="off", log_level="critical", access_log=False)).run([listening])


def platform(listening: socket, database: str) -> None:
    import uvicorn

    from cyberflow.emulator.platform import Platform

    with Platform.open(Path(database)) as opened:
        config = uvicorn.Config(opened.app, lifespan="off", log_level="critical", access_log=False)
        uvicorn.Server(config).run([listening])


@contextmanager
def served(target: Callable[..., None], *arguments: str) -> Iterator[str]:
    listening = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    process = Process(target=target, args=(listening, *arguments), daemon=True)
    process.start()
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    try:
        for _ in range(200):
            try:
                httpx.get(f"{url}/v1/health", trust_env=False)
                break
            except httpx.TransportError:
                time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.join()


@dataclass(frozen=True)
class Call:
    """A request as bytes: a client library would cost more than the server that is measured."""

    method: str
    target: str
    body: object = None

    @property
    def raw(self) -> bytes:
        content = b"" if self.body is None else json.dumps(self.body).encode()
        head = f"{self.method} {self.target} HTTP/1.1\r\nHost: bench\r\nAuthorization: {AUTH['Authorization']}\r\n"
        return f"{head}Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content


async def rate(url: str, call: Call) -> float:
    """Answers per second over a few connections, one request at a time on each."""
    raw, host, port = call.raw, *url.removeprefix("http://").split(":")
    done, until = 0, time.perf_counter() + SECONDS

    async def go() -> None:
        nonlocal done
        reader, writer = await asyncio.open_connection(host, int(port))
        while time.perf_counter() < until:
            writer.write(raw)
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 2"):
                raise AssertionError(head)
            length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
            await reader.readexactly(int(length))
            done += 1
        writer.close()
        await writer.wait_closed()

    start = time.perf_counter()
    await asyncio.gather(*(go() for _ in range(TASKS)))
    return done / (time.perf_counter() - start)


async def furnished(url: str) -> tuple[str, str]:
    """A workflow with a hundred finished runs and some machines; answers the ids of the workflow and of a run."""
    async with httpx.AsyncClient(base_url=url, headers=AUTH, trust_env=False, timeout=60) as client:
        prompt = "\n".join(f"{number}. Click the button and read the value." for number in range(8))
        body = {"name": "Find", "main_prompt": prompt, "output_schema": '{"type": "object"}'}
        workflow = (await client.post("/v1/workflows", json=body)).json()["id"]
        for number in range(MACHINES - 1):
            machine = {"fingerprint": str(number), "unkey_key_id": "k", "name": f"desk-{number}"}
            (await client.post("/v1/machines", json=machine)).raise_for_status()
        script = {"script": {workflow: {"seconds": 0.01}}, "idempotency_key": "bulk"}
        (await client.post("/v1/local/scripts", json=script)).raise_for_status()
        bulk = {"workflow_id": workflow, "count": 100}
        made = await client.post("/v1/runs/bulk", json=bulk, headers={"Idempotency-Key": "bulk"})
        run = made.json()["created_runs"][0]["id"]
        while (await client.get(f"/v1/runs/{run}")).json()["status"] not in FINAL:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.05)
        return workflow, run


def calls(workflow: str, run: str) -> dict[str, tuple[Call, Call]]:
    """By name, the call and its floor: a bare route that answers a small JSON, to a GET or to the same body."""
    step = {"workflow_id": workflow, "inputs": {"mrn": "7"}}
    body = {"steps": [step | {"session_alias": alias} for alias in "abc"]}
    one = Call("GET", f"/v1/runs/{run}")
    listed = Call("GET", "/v1/runs?fields=session_id&fields=ended_at&limit=100")
    return {
        "one run": (one, one),
        "list, projected": (listed, one),
        "chain of three": (Call("POST", "/v1/runs/chain", body), Call("POST", "/v1/runs/x", body)),
    }


def rates(folder: str) -> list[str]:
    lines, late = [], []
    with served(bare) as floor, served(platform, f"{folder}/rates.db") as url:
        workflow, run = asyncio.run(furnished(url))
        for name, (call, under) in calls(workflow, run).items():
            pairs = [(asyncio.run(rate(url, call)), asyncio.run(rate(floor, under))) for _ in range(ROUNDS)]
            ratio = statistics.median(floor_rate / own for own, floor_rate in pairs)
            own, floor_rate = (statistics.median(found) for found in zip(*pairs, strict=True))
            lines.append(f"{name:<18} {own:8.0f}/s   floor {floor_rate:6.0f}/s   {ratio:5.1f} × a bare route")
            late += [name] if ratio > LIMITS[name] else []
    sys.stdout.write("\n".join(lines) + "\n")
    return late


async def crowd(url: str) -> tuple[float, float, list[dict[str, Any]]]:
    """Submit all chains at once and wait; seconds until accepted and until done, and the runs."""
    workflow, _ = await furnished(url)
    async with httpx.AsyncClient(base_url=url, headers=AUTH, trust_env=False, timeout=120) as client:
        start = time.perf_counter()

        async def submit(number: int) -> str:
            key = f"crowd-{number}"
            script = {"script": {workflow: {"seconds": STEP_SECONDS}}, "idempotency_key": key}
            (await client.post("/v1/local/scripts", json=script)).raise_for_status()
            body = {"steps": [{"workflow_id": workflow, "session_alias": f"s{step}"} for step in range(STEPS)]}
            made = await client.post("/v1/runs/chain", json=body, headers={"Idempotency-Key": key})
            return str(made.raise_for_status().json()["session_id"])

        sessions = set(await asyncio.gather(*(submit(number) for number in range(CHAINS))))
        accepted = time.perf_counter() - start
        fields: dict[str, list[str] | int] = {
            "fields": ["session_id", "session_alias", "started_at", "ended_at", "error"],
            "limit": 1000,
        }
        while True:
            found = (await client.get("/v1/runs", params=fields)).raise_for_status().json()["items"]
            runs = [run for run in found if run["session_id"] in sessions]
            if len(runs) == CHAINS * STEPS and all(run["status"] in FINAL for run in runs):
                return accepted, time.perf_counter() - start, runs
            await asyncio.sleep(0.25)


def faults_of(runs: list[dict[str, Any]]) -> list[str]:
    """What the recorded times say against order in sessions and against one session per machine at a time."""
    found = [f"{run['id']}: {run['status']} {run['error']}" for run in runs if run["status"] != "success"]
    by_session, spans = defaultdict(list), defaultdict(list)
    for run in runs:
        by_session[run["session_id"]].append(run)
    for session, members in by_session.items():
        ordered = sorted(members, key=lambda run: run["session_alias"])
        found += [f"{session}: out of order" for a, b in pairwise(ordered) if a["ended_at"] > b["started_at"]]
        found += [f"{session}: several machines"] if len({run["machine_id"] for run in members}) > 1 else []
        spans[members[0]["machine_id"]].append((ordered[0]["started_at"], ordered[-1]["ended_at"]))
    for machine, held in spans.items():
        held.sort()
        found += [f"{machine}: sessions overlap" for a, b in pairwise(held) if a[1] > b[0]]
    return found


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        late = rates(folder)
        with served(platform, f"{folder}/crowd.db") as url:
            accepted, done, runs = asyncio.run(crowd(url))
    wrong = faults_of(runs)
    least = CHAINS * STEPS * STEP_SECONDS / MACHINES
    sys.stdout.write(
        f"{CHAINS} chains of {STEPS} on {MACHINES} machines: accepted in {accepted:.1f} s, done in {done:.1f} s "
        f"(at least {least:.1f} s by the clock), {len(runs)} runs, {len(wrong)} out of order or overlapping\n"
    )
    sys.stdout.writelines(f"  {line}\n" for line in wrong[:10])
    sys.stdout.writelines(f"  too slow: {name}\n" for name in late)
    return 1 if wrong or late else 0


if __name__ == "__main__":
    sys.exit(main())
