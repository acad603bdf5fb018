"""A pipeline as its user runs it, killed with kill -9 at every write and every request: chains exactly once, a task at
most once, and `unknown` only where its answer was lost.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from cyberflow.run.work.ledger import Ledger
from tests.run.month_end import CANARY
from tests.run.test_run_engine import ROOT
from tests.run.test_run_pipeline_engine import ITEMS, made, served

LANES = 2


pytestmark = [pytest.mark.slow, pytest.mark.skipif(not hasattr(os, "fork"), reason="kill -9, of forks")]


def kill_everywhere(folder: Path, lane: int) -> list[dict[str, Any]]:
    """Kill it at every `LANES`th boundary of its own platform until it survives, and give what became of each."""
    with served(folder, speed=600) as (project, url):
        command = [sys.executable, "-m", "tests.run.killed_program", str(project), str(lane + 1), str(LANES)]
        environment = {**os.environ, "PW": CANARY}
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=500, check=False
        )
        assert done.returncode == 0, done.stderr[-3000:]
        tries = [json.loads(line) for line in done.stdout.splitlines()]
        sessions, tasks = asyncio.run(made(url))
    submitted, known_tasks = Counter[str](), set()
    for one in tries:
        with Ledger.open(project / one["ledger"]) as ledger:
            entries = [entry for entry in ledger.entries() if entry.key]
        assert all(entry.has_succeeded for entry in entries), one
        known_tasks |= {entry.task_id for entry in entries if entry.task_id}
        submitted += Counter(entry.kind for entry in entries if entry.kind != "call")
    assert submitted == {"chain": (ITEMS + 1) * len(tries), "run": len(tries), "task": len(tries)}
    expected = {f"file-receipt INV-{number}": len(tries) for number in range(ITEMS)}
    assert sessions == {"list-invoices": len(tries), **expected, "close-month": len(tries)}
    assert (tasks, len(known_tasks)) == (len(tries), len(tries))
    written = (path.read_bytes() for path in project.rglob("*") if path.is_file())
    assert not any(CANARY.encode() in content for content in written)
    return tries


def test_kill_9_at_every_write_and_every_request(tmp_path: Path) -> None:
    async def both() -> list[list[dict[str, Any]]]:
        lanes = (asyncio.to_thread(kill_everywhere, tmp_path / str(lane), lane) for lane in range(LANES))
        return await asyncio.gather(*lanes)

    for lane in range(LANES):
        (tmp_path / str(lane)).mkdir()
    tries = [one for lane in asyncio.run(both()) for one in lane]
    for one in tries:
        assert (one["code"], one["met"][-1]) == (0, "success"), one
        assert ("unknown" in one["met"]) == bool(one["lost"]), one
    killed = sum(one["died"] for one in tries)
    assert killed > 100
    around = {one["ledger"]: one["met"] for one in tries if "task" in one["ledger"]}
    assert around == {
        "killed-before-a-task.db": ["unknown", "gone", "success"],
        "killed-after-a-task.db": ["unknown", "adopted", "success"],
    }
