"""How much processor time a replay of 1,000 runs takes: reading the answers, and holding them against the plan."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

import httpx

from cyberflow.client.cyberdesk.client import Cyberdesk
from cyberflow.client.cyberdesk.wire import TagRecord, WorkflowRecord
from cyberflow.compiler.bundle import Bundle, BundledChain, BundledWorkflow
from cyberflow.deploy.plan.model import Plan
from cyberflow.deploy.plan.plan import plan
from cyberflow.deploy.replay.history import read_history
from cyberflow.deploy.replay.model import ReplayRange
from cyberflow.deploy.replay.replay import replay
from cyberflow.remote.canonical import FIELDS, field_hash
from cyberflow.remote.identity import Marker, Owner
from cyberflow.remote.snapshot import Snapshot

RUNS = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
ROUNDS = 7
AT = "2026-03-01T08:00:00+00:00"
OWNER = Owner("clinic")
INPUTS = {
    "type": "object",
    "properties": {"mrn": {"type": "string", "pattern": "^M[0-9]{7}$"}, "date": {"type": "string", "minLength": 8}},
    "required": ["mrn", "date"],
}


def make_plan() -> Plan:
    """A chain of two steps, of which the second would change."""
    empty: dict[str, Any] = dict.fromkeys(FIELDS)
    there = []
    for name in ("lookup", "book"):
        payload = {**empty, "name": name, "main_prompt": "<p>Do it.</p>"}
        schema = Marker(OWNER.tag, name, f"id-{name}", field_hash(payload)).insert_into(None)
        tags = [{"id": "tag", "name": OWNER.tag}]
        record = {**payload, "id": f"id-{name}", "input_schema": schema, "tags": tags}
        there.append(WorkflowRecord.model_validate({**record, "created_at": AT, "updated_at": AT}))
    lookup = BundledWorkflow("lookup", {**empty, "name": "lookup", "main_prompt": "<p>Do it.</p>"})
    book = BundledWorkflow("book", {**lookup.payload, "name": "book", "input_schema": json.dumps(INPUTS)})
    given = {"mrn": {"$ref": "find.outputs.mrn"}, "date": "<date>"}
    steps = [
        {"workflow_id": "lookup", "session_alias": "find"},
        {
            "workflow_id": "book",
            "session_alias": "book",
            "inputs": given,
        },
    ]
    bundle = Bundle("clinic", "prod", [book, lookup], [BundledChain("intake", {"steps": steps})])
    return plan(bundle, Snapshot(tuple(there), (TagRecord(id="tag", name=OWNER.tag),)), OWNER)


def answer(request: httpx.Request) -> httpx.Response:
    """Half of the runs for each of the two workflows."""
    asked, now = request.url.params["workflow_id"], {"status": "success", "created_at": AT}
    given = {"input_values": {"mrn": "M0000001", "date": "2026-03-01"}, "output_data": {"mrn": "M0000001"}}
    alias = {"id-lookup": "find", "id-book": "book"}[asked]
    runs = [
        {
            "id": f"{alias}-{number}",
            "workflow_id": asked,
            **now,
            **given,
            "session_id": str(number),
            "session_alias": alias,
        }
        for number in range(RUNS // 2)
    ]
    return httpx.Response(200, json={"items": runs, "total": len(runs), "skip": 0, "limit": 1000})


async def measure() -> tuple[float, float, int]:
    """Processor milliseconds of reading and of judging, the least of a few rounds, and the requests of one."""
    made, asked = make_plan(), []

    class Canned(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            asked.append(request)
            return answer(request)

    carrier: Any = Canned()
    reading, judging = [], []
    async with Cyberdesk.connect("http://local", "key", app=carrier) as desk:
        for _ in range(ROUNDS):
            asked.clear()
            began = time.process_time()
            runs = await read_history(desk, made, ReplayRange(last=RUNS))
            read = time.process_time()
            found = replay(made, runs)
            reading.append(read - began)
            judging.append(time.process_time() - read)
    past = next(one.replay for one in found.changes if one.replay)
    assert past.counts["fit"] == RUNS // 2, past.counts
    return min(reading) * 1000, min(judging) * 1000, len(asked)


if __name__ == "__main__":
    read_ms, judge_ms, requests = asyncio.run(measure())
    print(
        f"{RUNS} runs, {requests} requests: {read_ms:.0f} ms of CPU to make and read answers, {judge_ms:.0f} to judge"
    )
