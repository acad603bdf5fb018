"""What the client costs: CPU time per request as a ratio to bare httpx and to the official SDK. All three ask one
server in another process for the same run and list, one request at a time, in turn.
"""

from __future__ import annotations

import asyncio
import gc
import json
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from multiprocessing import Process
from socket import AF_INET, IPPROTO_TCP, SOCK_STREAM, socket
from typing import Any

import httpx

REQUESTS, ROUNDS = 150, 9
LIMIT = 2.0
"""Above this many times bare httpx (which reads the same JSON) the client has become too heavy."""

Act = Callable[[], Awaitable[Any]]
ID = "11111111-1111-4111-8111-111111111111"
RUN = {
    "id": ID,
    "workflow_id": ID,
    "machine_id": None,
    "status": "running",
    "created_at": "2026-03-01T09:30:00Z",
    "session_id": ID,
    "input_values": {"mrn": "7"},
    "run_message_history": [
        {"role": "assistant", "content": [{"type": "text", "text": f"Step {number}"}]} for number in range(20)
    ],
}
PAGE = {"items": [RUN | {"run_message_history": None}] * 100, "total": 100, "skip": 0, "limit": 100}


def answering(listening: socket) -> None:
    import uvicorn

    bodies = {False: json.dumps(RUN).encode(), True: json.dumps(PAGE).encode()}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        body = bodies[scope["path"].endswith("/runs")]
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    uvicorn.Server(uvicorn.Config(app, lifespan="off", log_level="critical", access_log=False)).run([listening])


@contextmanager
def served() -> Iterator[str]:
    listening = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    process = Process(target=answering, args=(listening,), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        process.terminate()
        process.join()


async def cost(act: Act) -> float:
    """CPU seconds of this process per request."""
    gc.collect()
    start = time.process_time()
    for _ in range(REQUESTS):
        await act()
    return (time.process_time() - start) / REQUESTS


async def compare(name: str, acts: dict[str, Act]) -> bool:
    """Measure in turn, print a line, and say whether ours keeps its limit."""
    for act in acts.values():
        for _ in range(20):
            await act()
    rounds = [{which: await cost(act) for which, act in acts.items()} for _ in range(ROUNDS)]
    ours = statistics.median(found["ours"] for found in rounds)
    to_bare = statistics.median(found["ours"] / found["httpx"] for found in rounds)
    to_sdk = statistics.median(found["ours"] / found["sdk"] for found in rounds)
    line = f"{name:<18} {ours * 1e6:7.0f} µs CPU   {to_bare:5.2f} × bare httpx   {to_sdk:5.2f} × the official SDK\n"
    sys.stdout.write(line)
    return to_bare <= LIMIT


async def measure(url: str) -> int:
    from cyberdesk import CyberdeskClient

    from cyberflow.client.cyberdesk.client import Cyberdesk

    sdk = CyberdeskClient(api_key="k", base_url=url)
    headers = {"Authorization": "Bearer k"}
    async with (
        Cyberdesk.connect(url, "k") as desk,
        httpx.AsyncClient(base_url=url, headers=headers, trust_env=False) as bare,
    ):

        async def get(path: str) -> Any:
            return json.loads((await bare.get(path)).content)

        async def asked(call: Awaitable[Any]) -> Any:
            answer = await call
            if answer.error is not None or type(answer.data).__name__ == "HTTPValidationError":
                raise AssertionError(answer)
            return answer.data

        one: dict[str, Act] = {
            "httpx": lambda: get(f"/v1/runs/{ID}"),
            "sdk": lambda: asked(sdk.runs.get(ID)),
            "ours": lambda: desk.runs.get(ID),
        }
        many: dict[str, Act] = {
            "httpx": lambda: get("/v1/runs"),
            "sdk": lambda: asked(sdk.runs.list()),
            "ours": desk.runs.page,
        }
        kept = [await compare("one run", one), await compare("page of a hundred", many)]
        await sdk.runs.client.get_async_httpx_client().aclose()
    return 0 if all(kept) else 1


def main() -> int:
    with served() as url:
        for _ in range(100):
            try:
                httpx.get(url, trust_env=False)
                break
            except httpx.TransportError:
                time.sleep(0.05)
        return asyncio.run(measure(url))


if __name__ == "__main__":
    sys.exit(main())
