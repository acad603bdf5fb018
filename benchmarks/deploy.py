"""How many requests and how long a plan without changes and a first apply of 1,000 workflows take, beside bare httpx
sending the same requests, as many at once, to the same service in a process of its own: by the clock, and in the
processor time of the client, which a busy machine changes little.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import Any, TypeVar, cast

import httpx

from cyberflow.client.cyberdesk.client import Cyberdesk
from cyberflow.compiler.bundle import Bundle, BundledWorkflow
from cyberflow.deploy.apply.apply import apply
from cyberflow.deploy.apply.prepare import prepare
from cyberflow.remote.identity import Owner

T = TypeVar("T")
WORKFLOWS = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
AT_ONCE = 8
KEPT = frozenset({"authorization", "content-type", "idempotency-key", "accept"})
OWNER = Owner("thousand")
SERVER = """
import uvicorn, sys
from cyberflow.emulator.platform import Platform
platform = Platform.open(":memory:")
server = uvicorn.Server(uvicorn.Config(platform.app, port=0, log_level="critical", lifespan="off"))
startup = server.startup
async def started(sockets=None):
    await startup(sockets)
    print(server.servers[0].sockets[0].getsockname()[1], flush=True)
server.startup = started
server.run()
"""


@contextmanager
def served() -> Iterator[str]:
    """A platform of its own, empty."""
    process = subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    process.terminate()
    process.wait()


@dataclass(frozen=True)
class Took:
    """Seconds by the clock, and of this process's own processor time."""

    clock: float
    cpu: float


@contextmanager
def timed() -> Iterator[list[Took]]:
    """Leaves what the block took in the list."""
    took: list[Took] = []
    clock, cpu = time.perf_counter(), time.process_time()
    yield took
    took.append(Took(time.perf_counter() - clock, time.process_time() - cpu))


@dataclass
class Recorder(httpx.AsyncBaseTransport):
    """Carries requests and keeps them, with the id that a create was answered with."""

    inner: httpx.AsyncBaseTransport | None = field(default_factory=httpx.AsyncHTTPTransport)
    sent: list[tuple[httpx.Request, str | None]] = field(default_factory=list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        assert self.inner is not None
        response = await self.inner.handle_async_request(request)
        made = None
        if request.method == "POST" and not request.url.path.endswith("/tags"):
            await response.aread()
            made = response.json()["id"]
        self.sent.append((request, made))
        return response


def bundle() -> Bundle:
    schema = '{"type":"object","properties":{"mrn":{"type":"string"}},"required":["mrn"]}'
    nulls = dict.fromkeys(
        (
            "output_schema",
            "terminal_command_allowlist",
            "model_metadata",
            "post_run_checks",
            "includes_file_exports",
            "is_webhooks_enabled",
            "post_run_check_failure_cleanup_prompt",
        )
    )
    flows = [
        BundledWorkflow(
            f"flow-{number}",
            {
                **nulls,
                "name": f"Flow {number}",
                "main_prompt": f"<p>Open {{mrn}} of ward {number}.</p>" * 10,
                "input_schema": schema,
            },
        )
        for number in range(WORKFLOWS)
    ]
    return Bundle("thousand", "near", flows)


async def first_apply(url: str) -> tuple[Took, Recorder]:
    carrier = Recorder()
    async with Cyberdesk.connect(url, "any", app=cast("Any", carrier)) as desk:
        with timed() as took:
            planned = await prepare(desk, bundle(), OWNER)
            done = [one async for one in apply(planned, desk, lambda _: b"")]
    assert {one.status for one in done} == {"done"}
    return took[0], carrier


async def plan_again(url: str) -> tuple[Took, Recorder]:
    carrier = Recorder()
    async with Cyberdesk.connect(url, "any", app=cast("Any", carrier)) as desk:
        with timed() as took:
            assert (await prepare(desk, bundle(), OWNER)).changes == ()
    return took[0], Recorder(None, carrier.sent)


def planned(url: str) -> tuple[Took, Recorder]:
    return asyncio.run(plan_again(url))


def elsewhere(work: Callable[[str], T], url: str) -> T:
    """The result of a new process, which remembers nothing of an apply before."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, url).result()


async def floor(url: str, recorded: Recorder) -> Took:
    """The same requests from bare httpx: those of one workflow in order, several workflows at once, the rest before."""
    groups: dict[str, list[tuple[httpx.Request, str | None]]] = defaultdict(list)
    for request, made in recorded.sent:
        parts = request.url.path.split("/")
        groups[made or (parts[3] if len(parts) > 3 else "")].append((request, made))  # noqa: PLR2004 - /v1/workflows/ID
    shared = [name for name, requests in groups.items() if not name or "workflow-tags" in requests[0][0].url.path]
    async with httpx.AsyncClient(timeout=60) as client:
        with timed() as took:
            gate = asyncio.Semaphore(AT_ONCE)
            ids: dict[str, str] = {}
            for name in shared:
                ids |= await group(client, groups.pop(name), ids, gate, url)
            await asyncio.gather(*(group(client, requests, ids, gate, url) for requests in groups.values()))
    return took[0]


async def group(
    client: httpx.AsyncClient,
    requests: list[tuple[httpx.Request, str | None]],
    known: dict[str, str],
    gate: asyncio.Semaphore,
    url: str,
) -> dict[str, str]:
    """Requests in order, under the ids that this service gives; gives what is known of ids then."""
    ids = dict(known)
    async with gate:
        for request, made in requests:
            path, content = str(request.url.raw_path, "ascii"), request.content
            for old, new in ids.items():
                path, content = path.replace(old, new), content.replace(old.encode(), new.encode())
            headers = {key: value for key, value in request.headers.items() if key in KEPT}
            answer = await client.request(request.method, url + path, content=content, headers=headers)
            answer.raise_for_status()
            if made:
                ids[made] = answer.json()["id"]
    return ids


def main() -> None:
    with served() as url:
        first, applied = asyncio.run(first_apply(url))
        again, looked = elsewhere(planned, url)
        bare_plan = asyncio.run(floor(url, looked))
    with served() as url:
        bare = asyncio.run(floor(url, applied))
    for name, took, recorded, other in (
        (f"first apply of {WORKFLOWS} workflows", first, applied, bare),
        (f"plan without changes, {WORKFLOWS} workflows", again, looked, bare_plan),
    ):
        print(
            f"{name:<40} {len(recorded.sent):5} requests {took.clock:6.2f} s, {took.cpu:6.2f} s of processor"
            f"   {took.clock / other.clock:5.2f} × and {took.cpu / other.cpu:5.2f} × bare httpx"
        )


if __name__ == "__main__":
    main()
