"""How often a service is asked, how long it may be silent, and when the time given is over."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from math import inf

from cyberflow.client.http.errors import ApiError, Unreachable
from cyberflow.run.chain.events import Unanswered

GRACE = 3.0
"""Seconds after the end of the time given in which cancelling is tried and what there is of outputs is read."""


@dataclass(frozen=True)
class PollInterval:
    """Seconds between looks: `first` after something moved, growing up to `last` while nothing does."""

    first: float = 1.0
    last: float = 5.0
    growth: float = 1.5


LOCAL = PollInterval(0.25, 3.0)
REMOTE = PollInterval()


class PollTimer:
    """The waits between looks, which grow while nothing moves."""

    def __init__(self, interval: PollInterval) -> None:
        self._interval = interval
        self._wait = interval.first

    def next_wait(self, *, moved: bool = False) -> float:
        """The seconds to wait now; `moved` says that the look before found something new."""
        wait = self._interval.first if moved else min(self._wait, self._interval.last)
        self._wait = wait * self._interval.growth
        return wait

    def slow_down(self) -> None:
        """Wait as long as ever before the next look."""
        self._wait = self._interval.last


@dataclass(frozen=True)
class FollowOptions:
    """How to follow. `timeout` is in seconds from the submission; `patience` is how long a service that cannot be
    asked is asked again where no time is given. A look asks for the message history too when the last one that did is
    `messages` seconds ago; None never does. `clock` only goes forward.
    """

    interval: PollInterval = REMOTE
    timeout: float | None = None
    cancel_on_timeout: bool = False
    patience: float = 300.0
    messages: float | None = None
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep


class Deadline:
    """The end of the time given for following, counted from `since`, and of the grace after it."""

    def __init__(self, options: FollowOptions, since: float | None, limit: float | None = None) -> None:
        self._clock = options.clock
        given = min(inf if limit is None else limit, inf if options.timeout is None else options.timeout)
        self._at = (options.clock() if since is None else since) + given

    @property
    def seconds_left(self) -> float:
        return max(0.0, self._at - self._clock())

    @property
    def has_passed(self) -> bool:
        return self._clock() >= self._at

    def extend(self, seconds: float = GRACE) -> None:
        """Give so many seconds from now."""
        self._at = self._clock() + seconds


class OutageTimer:
    """Times how long a service could not be asked, against the patience of who follows: the time given, if any is."""

    def __init__(self, options: FollowOptions) -> None:
        self._clock = options.clock
        self._patience = options.patience if options.timeout is None else inf
        self._since: float | None = None

    @property
    def is_running(self) -> bool:
        return self._since is not None

    def reset(self) -> None:
        self._since = None

    def tolerate(self, error: ApiError | Unreachable) -> Unanswered:
        """A failure that may pass, within the patience; every other one is raised."""
        if not error.transient:
            raise error
        now = self._clock()
        self._since = now if self._since is None else self._since
        if now - self._since >= self._patience:
            raise error
        return Unanswered(str(error))
