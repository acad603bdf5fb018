"""The client for scripts without an event loop: each call of it runs the same coroutine to its end, in a loop of its
own. It has no bodies, only the way in and out.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator
from inspect import iscoroutine
from typing import Any, Self

from cyberflow.client.cyberdesk.client import Cyberdesk
from cyberflow.errors import UsageError


class SyncCyberdesk:
    """`Blocking.connect(url, key)` has what `Cyberdesk` has; what is awaited there is answered here, and an
    asynchronous iterator is a plain one. To be used by one thread, as a context manager or with `close`.
    """

    def __init__(self, desk: Cyberdesk) -> None:
        self._desk = desk
        self._runner = asyncio.Runner()

    @classmethod
    def connect(cls, url: str, api_key: str | None, **options: Any) -> Self:
        """Take the arguments of `Cyberdesk.connect` and raise what it raises."""
        return cls(Cyberdesk.connect(url, api_key, **options))

    def __getattr__(self, name: str) -> Any:
        return _SyncProxy(self._run, getattr(self._desk, name))

    def close(self) -> None:
        self._run(self._desk.aclose())
        self._runner.close()

    def _run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return self._runner.run(coroutine)
        coroutine.close()
        raise UsageError("there is an event loop here already: use `Cyberdesk`, and await its calls")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Blocking({self._desk!r})"


class _SyncProxy:
    def __init__(self, run: Any, behind: Any) -> None:
        self._run = run
        self._behind = behind

    def __getattr__(self, name: str) -> Any:
        return _SyncProxy(self._run, getattr(self._behind, name))

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        answer = self._behind(*arguments, **options)
        if iscoroutine(answer):
            return self._run(answer)
        return self._iterate(answer) if isinstance(answer, AsyncIterator) else answer

    def _iterate(self, items: AsyncIterator[Any]) -> Iterator[Any]:
        async def step() -> tuple[Any, ...]:
            async for item in items:
                return (item,)
            return ()

        while found := self._run(step()):
            yield from found
