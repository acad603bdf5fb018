"""Bounded concurrency: several reads or writes at once, a failure ends those that are not done."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Sequence
from typing import Any, TypeVar

AT_ONCE = 8
T = TypeVar("T")


async def run_concurrently(jobs: Sequence[Callable[[], Awaitable[T]]], limit: int = AT_ONCE) -> AsyncGenerator[T, None]:
    """Run at most `limit` jobs at a time, results as they come. Leaving early cancels those that are not done."""
    free = asyncio.Semaphore(limit)

    async def run(job: Callable[[], Awaitable[T]]) -> T:
        async with free:
            return await job()

    tasks = [asyncio.ensure_future(run(job)) for job in jobs]
    try:
        for done in asyncio.as_completed(tasks):
            yield await done
    finally:
        await _cancel(tasks)


async def gather_or_cancel(*reads: Coroutine[Any, Any, Any]) -> list[Any]:
    """Wait for all; the first failure ends the others and is raised as it is."""
    tasks = [asyncio.ensure_future(read) for read in reads]
    try:
        return await asyncio.gather(*tasks)
    finally:
        await _cancel(tasks)


async def _cancel(tasks: Sequence[asyncio.Future[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
