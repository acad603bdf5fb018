"""Batches measured: killed again and again under faults, many chains followed at once beside the loop of the
TypeScript guide, rows that are only checked. `run.py killed|following|dry` does one of them.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import copytree, ignore_patterns
from typing import Any
from uuid import UUID, uuid4

HERE = Path(__file__).parent
CYBERFLOW = str(Path(sys.executable).with_name("cyberflow"))
ROWS = 1000
KILLS = 20
CHAINS = 200


@contextmanager
def served(folder: Path, *options: str) -> Iterator[tuple[str, dict[str, int]]]:
    """A platform in a process of its own: its url, and when it is over, how many requests and faults it had."""
    command = [sys.executable, str(HERE / "flaky.py"), str(folder / "platform.db"), *options]
    counts: dict[str, int] = {}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        try:
            yield server.stdout.readline().strip(), counts
        finally:
            server.send_signal(signal.SIGINT)
            counts |= json.loads(server.stdout.read() or "{}")


def project(folder: Path, url: str) -> Path:
    """The red panda with a target `fast`, and a file of rows."""
    root = folder / "project"
    copytree(HERE.parent / "examples" / "red-panda", root, ignore=ignore_patterns(".cyberflow", "dist"))
    (root / "cyberflow.yaml").write_text(f"project: red-panda\ntargets:\n  fast: {{url: {url}}}\n", encoding="utf-8")
    write_rows(root / "rows.csv", ROWS)
    subprocess.run([CYBERFLOW, "apply", "-t", "fast", "--yes", "-q"], cwd=root, check=True, stdout=subprocess.DEVNULL)
    return root


def write_rows(path: Path, count: int) -> None:
    lines = (f"animal {number}\n" for number in range(1, count + 1))
    path.write_text("topic\n" + "".join(lines), encoding="utf-8")


def killed() -> None:
    """A batch that is killed with kill -9 at random moments and resumed, while 5 % of all requests fail."""
    chance = random.Random(time.time_ns())
    with (
        tempfile.TemporaryDirectory() as temporary,
        served(Path(temporary), "--faults", "5", "--speed", "30") as (url, counts),
    ):
        root, begun = project(Path(temporary), url), time.perf_counter()
        first = ["research", "-t", "fast", "--each", "rows.csv", "--ledger", "batch.db", "--parallel", "50"]
        kills = 0
        while True:
            command = ["--resume", "batch.db"] if (root / "batch.db").exists() else first
            going = subprocess.Popen(
                [CYBERFLOW, "run", *command], cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
            try:
                said, complained = going.communicate(timeout=chance.uniform(1, 6) if kills < KILLS else None)
            except subprocess.TimeoutExpired:
                going.kill()
                going.communicate()
                kills += 1
                continue
            if going.returncode == 0:
                break
            print(f"  exit {going.returncode}: {complained.strip()[-300:]}")
            assert going.returncode == 3, "only a bad moment of the service may end a go"  # noqa: PLR2004
        seconds = time.perf_counter() - begun
        sessions = asyncio.run(chains(url))
        results = [json.loads(line) for line in (root / "batch.jsonl").read_text(encoding="utf-8").splitlines()]
    print(f"{ROWS} rows, killed {kills} times, {counts}, {seconds:.0f} s, exit {going.returncode}")
    print(f"  rows with exactly one chain on the platform: {sum(count == 1 for count in sessions.values())}")
    print(f"  rows with none or several: {ROWS - sum(count == 1 for count in sessions.values())}")
    in_order = [result["row"] for result in results] == list(range(1, ROWS + 1))
    statuses = dict(Counter(result["status"] for result in results))
    print(f"  results: {len(results)}, in order: {in_order}, {statuses}")
    print("  " + said.strip().replace("\n", "\n  ") + complained[-300:] * (going.returncode != 0))


async def chains(url: str) -> Counter[str]:
    """How many sessions each topic has."""
    from cyberflow.client.cyberdesk.client import Cyberdesk

    async with Cyberdesk.connect(url, "local") as desk:
        runs = [run async for run in desk.runs.list(limit=1000, fields=("session_id", "input_values"))]
    pairs = {(run.input_values["topic"], run.session_id) for run in runs if run.input_values}
    return Counter(topic for topic, _ in pairs)


def following() -> None:
    """200 chains at once, each on a machine of its own and 40 s long: submitted and followed by a batch, and by the
    loop of the guide with the official SDK.
    """
    for name, follow in (("cyberflow, a batch", _ours), ("the guide's loop, official SDK", _guide)):
        with (
            tempfile.TemporaryDirectory() as temporary,
            served(Path(temporary), "--speed", "0.05") as (url, _),
        ):
            root = project(Path(temporary), url)
            ids = asyncio.run(connect_machines(url))
            requests, cpu, seconds = asyncio.run(follow(url, root, ids))
        each = f"{requests / CHAINS:6.2f} requests, {cpu / CHAINS * 1000:6.1f} ms of CPU per finished chain"
        print(f"{name:<31} {each}  ({CHAINS} chains, {seconds:.0f} s)")


async def connect_machines(url: str) -> dict[str, str]:
    """Connect machines; give the ids of the workflows by name."""
    from cyberflow.client.cyberdesk.client import Cyberdesk

    async with Cyberdesk.connect(url, "local") as desk:
        for number in range(CHAINS):
            await desk.machines.create({"fingerprint": f"f{number}", "unkey_key_id": "k", "name": f"m{number}"})
        return {workflow.name or "": workflow.id async for workflow in desk.workflows.list()}


class Meter:
    """Requests that the platform counted, CPU of this process, and time."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._begun = self._now()

    def _now(self) -> tuple[int, float, float]:
        used = resource.getrusage(resource.RUSAGE_SELF)
        with urllib.request.urlopen(f"{self._url}/count") as answer:
            return int(answer.read()), used.ru_utime + used.ru_stime, time.perf_counter()

    def read(self) -> tuple[int, float, float]:
        (asked, cpu, at), (now, used, end) = self._begun, self._now()
        return now - asked, used - cpu, end - at


async def _ours(url: str, root: Path, ids: dict[str, str]) -> tuple[int, float, float]:
    from cyberflow.client.cyberdesk.client import Cyberdesk
    from cyberflow.compiler.check import check_target
    from cyberflow.compiler.compile import compile_bundle
    from cyberflow.language.project.load import read_project
    from cyberflow.run.batch.batch import Batch
    from cyberflow.run.batch.rows import RowMapper
    from cyberflow.run.batch.table import RowFault, Table
    from cyberflow.run.chain.placement import TargetIds
    from cyberflow.run.chain.request import RequestParts
    from cyberflow.run.inputs.arguments import Arguments, RawArguments
    from cyberflow.run.work.entry import LedgerHeader
    from cyberflow.run.work.executor import LocalExecutor
    from cyberflow.run.work.ledger import Ledger
    from cyberflow.run.work.policy import Limits, RetryPolicy
    from cyberflow.run.work.polling import FollowOptions, PollInterval

    graph, builder, _ = check_target(read_project(root), "fast")
    bundle = compile_bundle(graph, builder)
    chain = bundle.chain("research")
    assert chain is not None
    write_rows(root / "rows.csv", CHAINS)
    table = Table(root / "rows.csv")
    parts = RequestParts(bundle, Arguments(), TargetIds(ids), dict[str, bytes]().__getitem__)
    rows = RowMapper(chain, table, {}, RawArguments())
    items = ((row[0].number, row[1]) for row in rows.requests(parts) if not isinstance(row, RowFault))
    head = LedgerHeader(str(uuid4()), "research", "fast", str(table.path), "", CHAINS, "")
    async with Cyberdesk.connect(url, "local") as desk:
        meter = Meter(url)
        with Ledger.create(root / "batch.db", head) as ledger:
            batch = Batch(
                ledger,
                items,
                LocalExecutor(desk, FollowOptions(PollInterval(2.0, 15.0))),
                Limits(CHAINS),
                RetryPolicy(),
            )
            async for _ in batch.run():
                pass
            assert ledger.counts() == {"success": CHAINS}
        return meter.read()


async def _guide(url: str, _: Path, ids: dict[str, str]) -> tuple[int, float, float]:
    """What the guide has: `waitForRunCompletion` for each run of the chain, looking every 5 seconds."""
    from cyberdesk import CyberdeskClient
    from openapi_client.cyberdesk_cloud_client.models import ChainStep, ChainStepInputsType0, WorkflowChainCreate

    client = CyberdeskClient(api_key="local", base_url=url)

    async def one(number: int) -> None:
        topic = f"animal {number}"
        ref = {"topic": topic, "search_query": {"$ref": "step1.outputs.result"}}
        steps = [
            ChainStep(UUID(ids["find-article"]), "step1", ChainStepInputsType0.from_dict({"topic": topic})),
            ChainStep(UUID(ids["collect-facts"]), "step2", ChainStepInputsType0.from_dict(ref)),
        ]
        accepted = await client.runs.chain(WorkflowChainCreate(steps))
        assert accepted.data is not None, accepted.error
        for run in accepted.data.run_ids:
            while True:
                found = await client.runs.get(str(run))
                assert found.data is not None, found.error
                if found.data.status in ("success", "error", "cancelled", "task_failed"):
                    break
                await asyncio.sleep(5)

    meter = Meter(url)
    await asyncio.gather(*(one(number) for number in range(CHAINS)))
    return meter.read()


def dry() -> None:
    """Rows that are checked and planned, and not sent: the time and the most memory it takes."""
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary) / "project"
        copytree(HERE.parent / "examples" / "red-panda", root, ignore=ignore_patterns(".cyberflow", "dist"))
        for count in (1, 10_000, 100_000):
            write_rows(root / "rows.csv", count)
            begun = time.perf_counter()
            command = [CYBERFLOW, "run", "research", "--each", "rows.csv", "--dry-run", "-q"]
            with subprocess.Popen(command, cwd=root, stderr=subprocess.DEVNULL) as going:
                _, status, used = os.wait4(going.pid, 0)
                going.returncode = os.waitstatus_to_exitcode(status)
            seconds = time.perf_counter() - begun
            print(
                f"{count:>7} rows checked: {seconds:6.2f} s, {used.ru_maxrss / 1024:6.1f} MB, exit {going.returncode}"
            )


def main() -> None:
    parts: dict[str, Callable[[], Any]] = {
        "killed": killed,
        "following": following,
        "dry": dry,
    }
    for name in sys.argv[1:] or parts:
        parts[name]()


if __name__ == "__main__":
    main()
