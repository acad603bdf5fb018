"""Ctrl-C and SIGTERM while a command is at work."""

from __future__ import annotations

import asyncio
import signal
import sys

import click


def cancel_on_sigterm() -> None:
    """Have SIGTERM do what Ctrl-C does. Windows has no such signal."""
    task = asyncio.current_task()
    if task is not None and sys.platform != "win32":
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)


def ask_to_cancel(question: str | None) -> bool:
    """After an interruption: what a person says; where nobody is, or nothing is asked, nothing is cancelled."""
    if question is None or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    answer = click.prompt(question, type=click.Choice(["detach", "cancel"]), default="detach", err=True)
    return bool(answer == "cancel")
