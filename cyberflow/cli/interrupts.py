"""Ctrl-C, SIGTERM and SIGHUP, from the first moment on and while a command is at work; and how a program ends that
holds much.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import asyncio

T = TypeVar("T")
INTERRUPTED = 130
PATIENCE = 2
"""How often Ctrl-C asks; after that it breaks in."""
SIGNALS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))


def quit_on_signals() -> None:
    """Have SIGTERM and SIGHUP end the program and say so, as long as nothing is under way: no exception, which whoever
    is being imported might swallow. What `nohup` ignores stays ignored.
    """
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _quit)


def _quit(_number: int, _frame: object) -> None:
    with suppress(OSError):
        os.write(2, b"interrupted; nothing was sent\n")
    os._exit(INTERRUPTED)


def leave(code: int) -> None:
    """End the process without taking a whole project apart, value by value; where a thread is at work it goes on."""
    atexit._run_exitfuncs()  # noqa: SLF001 - what `sys.exit` would do before that
    threading = sys.modules.get("threading")
    if threading is None or threading.active_count() == 1:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                with suppress(OSError, ValueError):
                    stream.flush()
        os._exit(code)


def run_cancellable(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's work. A signal cancels it; how it ends is the work's business, and another one cancels that too.
    One that comes after the end changes nothing any more. Raises KeyboardInterrupt when the work leaves its end to
    others.
    """
    import asyncio

    heard = [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]

    async def listen() -> T:
        task = asyncio.current_task()
        if task is not None and sys.platform != "win32":
            for number in heard:
                asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        try:
            with _ctrl_c_cancels(task, asyncio.get_running_loop()):
                return await work
        finally:
            for number in heard if sys.platform != "win32" else ():
                asyncio.get_running_loop().remove_signal_handler(number)
                signal.signal(number, signal.SIG_IGN)

    before = {number: signal.getsignal(number) for number in (*heard, signal.SIGINT)}
    try:
        return asyncio.run(listen())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
    finally:
        import threading

        if threading.current_thread() is threading.main_thread() and _quit not in before.values():
            for number, handler in before.items():
                signal.signal(number, handler)


@contextmanager
def _ctrl_c_cancels(task: asyncio.Task[Any] | None, loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Have Ctrl-C cancel the work, and once more its end. Only a third one breaks in wherever the program is: asyncio's
    own handler does so at the second, and a loop that is broken in upon may lose what it was to wake, and never end.
    """
    import threading

    pressed = 0

    def cancel(*_: object) -> None:
        nonlocal pressed
        pressed += 1
        if task is None or pressed > PATIENCE:
            raise KeyboardInterrupt
        loop.call_soon_threadsafe(task.cancel)

    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield
        return
    signal.signal(signal.SIGINT, cancel)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGINT) is cancel:
            signal.signal(signal.SIGINT, before)


@contextmanager
def raise_on_ctrl_c() -> Iterator[None]:
    """Hear Ctrl-C while a person is asked: the event loop would keep it until there is an answer."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def ignore_signals() -> None:
    """Have no signal change the end of a command any more: it is about to be written down."""
    import threading

    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, *SIGNALS):
            signal.signal(number, signal.SIG_IGN)


def ask_to_cancel(question: str | None) -> bool:
    """After an interruption: what a person says; where nobody is, or nothing is asked, nothing is cancelled."""
    if question is None or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    import click

    with raise_on_ctrl_c():
        answer = click.prompt(f"{question} [d]etach, [c]ancel", value_proc=_read_choice, default="detach", err=True)
    return bool(answer == "cancel")


def _read_choice(text: str) -> str:
    """`detach` or `cancel`, by its first letters."""
    import click

    word = text.strip().lower()
    for choice in ("detach", "cancel"):
        if word and choice.startswith(word):
            return choice
    raise click.UsageError(f"`{text}` is neither detach nor cancel")
