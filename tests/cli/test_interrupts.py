"""Ctrl-C while a command is at work, and once more while it ends."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress

import pytest

from cyberflow.cli.interrupts import run_cancellable


def press() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_two_ctrl_c_at_once_end_the_work_and_its_end() -> None:
    seen: list[str] = []

    async def work() -> None:
        press()
        press()
        seen.append("broken in on by neither")
        try:
            await asyncio.sleep(60)
        finally:
            seen.append("ends")

    with pytest.raises(KeyboardInterrupt):
        run_cancellable(work())
    assert seen == ["broken in on by neither", "ends"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_the_second_one_cancels_what_the_end_waits_for() -> None:
    async def work() -> None:
        press()
        try:
            await asyncio.sleep(60)
        finally:
            press()
            await asyncio.sleep(60)

    with pytest.raises(KeyboardInterrupt):
        run_cancellable(work())


def test_the_third_one_breaks_in() -> None:
    async def work() -> None:
        for _ in range(3):
            press()
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(60)

    with pytest.raises(KeyboardInterrupt):
        run_cancellable(work())
