"""A pipeline over several machines: a real PostgreSQL, two workers of which one is killed, and the program that was
started killed too.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from cyberflow.client.cyberdesk.client import Cyberdesk
from cyberflow.client.cyberun.client import CyberunClient
from cyberflow.errors import ConflictError, UsageError
from cyberflow.run.work.entry import LedgerEntry
from cyberflow.run.work.ledger import Ledger
from cyberflow.sdk.pipelines.signals import adopt_task
from cyberflow.sdk.pipelines.signals import signal as answer
from tests.processes import started
from tests.run.month_end import CANARY, FLOWS, GLUE
from tests.run.test_run_engine import CYBERFLOW, ROOT, connect_machines, pytestmark, wait

__all__ = ["pytestmark"]
ITEMS = 12
ENVIRONMENT = {**os.environ, "PW": CANARY}


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    from tests.run.postgres import postgres

    with postgres() as server:
        yield server


@contextmanager
def served(folder: Path, speed: float = 10) -> Iterator[tuple[Path, str]]:
    """The month's end, applied to a platform in a process of its own whose clock runs fast."""
    command = [
        sys.executable,
        str(ROOT / "benchmarks" / "flaky.py"),
        str(folder / "platform.db"),
        "--speed",
        str(speed),
    ]
    with started(command, stdout=subprocess.PIPE, text=True) as going:
        assert going.stdout
        try:
            url = going.stdout.readline().strip()
            root = folder / "project"
            (root / "flows").mkdir(parents=True)
            (root / "flows" / "glue.py").write_text(GLUE, encoding="utf-8")
            listed = json.dumps([{"number": f"INV-{number}", "due": "2026-03-31"} for number in range(ITEMS)])
            array = f"{{type: array, items: Invoice, examples: [{listed}]}}"
            flows = FLOWS.replace('{invoices: "Invoice[]"}', f"{{invoices: {array}}}")
            (root / "flows.yaml").write_text(flows, encoding="utf-8")
            settings = f"project: month-end\npython: [flows/glue.py]\ntargets:\n  fast: {{url: {url}}}\n"
            (root / "cyberflow.yaml").write_text(settings, encoding="utf-8")
            asyncio.run(prepare(url))
            subprocess.run([CYBERFLOW, "apply", "-t", "fast", "--yes", "-q"], cwd=root, check=True, capture_output=True)
            yield root, url
        finally:
            going.terminate()


async def prepare(url: str) -> None:
    await connect_machines(url)
    async with Cyberdesk.connect(url, "local") as desk:
        await desk.add_names({"workflows": {"text-to-image"}})


@contextmanager
def worker(project: Path, database: str) -> Iterator[subprocess.Popen[bytes]]:
    words = ["worker", "-t", "fast", "--engine", database, "--parallel", "3", "-s", "epic_password=env:PW"]
    with started([CYBERFLOW, *words], cwd=project, stderr=subprocess.DEVNULL, env=ENVIRONMENT) as going:
        try:
            yield going
        finally:
            going.terminate()


def run(project: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [CYBERFLOW, "run", *words, "-s", "epic_password=env:PW", "--format", "json"]
    return subprocess.run(
        command, cwd=project, capture_output=True, text=True, timeout=240, check=False, env=ENVIRONMENT
    )


async def made(url: str) -> tuple[Counter[str], int]:
    """How many sessions there are for each thing, and how many tasks."""
    async with Cyberdesk.connect(url, "local") as desk, CyberunClient.connect(f"{url}/api/v1", "local") as cyberun:
        names = {workflow.id: workflow.name or "" async for workflow in desk.workflows.list()}
        found = [run async for run in desk.runs.list(limit=1000, fields=("session_id", "input_values"))]
        tasks = [task.id async for task in cyberun.tasks()]
    once = {
        (names[run.workflow_id], (run.input_values or {}).get("number", ""), run.session_id or run.id)
        for run in found
        if names[run.workflow_id] != "open-invoice"
    }
    return Counter(f"{name} {number}".strip() for name, number, _ in once), len(tasks)


def has_ended(entries: Mapping[str, LedgerEntry], id: str) -> bool:
    return id in entries and entries[id].has_succeeded


def is_under_way(entries: Mapping[str, LedgerEntry], id: str) -> bool:
    return id in entries and entries[id].stage in ("sending", "accepted")


MOMENTS: dict[str, Callable[[Mapping[str, LedgerEntry]], bool]] = {
    "find is sent": lambda entries: is_under_way(entries, "find"),
    "find is over": lambda entries: has_ended(entries, "find"),
    "half is filed": lambda entries: sum(one.step == "file" and one.is_over for one in entries.values()) > ITEMS // 2,
    "release waits": lambda entries: is_under_way(entries, "release"),
    "banner is sent": lambda entries: is_under_way(entries, "banner"),
    "banner is over": lambda entries: has_ended(entries, "banner"),
}
"""When a worker and the program are killed, each in a month of its own."""


def entries_of(path: Path) -> dict[str, LedgerEntry]:
    try:
        with Ledger.open(path, shared=True) as ledger:
            return {entry.id: entry for entry in ledger.entries()}
    except UsageError:
        return {}


def answer_what_waits(path: Path) -> None:
    with suppress(UsageError, ConflictError):
        answer(path, "release", ["approved=true"], who="ada")


def go_on(project: Path, ledger: Path, database: str, taken: Collection[str]) -> str:
    """Go on to the end as a person would, and give the task; a task whose answer was lost is looked for."""
    extra: list[str] = []
    while True:
        going = run(project, "--resume", str(ledger), *extra, "--no-wait", "--keep-queue", "--engine", database)
        assert going.returncode in (0, 1), going.stderr
        data = json.loads(going.stdout)
        banner = entries_of(ledger).get("banner")
        if data["status"] == "waiting":
            answer_what_waits(ledger)
        elif data["status"] == "unknown":
            assert banner is not None
            there = [task for task in banner.facts.get("candidates", []) if task not in taken]
            extra = [] if there else ["--resubmit-unknown"]
            if there:
                adopt_task(ledger, "banner", *there)
        else:
            assert (data["status"], data["outputs"]) == ("success", {"count": ITEMS, "closed": True}), going.stderr
            assert banner is not None
            return banner.task_id or ""


def test_two_workers_of_which_one_is_killed_and_the_program_too(tmp_path: Path, server: Any) -> None:
    database = str(server.url)
    taken: set[str] = set()
    with served(tmp_path, speed=20) as (project, url), worker(project, database):
        for moment, has_come in MOMENTS.items():
            ledger = project / f"{moment.replace(' ', '-')}.db"
            words = ("month-end", "-t", "fast", "-i", f"month={moment}", "--ledger", str(ledger), "--engine", database)
            command = [CYBERFLOW, "run", *words, "-s", "epic_password=env:PW", "--keep-queue"]
            with (
                worker(project, database) as first,
                started(command, cwd=project, stderr=subprocess.DEVNULL, env=ENVIRONMENT) as driver,
            ):

                def come(ledger: Path = ledger, has_come: Callable[..., bool] = has_come) -> bool:
                    entries = entries_of(ledger)
                    if is_under_way(entries, "release") and not has_come(entries):
                        answer_what_waits(ledger)
                    return has_come(entries)

                wait(come)
                first.kill()
                driver.send_signal(signal.SIGKILL)
            taken.add(go_on(project, ledger, database, taken))
        sessions, tasks = asyncio.run(made(url))
    months = len(MOMENTS)
    filed = {f"file-receipt INV-{number}": months for number in range(ITEMS)}
    assert sessions == {"list-invoices": months, **filed, "close-month": months}
    assert (tasks, len(taken)) == (months, months)
    for path in project.glob("*.db"):
        assert [entry.id for entry in entries_of(path).values() if entry.step == "file" and entry.kind == "chain"] == [
            f"file[INV-{number}]" for number in range(ITEMS)
        ]
    places = [project, Path(server.folder) / "data"]
    written = (path.read_bytes() for place in places for path in place.rglob("*") if path.is_file())
    assert not any(CANARY.encode() in content for content in written)


SCRIPT = """
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from cyberflow import journal, task_ref, workflow_ref


@workflow_ref("open-invoice")
def open_invoice(number: str) -> dict[str, Any]: ...


poster = task_ref("poster")
with journal("script.db", target="fast", engine=sys.argv[1]) as done:
    opened = done.each(range(4), lambda n: done(f"open/{n}", open_invoice).run(number=f"N{n}"), parallel=4)
    made = done("banner", poster).run(heading="March")
    print(len(opened), "amount" in opened[0], [one.path.is_file() for one in made.outputs.values()])
"""


def test_a_script_leaves_its_work_to_workers(tmp_path: Path, server: Any) -> None:
    database = str(server.url)
    with served(tmp_path) as (project, url), worker(project, database):
        command = [sys.executable, "-c", SCRIPT, database]
        first, again = (
            subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=240, check=False)
            for _ in range(2)
        )
        _, tasks = asyncio.run(made(url))
    assert (first.returncode, first.stdout) == (0, "4 True [True]\n"), first.stderr
    assert (again.stdout, tasks) == (first.stdout, 1)


def test_what_a_worker_has_submitted_is_cancelled_from_here(tmp_path: Path, server: Any) -> None:
    database = str(server.url)
    words = ("month-end", "-t", "fast", "-i", "month=2026-03", "--ledger", "end.db", "--engine", database)
    with served(tmp_path, speed=0.05) as (project, url), worker(project, database):
        ended = run(project, *words, "--timeout", "20s", "--cancel-on-timeout")
        statuses = asyncio.run(run_statuses(url))
    assert ended.returncode == 1, ended.stderr
    assert json.loads(ended.stdout)["status"] == "cancelled", ended.stderr
    assert statuses == ["cancelled"]


async def run_statuses(url: str) -> list[str]:
    async with Cyberdesk.connect(url, "local") as desk:
        return [run.status async for run in desk.runs.list(limit=1000)]
