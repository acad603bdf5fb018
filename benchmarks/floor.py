"""Timing whole processes against a floor in the same run: pairs in turn, the ratio of each pair, the median."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Comparison:
    """Seconds of the command and of its floor, and the ratio of each pair."""

    command: float
    floor: float
    ratio: float

    def line(self, name: str, floor: str, limit: float | None = None) -> str:
        bound = f"  (at most {limit})" if limit is not None else ""
        return f"{name:<44} {self.command * 1000:8.1f} ms   {self.ratio:6.2f} × {floor}{bound}"


def seconds(command: Sequence[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=False, capture_output=True)
    return time.perf_counter() - start


def cpu(command: Sequence[str]) -> tuple[float, float]:
    """Seconds of CPU that a process and its threads take, and the most memory in MB: what a busy machine does not
    change.
    """
    with Path(os.devnull).open("wb") as nowhere:
        process = subprocess.Popen(command, stdout=nowhere, stderr=nowhere)
        _, _, used = os.wait4(process.pid, 0)
    process.returncode = 0
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def compare(command: Sequence[str], floor: Sequence[str], pairs: int = 15) -> Comparison:
    """Run both in turn; the first pair warms up and does not count."""
    times = [(seconds(command), seconds(floor)) for _ in range(pairs + 1)][1:]
    return Comparison(
        statistics.median(mine for mine, _ in times),
        statistics.median(other for _, other in times),
        statistics.median(mine / other for mine, other in times),
    )
