"""The rate limit, when it is switched on: a bucket per API key, in fixed windows of the platform's clock."""

from __future__ import annotations

from datetime import datetime
from math import ceil

from cyberflow.emulator.contract.errors import HttpError
from cyberflow.emulator.http.fault_plan import RateLimit


class RateLimiter:
    """Counts requests in memory: a restart starts anew."""

    def __init__(self, limit: RateLimit) -> None:
        self._limit = limit
        self._window = 0.0
        self._used: dict[str, int] = {}

    def take(self, caller: str, now: datetime) -> tuple[tuple[str, str], ...]:
        """Count one request and answer the headers of its answer. Refused (429) when the bucket is empty."""
        length = self._limit.seconds
        window = now.timestamp() // length * length
        if window != self._window:
            self._window, self._used = window, {}
        used = self._used.get(caller, 0)
        self._used[caller] = min(used + 1, self._limit.requests)
        left = max(0, self._limit.requests - used - 1)
        reset = window + length
        headers = (
            ("X-RateLimit-Limit", str(self._limit.requests)),
            ("X-RateLimit-Remaining", str(left)),
            ("X-RateLimit-Reset", str(ceil(reset))),
        )
        if used >= self._limit.requests:
            wait = max(1, ceil(reset - now.timestamp()))
            raise HttpError(429, "Rate limit exceeded", headers=dict(headers) | {"Retry-After": str(wait)})
        return headers
