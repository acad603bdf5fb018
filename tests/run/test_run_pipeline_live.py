"""Cases of pipelines on a real account: `cyberflow test --live`."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.run.month_end import CANARY
from tests.run.test_run_engine import CYBERFLOW
from tests.run.test_run_pipeline_engine import ITEMS, made, served

pytestmark = pytest.mark.slow
CASES = """
tests:
  is-asked-and-closed:
    run: month-end
    inputs: {month: 2026-03}
    simulate: {release: {outputs: {approved: true}}}
    expect: {status: success, outputs: {count: 12, closed: {$any: true}}}
  is-asked-and-waits:
    run: month-end
    inputs: {month: 2026-04}
    expect: {status: success}
"""


def test_a_pipeline_runs_on_the_account_and_its_questions_are_answered_as_mocked(tmp_path: Path) -> None:
    with served(tmp_path, speed=60) as (project, url):
        settings = project / "cyberflow.yaml"
        text = settings.read_text("utf-8").replace("{url: ", "{secrets: {epic_password: {env: PW}}, url: ")
        settings.write_text(text, encoding="utf-8")
        (project / "tests").mkdir()
        (project / "tests" / "month-end.yaml").write_text(CASES, encoding="utf-8")
        ran = subprocess.run(
            [CYBERFLOW, "test", "--live", "fast", "--format", "json"],
            cwd=project,
            env={**os.environ, "PW": CANARY},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        sessions, tasks = asyncio.run(made(url))
    found = {one["name"]: one for one in json.loads(ran.stdout)["tests"]}
    assert [found[name]["status"] for name in ("is-asked-and-closed", "is-asked-and-waits")] == ["passed", "failed"]
    failures = found["is-asked-and-waits"]["failures"]
    assert [(one["at"], one["expected"], one["got"]) for one in failures] == [("status", "success", "waiting")]
    assert (ran.returncode, tasks) == (1, 1)
    filed = {f"file-receipt INV-{number}": 2 for number in range(ITEMS)}
    assert sessions == {"list-invoices": 2, **filed, "close-month": 1}
    assert CANARY not in ran.stdout + ran.stderr
