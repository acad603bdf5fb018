"""A pipeline measured beside the batch of the same runs: what its ledger and its driver cost."""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from run import CYBERFLOW, ROWS, Meter, connect_machines, project, served, write_rows

PIPELINE = """
pipelines:
  many:
    inputs: {topics: "string[]"}
    steps:
      - {id: item, each: {topic: <topics>}, parallel: 100, run: thrice}
  thrice:
    inputs: {topic: string}
    steps:
      - {id: one, run: find-article}
      - {id: two, run: find-article, after: [one]}
      - {id: three, run: find-article, after: [two]}
"""
STEPS = 3
PAIRS = 3


def main() -> None:
    """1,000 items of three steps beside the same 3,000 runs as a batch: the CPU and the requests of the process that
    drives them, and what it takes to be told that the pipeline is over. Both of a pair run at the same time, each on a
    platform of its own, so that a busy machine slows both; what counts is the median of the pairs' ratios.
    """
    ratios = []
    with ThreadPoolExecutor(2) as pool:
        for _ in range(PAIRS):
            batch, many = (pool.submit(_driven, name) for name in ("batch", "many"))
            floor, used = batch.result(), many.result()
            ratios.append(used.cpu / floor.cpu)
            print(f"  a batch {floor}; a pipeline {used}; resumed when over {used.again:.2f} s")
    more = statistics.median(ratios) - 1
    print(
        f"{ROWS} items of {STEPS} steps take {more:+.1%} of the CPU of a batch of {ROWS * STEPS} rows (at most +10 %)"
    )


@dataclass(frozen=True)
class Driven:
    """Seconds of CPU of a `run`, the requests it made, and the CPU of the least of three more starts."""

    cpu: float
    requests: int
    again: float

    def __str__(self) -> str:
        return f"{self.cpu:.2f} s of CPU and {self.requests} requests"


def _driven(name: str) -> Driven:
    with tempfile.TemporaryDirectory() as temporary, served(Path(temporary), "--speed", "60") as (url, _):
        root = project(Path(temporary), url)
        (root / "many.yaml").write_text(PIPELINE, encoding="utf-8")
        topics = [f"animal {number}" for number in range(1, ROWS + 1)]
        (root / "topics.json").write_text(json.dumps({"topics": topics}), encoding="utf-8")
        write_rows(root / "rows.csv", ROWS * STEPS)
        asyncio.run(connect_machines(url))
        words = {
            "batch": ["find-article", "-t", "fast", "--each", "rows.csv", "--parallel", "100"],
            "many": ["many", "-t", "fast", "--inputs", "topics.json"],
        }
        meter = Meter(url)
        cpu = _cpu(root, *words[name], "--ledger", "all.db")
        requests = meter.read()[0]
        return Driven(cpu, requests, min(_cpu(root, "--resume", "all.db") for _ in range(3)))


def _cpu(root: Path, *words: str) -> float:
    """Seconds of CPU of a `run` that succeeds."""
    command = [CYBERFLOW, "run", *words, "-q"]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as going:
        _, status, used = os.wait4(going.pid, 0)
        going.returncode = os.waitstatus_to_exitcode(status)
    assert going.returncode == 0, going.returncode
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
