"""Work that is shared among processes: what is lost with one of them, and that none is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cyberflow.testing.workers import Workers
from tests.processes import started

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="the functions are not importable where processes are spawned"),
]


def _begin(base: int) -> None:
    _BASE[:] = [base]


_BASE = [0]


def _do(number: int) -> int:
    if number % 17 == 16:
        os.kill(os.getpid(), signal.SIGKILL)
    if number < 0:
        time.sleep(600)
    return _BASE[0] + number


WORKERS: Workers[int, int] = Workers(_do, lambda number: -number, _begin, (1000,))


@pytest.mark.parametrize("most", [1, 2, 5])
@pytest.mark.parametrize("count", [0, 1, 16, 17, 33, 60])
def test_what_a_process_died_over_is_known_and_all_else_is_done(count: int, most: int) -> None:
    expected = [-number if number % 17 == 16 else 1000 + number for number in range(count)]

    assert list(WORKERS.map(list(range(count)), most)) == expected


def test_who_leaves_early_waits_for_nothing() -> None:
    results = WORKERS.map([1, 2, -1, -2], 2)

    assert next(results) == 1001
    results.close()


PROGRAM = """
import os, sys, time
from cyberflow.testing.workers import Workers

def begin(): pass
def do(number):
    os.write(1, b"%d\\n" % os.getpid())
    time.sleep(600)

list(Workers(do, print, begin, ()).map([1, 2], 2))
"""


@pytest.mark.parametrize("number", ["SIGKILL", "SIGTERM", "SIGINT"])
def test_no_process_outlives_the_one_that_asked(tmp_path: Path, number: str) -> None:
    with started([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as asking:
        assert asking.stdout is not None
        pids = [int(asking.stdout.readline()) for _ in range(2)]
        asking.send_signal(getattr(signal, number))
        asking.wait(120)

    end = time.monotonic() + 120
    while any(map(is_alive, pids)):
        assert time.monotonic() < end
        time.sleep(0.05)


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
