"""Ctrl-C, SIGTERM and SIGHUP, from the first moment on and while a command is at work."""

from __future__ import annotations

import signal
import sys
from collections.abc import Coroutine
from typing import Any

import click

INTERRUPTED = 130
SIGNALS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))


def interrupt_on_signals() -> None:
    """Have SIGTERM and SIGHUP do what Ctrl-C does; what `nohup` ignores stays ignored."""
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)


def run_cancellable(work: Coroutine[Any, Any, int]) -> int:
    """Run a command's work. A signal cancels it, once; how it ends is the work's business."""
    import asyncio

    async def listen() -> int:
        task = asyncio.current_task()
        if task is not None and sys.platform != "win32":
            for number in SIGNALS:
                if signal.getsignal(number) is not signal.SIG_IGN:
                    asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        return await work

    before = {number: signal.getsignal(number) for number in SIGNALS}
    try:
        return asyncio.run(listen())
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def ask_to_cancel(question: str | None) -> bool:
    """After an interruption: what a person says; where nobody is, or nothing is asked, nothing is cancelled."""
    if question is None or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    answer = click.prompt(f"{question} [d]etach, [c]ancel", value_proc=_read_choice, default="detach", err=True)
    return bool(answer == "cancel")


def _read_choice(text: str) -> str:
    """`detach` or `cancel`, by its first letters."""
    word = text.strip().lower()
    for choice in ("detach", "cancel"):
        if word and choice.startswith(word):
            return choice
    raise click.UsageError(f"`{text}` is neither detach nor cancel")
