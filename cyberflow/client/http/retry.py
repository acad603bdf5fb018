"""When to ask again and how long to wait before: the service's rules as functions of an answer and a clock.
Nothing is sent from here.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isfinite
from random import random as draw

EPOCH_FROM = 1_000_000_000
"""A reset number from here on is a time of the epoch, a smaller one is seconds from now."""


@dataclass(frozen=True, slots=True)
class Retry:
    """How often and how patiently. The defaults are those of the service's own clients, but for `budget`.

    `budget` bounds in seconds what the service may ask one call to wait, all its retries together; `patience` is how
    many seconds a connection may be silent, and one request take but for the time its bytes need.
    `random` gives a number in [0, 1), `clock` seconds of the epoch; waiting is measured by `monotonic`, which a change
    of the clock does not move.
    """

    retries: int = 3
    base: float = 0.25
    cap: float = 8.0
    budget: float = 600.0
    patience: float = 60.0
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    random: Callable[[], float] = draw
    clock: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic

    def backoff(self, retry: int) -> float:
        """Full jitter: anything between nothing and `base` doubled `retry` times, at most `cap`."""
        return self.random() * min(self.cap, self.base * 2.0**retry)


def retry_after_seconds(headers: Mapping[str, str], now: float) -> float | None:
    """The seconds that `Retry-After` asks for, a number with or without fraction or an HTTP date; None for neither.

    A date is counted from the answer's own `Date` where it has one, so a wrong clock here does no harm.
    """
    text = headers.get("retry-after", "").strip()
    if (seconds := _parse_number(text)) is not None:
        return seconds if seconds >= 0 else None
    until = _parse_date(text)
    return None if until is None else max(0.0, until - _server_time(headers, now))


class RateLimitWindow:
    """The one thing the client remembers between calls: until when the rate limit says to send nothing."""

    def __init__(self) -> None:
        self._until = 0.0

    def record_headers(self, headers: Mapping[str, str], policy: Retry) -> None:
        """Read `X-RateLimit-Remaining` and `-Reset`. The form of the reset is not documented: a number or a date is
        taken, and one that is not within the budget is not believed.
        """
        if _parse_number(headers.get("x-ratelimit-remaining", "")) != 0:
            return
        text = headers.get("x-ratelimit-reset", "").strip()
        reset = _parse_number(text)
        if reset is None:
            reset = _parse_date(text)
        if reset is None:
            return
        wait = reset - _server_time(headers, policy.clock()) if reset >= EPOCH_FROM else reset
        if 0 < wait <= policy.budget:
            self._until = max(self._until, policy.monotonic() + wait)

    def seconds_to_wait(self, policy: Retry) -> float:
        return max(0.0, self._until - policy.monotonic())


def _parse_number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if isfinite(value) else None


def _parse_date(text: str) -> float | None:
    for parse in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            read = parse(text)
        except ValueError:
            continue
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()
    return None


def _server_time(headers: Mapping[str, str], now: float) -> float:
    date = _parse_date(headers.get("date", ""))
    return now if date is None else date
