"""The journal of a script: each key is submitted once, whatever the order, over kills and edited code."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cyberflow.run.work.ledger import Ledger

pytestmark = pytest.mark.slow
CANARY = "c4n4ry-journal"
BILLING = '''from typing import TypedDict

from cyberflow import Secret, chain, workflow


class Invoice(TypedDict):
    number: str
    due: str


class Found(TypedDict):
    invoices: list[Invoice]
    total: int


class Filed(TypedDict):
    receipt: str


@workflow
def list_invoices(month: str, *, password: Secret) -> Found:
    """Sign in with <$password> and list the invoices of <month>."""


@workflow
def file_it(number: str, due: str) -> Filed:
    """File <number>, due on <due>."""


@chain
def file_invoice(invoice: Invoice) -> Filed:
    filed = file_it(number=invoice["number"], due=invoice["due"])
    return filed
'''
HEAD = """import asyncio, random, sys
from cyberflow import RunFailed, SubmissionUnknown, journal, task_ref
from flows.billing import *
FOUND = {"list-invoices": {"outputs": {"total": 8, "invoices": [
    {"number": f"N{number}", "due": "d"} for number in range(8)]}, "seconds": 0}}
QUICK = {"file-it": {"seconds": 0}}
poster = task_ref("poster")
"""
FIRST = """
with journal("march.db", secrets={"password": "env:PW"}) as done:
    found = done("find", list_invoices).run(month="2026-03", options={"simulate": FOUND})
    invoices = list(found["invoices"])
    random.shuffle(invoices)

    async def file(one):
        return await done(f"file/{one['number']}", file_invoice).arun(invoice=one, options={"simulate": QUICK})

    async def main():
        return await asyncio.gather(*map(file, invoices))

    asyncio.run(main())
"""
EDITED = """
with journal("march.db", secrets={"password": "env:PW"}) as done:
    found = done("find", list_invoices).run(month="2026-03", options={"simulate": FOUND})
    receipts = done.each(
        reversed(found["invoices"]),
        lambda one: done(f"file/{one['number']}", file_invoice).run(invoice=one, options={"simulate": QUICK}),
        key="number",
        parallel=3,
    )
    print(len(receipts))
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "billing.py").write_text(BILLING, encoding="utf-8")
    (tmp_path / "cyberflow.yaml").write_text("project: billing\npython: [flows/billing.py]\n", encoding="utf-8")
    poster = '{workflow: text-to-image, inputs: {heading: string}, parameters: {prompt: "For <heading>"}}'
    (tmp_path / "tasks.yaml").write_text(f"tasks: {{poster: {poster}}}", encoding="utf-8")
    assert program(tmp_path, "-m", "cyberflow", "apply", "--yes", "-q").returncode == 0
    return tmp_path


def program(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "PW": CANARY, "PYTHONPATH": str(folder)}
    command = [sys.executable, *words]
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, timeout=240, check=False)


def run(folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    return program(folder, "-c", HEAD + text)


def submissions(folder: Path) -> Counter[str]:
    listed = program(folder, "-m", "cyberflow", "runs", "list", "--limit", "1000", "--format", "json")
    runs: list[dict[str, Any]] = json.loads(listed.stdout)["runs"]
    with Ledger.open(folder / "march.db") as ledger:
        keys = {run: entry.id for entry in ledger.entries() for run in entry.run_ids}
    return Counter(keys.get(run["id"], "a run that no key knows") for run in runs)


def test_twenty_kills_a_shuffled_order_and_edited_code_submit_each_key_once(project: Path) -> None:
    chance, kills = random.Random(7), 0
    environ = {**os.environ, "PW": CANARY, "PYTHONPATH": str(project)}
    while kills < 20:
        text = HEAD + (FIRST if kills % 2 else EDITED)
        going = subprocess.Popen([sys.executable, "-c", text], cwd=project, env=environ, stderr=subprocess.DEVNULL)
        until = time.monotonic() + chance.uniform(0.8, 4.0)
        while going.poll() is None and time.monotonic() < until:
            time.sleep(0.02)
        if going.poll() is None:
            going.send_signal(signal.SIGKILL)
        going.wait()
        kills += 1
    ended = run(project, EDITED)
    assert (ended.returncode, ended.stdout.strip()) == (0, "8"), ended.stderr
    assert submissions(project) == Counter({"find": 1, **{f"file/N{number}": 1 for number in range(8)}})

    requests = run(project, "import httpx\nhttpx.AsyncClient.send = None\n" + EDITED)
    assert (requests.returncode, requests.stdout.strip()) == (0, "8"), requests.stderr
    assert CANARY.encode() not in b"".join(path.read_bytes() for path in project.rglob("*") if path.is_file())


def test_what_failed_fails_again_without_a_request_and_runs_once_more_when_asked(project: Path) -> None:
    text = """
broken = {"file-it": {"status": "task_failed", "error": "no such invoice"}}
with journal("march.db") as done:
    one = {"number": "A", "due": "d"}
    for options in ({"simulate": broken}, {}, {"retry": True, "simulate": QUICK}, {}):
        try:
            print(done("file/A", file_invoice).run(invoice=one, options=options)["receipt"] != "")
        except RunFailed as error:
            print(type(error).__name__, error.result.status, "no such invoice" in str(error))
    for key, declaration, inputs in (
        ("file/A", file_invoice, {"invoice": {"number": "A", "due": "e"}}),
        ("file/A", list_invoices, {"month": "2026-03"}),
        ("a key", file_invoice, {"invoice": one}),
    ):
        try:
            done(key, declaration).run(secrets={"password": "env:PW"} if declaration is list_invoices else {}, **inputs)
        except Exception as error:
            print(error)
    try:
        done.each([1, 0, 0], lambda number: 1 / number, key=str)
    except Exception as error:
        print(error)
    try:
        done.each([1, 0, 2], lambda number: 1 / number)
    except ExceptionGroup as group:
        print(group, group.exceptions[0].__notes__)
"""
    ended = run(project, text)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines() == [
        "RunFailed task_failed True",
        "RunFailed task_failed True",
        "True",
        "True",
        "the key `file/A` had other inputs: `invoice.due` differs",
        "the key `file/A` is of `file-invoice`, not of `list-invoices`",
        "`a key` is not a key",
        "two items have the key `0`",
        "1 of 3 items failed (1 sub-exception) ['for the item `1`']",
    ]


def test_a_task_is_kept_with_its_files_and_one_whose_answer_was_lost_is_nobody_s(project: Path) -> None:
    text = """
with journal("march.db") as done:
    made = done("banner", poster).run(heading="March")
    print(made.task_id, [output.path.is_file() for output in made.outputs.values()])
"""
    first, again = run(project, text), run(project, text)
    assert first.returncode == 0, first.stderr
    assert first.stdout == again.stdout
    assert first.stdout.strip().endswith("[True]")

    with Ledger.open(project / "march.db") as ledger, ledger.transaction():
        entry = ledger.find("banner")
        assert entry is not None
        ledger.write([replace(entry, id="other", stage="sending", run_ids=(), status=None, facts={})])
    lost = run(
        project,
        """
with journal("march.db") as done:
    try:
        done("other", poster).run(heading="March")
    except SubmissionUnknown as error:
        print(error.key, error.candidates)
""",
    )
    assert (lost.returncode, lost.stdout.strip()) == (0, "other []"), lost.stderr


def test_another_process_waits_for_nobody(project: Path) -> None:
    text = """
with journal("march.db") as done:
    try:
        with journal("march.db"):
            pass
    except Exception as error:
        print(error)
"""
    ended = run(project, text)
    assert ended.stdout.strip() == "another cyberflow is at work on march.db"
