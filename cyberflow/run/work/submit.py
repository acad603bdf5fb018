"""Submitting: written down first, sent again under its key while its fate is unknown, and written down again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from math import inf
from typing import Any, TypeVar

from cyberflow.client.http.errors import ApiError, Unreachable
from cyberflow.errors import CyberflowError
from cyberflow.run.work.journal import Invocation

T = TypeVar("T")
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 60.0


class SubmissionTimedOut(CyberflowError):
    """The time given was over before the service had answered a submission. Exit code 1."""

    exit_code = 1


def is_fate_unknown(error: ApiError | Unreachable) -> bool:
    """Whether the submission may have been carried out."""
    return not error.nothing_was_made


@dataclass
class Resend:
    """When a submission is sent again: while `again` says so of its failure, for `seconds` by the clock that only
    goes forward. `age` is how old its key is already; `may_have_arrived` says that it was sent before, and the answer
    lost. `tell` hears of each failure on the way.
    """

    seconds: float
    again: Callable[[ApiError | Unreachable], bool] = is_fate_unknown
    age: float = 0.0
    may_have_arrived: bool = False
    tell: Callable[[str], object] = lambda _: None
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    clock: Callable[[], float] = field(default=time.monotonic, repr=False)


async def send_until_answered(send: Callable[[], Awaitable[T]], resend: Resend) -> T:
    """Send until there is an answer that counts, or the time for it is over. The error that is raised then knows
    whether one of the tries may have arrived.
    """
    pause, begun = FIRST_PAUSE, resend.clock() - resend.age
    while True:
        try:
            return await send()
        except (ApiError, Unreachable) as error:
            _remember(error, earlier=resend.may_have_arrived)
            resend.may_have_arrived = is_fate_unknown(error)
            wait = max(pause, (error.retry_after or 0.0) if isinstance(error, ApiError) else 0.0)
            if not resend.again(error) or resend.clock() - begun + wait >= resend.seconds:
                raise
            resend.tell(str(error))
        await resend.sleep(wait)
        pause = min(pause * 2, LONGEST_PAUSE)


def _remember(error: ApiError | Unreachable, *, earlier: bool) -> None:
    if isinstance(error, ApiError):
        error.earlier_try_may_have_arrived = error.earlier_try_may_have_arrived or earlier
    else:
        error.may_have_arrived = error.may_have_arrived or earlier


async def record_and_send(
    invocation: Invocation,
    facts: dict[str, Any],
    send: Callable[[], Awaitable[T]],
    explain: Callable[[ApiError | Unreachable | SubmissionTimedOut], Awaitable[None]],
    timeout: float | None = None,  # noqa: ASYNC109 - a time-out is written down too
) -> T:
    """Write down what is about to be sent, and send it. A failure is written down too; `explain` is called for one
    after which the submission may have arrived.

    Raises what `send` raises, CyberflowError when it cannot be written down, SubmissionTimedOut after `timeout`.
    """
    invocation.record("sending", **facts, **invocation.facts)
    try:
        async with asyncio.timeout(None if timeout in (None, inf) else timeout):
            return await send()
    except TimeoutError:
        late = SubmissionTimedOut(f"the time is over, and the submission of `{facts['name']}` had no answer")
        await explain(late)
        raise late from None
    except (ApiError, Unreachable) as error:
        if error.nothing_was_made:
            invocation.record("refused", http_status=error.status)
        else:
            await explain(error)
        raise
