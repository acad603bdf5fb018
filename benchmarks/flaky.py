"""A local platform for measurements: served on a port of its own, with a clock that runs fast, and on request with
faults in so many of a hundred requests: 429, 500, dropped before and after the work, stalled after it. `/count` tells
how many requests there were.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import uvicorn
from starlette.responses import PlainTextResponse

from cyberflow.emulator.platform import Platform

KINDS: tuple[dict[str, Any], ...] = (
    {"fault": "status", "status": 429, "retry_after": 0.1},
    {"fault": "status", "status": 500},
    {"fault": "drop", "when": "before"},
    {"fault": "drop", "when": "after"},
    {"fault": "stall", "seconds": 0.5},
)


def plan(percent: float, seed: int, requests: int) -> list[dict[str, Any]]:
    """A rule for each request that is hit; a rule does not count what those before it hit."""
    chance = random.Random(seed)
    hit = [place for place in range(requests) if chance.random() < percent / 100]
    return [
        {**KINDS[index % len(KINDS)], "path": "/v1/*", "skip": place - index, "times": 1}
        for index, place in enumerate(hit)
    ]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("database", type=Path)
    parser.add_argument("--faults", type=float, default=0)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--speed", type=float, default=60)
    given = parser.parse_args()
    begun, wall = datetime.now(UTC), time.monotonic()

    def clock() -> datetime:
        return begun + timedelta(seconds=(time.monotonic() - wall) * given.speed)

    faults = plan(given.faults, given.seed, given.requests)
    asked = 0

    with Platform.open(given.database, clock=clock, faults=faults) as platform:

        async def app(scope: Any, receive: Any, send: Any) -> None:
            nonlocal asked
            if scope["type"] == "http" and scope["path"] == "/count":
                await PlainTextResponse(str(asked))(scope, receive, send)
                return
            asked += scope["type"] == "http"
            await platform.app(scope, receive, send)

        config = uvicorn.Config(app, port=0, log_level="critical", lifespan="off", access_log=False)
        server = uvicorn.Server(config)
        socket = config.bind_socket()
        print(f"http://127.0.0.1:{socket.getsockname()[1]}", flush=True)
        with suppress(KeyboardInterrupt):
            server.run([socket])
    hit = sum(rule["skip"] + index < asked for index, rule in enumerate(faults))
    print(json.dumps({"requests": asked, "faults": hit}), flush=True)


if __name__ == "__main__":
    main()
