"""kill -9 at any moment: no acknowledged write is lost, no run is stuck, and the clock says how far each one is."""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

pytestmark = [pytest.mark.slow, pytest.mark.enable_socket]

HEADERS = {"Authorization": "Bearer cd_any"}
FINAL = {"success", "error", "cancelled", "task_failed"}
KILLS = 8


class Mortal:
    """The platform as a process on one database."""

    def __init__(self, database: Path) -> None:
        self.database = database
        self.start()

    def start(self) -> None:
        program = Path(__file__).parent / "dying_platform.py"
        self.process = subprocess.Popen(
            [sys.executable, str(program), str(self.database)], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.url = f"http://127.0.0.1:{int(self.process.stdout.readline())}"
        with httpx.Client(base_url=self.url, trust_env=False) as client:
            for _ in range(200):
                try:
                    client.get("/v1/health")
                    return
                except httpx.TransportError:
                    time.sleep(0.02)
        raise AssertionError

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[Mortal]:
    found = Mortal(tmp_path / "local.db")
    yield found
    found.kill()


def writer(url: str, number: int, acknowledged: list[tuple[str, Any]]) -> None:
    """Write until the platform is gone, and remember what it has acknowledged."""
    with httpx.Client(base_url=url, headers=HEADERS, trust_env=False, timeout=60) as client:
        try:
            for count in range(10_000):
                body = {"name": f"{number}-{count}", "main_prompt": "x"}
                workflow = client.post("/v1/workflows", json=body).json()["id"]
                acknowledged.append(("workflow", workflow))
                client.patch(f"/v1/workflows/{workflow}", json={"name": "patched"}).raise_for_status()
                acknowledged.append(("patched", workflow))
                steps = [{"workflow_id": workflow, "session_alias": alias} for alias in "ab"]
                chain = client.post("/v1/runs/chain", json={"steps": steps}).json()
                acknowledged.append(("chain", chain["run_ids"]))
        except (httpx.TransportError, json.JSONDecodeError):
            return


def everything(client: httpx.Client, path: str) -> dict[str, Any]:
    """All there is, in the order in which it was made: that of activity changes while the runs go on."""
    found: dict[str, Any] = {}
    query: dict[str, str | int] = {"limit": 1000, "fields": "session_id", "sort_mode": "created_at_desc"}
    while (page := client.get(path, params={**query, "skip": len(found)}).json())["items"]:
        found |= {item["id"]: item for item in page["items"]}
    return found


def test_what_was_acknowledged_outlives_kill_9(mortal: Mortal) -> None:
    acknowledged: list[tuple[str, Any]] = []
    chance = random.Random(4711)
    for number in range(KILLS):
        threads = [
            threading.Thread(target=writer, args=(mortal.url, number * 10 + index, acknowledged)) for index in range(2)
        ]
        for thread in threads:
            thread.start()
        time.sleep(chance.uniform(0.05, 0.5))
        mortal.kill()
        for thread in threads:
            thread.join()
        mortal.start()
    with httpx.Client(base_url=mortal.url, headers=HEADERS, trust_env=False, timeout=60) as client:
        workflows, runs = everything(client, "/v1/workflows"), everything(client, "/v1/runs")

    assert len(acknowledged) > 10 * KILLS
    for what, value in acknowledged:
        if what == "chain":
            assert set(value) <= set(runs)
        else:
            assert value in workflows
            assert what == "workflow" or workflows[value]["name"] == "patched"
    chains: dict[str, int] = {}
    for run in runs.values():
        chains[run["session_id"]] = chains.get(run["session_id"], 0) + 1
    assert set(chains.values()) <= {2}, "a chain is there whole or not at all"


def until(condition: Callable[[], Any], seconds: float = 120) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def test_runs_in_flight_go_on_where_the_clock_says(mortal: Mortal) -> None:
    """Killed while the first step is at work: after the start the chain is as far as its times say, and it ends."""
    with httpx.Client(base_url=mortal.url, headers=HEADERS, trust_env=False, timeout=60) as client:
        workflow = client.post("/v1/workflows", json={"name": "Find", "main_prompt": "x"}).json()["id"]
        script = {"script": {workflow: {"seconds": 0.8}}, "idempotency_key": "chain"}
        client.post("/v1/local/scripts", json=script).raise_for_status()
        body = {"steps": [{"workflow_id": workflow}] * 3}
        chain = client.post("/v1/runs/chain", json=body, headers={"Idempotency-Key": "chain"}).json()
        assert client.get(f"/v1/runs/{chain['run_ids'][0]}").json()["status"] == "running"
    mortal.kill()
    time.sleep(1.0)
    mortal.start()

    with httpx.Client(base_url=mortal.url, headers=HEADERS, trust_env=False, timeout=60) as client:

        def runs() -> list[Any]:
            return [client.get(f"/v1/runs/{id}").json() for id in chain["run_ids"]]

        assert runs()[0]["status"] == "success", "its time was up while nobody served"
        until(lambda: all(run["status"] in FINAL for run in runs()))
        done = runs()
        assert [run["status"] for run in done] == ["success"] * 3
        for before, after in pairwise(done):
            assert after["started_at"] == before["ended_at"]
        assert client.post("/v1/runs/chain", json=body, headers={"Idempotency-Key": "chain"}).json() == chain
        assert client.get("/v1/machines").json()["items"][0]["is_available"] is True


def test_a_write_whose_answer_was_lost_in_the_kill_is_done_once(mortal: Mortal) -> None:
    """The same key before and after the kill, at moments around the commit."""
    chance = random.Random(7)
    for attempt in range(6):
        key = {"Idempotency-Key": f"once-{attempt}"}
        body = {"name": f"once-{attempt}", "main_prompt": "x"}

        async def send(url: str, key: dict[str, str] = key, body: dict[str, str] = body) -> None:
            async with httpx.AsyncClient(base_url=url, headers=HEADERS, trust_env=False) as client:
                await client.post("/v1/workflows", json=body, headers=key)

        sending = threading.Thread(target=lambda: _quietly(send(mortal.url)))
        sending.start()
        time.sleep(chance.uniform(0.0, 0.04))
        mortal.kill()
        sending.join()
        mortal.start()
        with httpx.Client(base_url=mortal.url, headers=HEADERS, trust_env=False) as client:
            made = client.post("/v1/workflows", json=body, headers=key)
            assert made.status_code == 201
            found = client.get("/v1/workflows", params={"search": f"once-{attempt}"}).json()
            assert [item["id"] for item in found["items"]] == [made.json()["id"]]


def _quietly(sending: Any) -> None:
    try:
        asyncio.run(sending)
    except httpx.TransportError:
        return
