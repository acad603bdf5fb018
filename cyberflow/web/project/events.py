"""One stream that says what changed, so that no page asks again and again: `platform`, `project`, `ledgers`, each with
a number that grows. What changed is then read from where it stands.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Measure = Callable[[], Any]
LOOK_SECONDS = 0.4
PROJECT_EVERY = 5
"""The files of a project are looked at every fifth time, in a thread: people type, machines run."""
HEARTBEAT = 30


@dataclass
class Changes:
    """The numbers that all open pages share. `fast` is asked in the event loop and must take no time, `slow` in a
    thread; a number grows when what they give differs from before.
    """

    fast: Mapping[str, Measure]
    slow: Mapping[str, Measure]
    is_over: Callable[[], bool]
    numbers: dict[str, int] = field(default_factory=dict)
    _seen: dict[str, Any] = field(default_factory=dict)
    _pages: int = 0
    _task: asyncio.Task[None] | None = None

    async def stream(self) -> AsyncGenerator[str, None]:
        """The numbers at once, then whenever one grew; a comment now and then, so that a dead page is noticed."""
        self._pages += 1
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._watch())
        told: dict[str, int] = {}
        quiet = 0
        try:
            while not self.is_over():
                if told != self.numbers:
                    told, quiet = dict(self.numbers), 0
                    yield f"data: {json.dumps(told)}\n\n"
                elif quiet >= HEARTBEAT:
                    quiet = 0
                    yield ": still here\n\n"
                quiet += 1
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            self._pages -= 1

    async def _watch(self) -> None:
        """Look while a page is open."""
        turn = 0
        while self._pages and not self.is_over():
            for name, measure in self.fast.items():
                self._note(name, measure())
            if turn % PROJECT_EVERY == 0:
                for name, measure in self.slow.items():
                    self._note(name, await asyncio.to_thread(measure))
            turn += 1
            await asyncio.sleep(LOOK_SECONDS)

    def _note(self, name: str, value: Any) -> None:
        if name not in self._seen or self._seen[name] != value:
            self._seen[name] = value
            self.numbers[name] = self.numbers.get(name, 0) + 1
