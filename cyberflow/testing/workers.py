"""Processes that share work, of which none outlives the command and none that dies takes the others' results along."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import connection
from typing import Any, Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")
_PORTION = 8
"""How much a process takes at a time."""


@dataclass(frozen=True)
class Workers(Generic[T, R]):
    """How each piece of work is done, in a process that `begin` has made ready; what `lost` gives stands for the
    result of a piece whose process ended over it: killed for want of memory, or by code of the project.
    """

    do: Callable[[T], R]
    lost: Callable[[T], R]
    begin: Callable[..., None]
    given: tuple[Any, ...]

    def map(self, work: Sequence[T], most: int) -> Generator[R, None, None]:
        """The results in order. Where a process was lost the rest is done one by one, so that the piece is known."""
        left, portion = list(work), max(1, min(_PORTION, len(work) // most))
        while left:
            done = 0
            try:
                for result in self._share(left, most, portion):
                    done += 1
                    yield result
                return
            except BrokenProcessPool:
                left = left[done:]
            if portion == most == 1:
                yield self.lost(left.pop(0))
            most = portion = 1

    def _share(self, work: Sequence[T], most: int, portion: int) -> Iterator[R]:
        context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
        with ProcessPoolExecutor(most, context, _begin, (self.begin, self.given)) as pool, _ended_with_us():
            yield from pool.map(self.do, work, chunksize=portion)


@contextmanager
def _ended_with_us() -> Iterator[None]:
    """Whoever leaves early, by Ctrl-C or because nobody asks any more, waits for no work that is under way."""
    before = set(multiprocessing.active_children())
    try:
        yield
    except BaseException:
        for child in set(multiprocessing.active_children()) - before:
            child.kill()
        raise


def _begin(begin: Callable[..., None], given: tuple[Any, ...]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who interrupts means the command, which ends its workers
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_after, args=(parent.sentinel,), daemon=True).start()
    begin(*given)


def _end_after(sentinel: int) -> None:
    """A process pool does not notice that who asked was killed."""
    connection.wait([sentinel])
    os._exit(1)
