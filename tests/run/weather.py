"""A service behind a bad line: it fails now and then."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any


class Weather:
    """An application that fails now and then: 429, 500, dropped before and after, or an answer cut off."""

    def __init__(self, app: Any, chance: random.Random, share: float) -> None:
        self.app = app
        self.chance = chance
        self.share = share
        self.met: Counter[str] = Counter()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if self.chance.random() >= self.share:
            await self.app(scope, receive, send)
            return
        fault = self.chance.choice(["429", "500", "before", "after"])
        self.met[fault] += 1
        if fault == "after":
            await self.app(scope, receive, nowhere)
        if fault in ("before", "after"):
            raise ConnectionResetError("gone")
        headers = [(b"content-type", b"application/json"), (b"retry-after", b"1")]
        await send({"type": "http.response.start", "status": int(fault), "headers": headers})
        await send({"type": "http.response.body", "body": b'{"message": "no"}'})


async def nowhere(_: Any) -> None:
    pass
