"""Random faults between the commands and a platform: `python -m tests.fuzz.fuzz_faults --faults 1000`.

No command hangs, none ends in a bug, and when the faults are over nothing was done twice and nothing is lost.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cyberflow.emulator.platform import Platform
from tests.emulator.served import serve
from tests.fuzz.fuzz_state import BUG, call

KINDS = ("status", "html", "cut", "drip", "delay", "reset before", "reset after", "lost answer", "truncated json")
STATUSES = (408, 409, 425, 429, 500, 502, 503, 504)
LIMIT, GRACE, PATIENCE = 4, 5.0, 90.0
SOURCES = """
project: faulty
targets:
  there: {url: "URL", api_key: {env: FAULTY_KEY}}
workflows:
  one: {prompt: "Open the chart of <mrn>.", inputs: {mrn: string}, outputs: {name: string}}
  two: {prompt: "Book for <name>.", inputs: {name: string}, outputs: {slot: string}}
chains:
  both:
    inputs: {mrn: string}
    steps:
      - {id: first, workflow: one}
      - {id: second, workflow: two, inputs: {name: {$ref: first.outputs.name}}}
    outputs: {slot: {$ref: second.outputs.slot}}
"""
QUICK = json.dumps({"one": {"seconds": 0}, "two": {"seconds": 0}})


@dataclass
class FaultyPlatform:
    """An account whose answers go wrong at random, `left` times from now on."""

    platform: Platform
    chance: random.Random
    left: int = 0
    hits: Counter[str] = field(default_factory=Counter)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or not self.left or self.chance.random() < 0.5:
            await self.platform.app(scope, receive, send)
            return
        self.left -= 1
        kind = self.chance.choice(KINDS)
        self.hits[kind] += 1
        if kind in ("status", "html", "reset before"):
            while (await receive()).get("more_body"):
                pass
            await self._refuse(kind, send)
        else:
            await self._spoil(kind, scope, receive, send)

    async def _refuse(self, kind: str, send: Any) -> None:
        """Answer in the platform's place: nothing is done."""
        if kind == "reset before":
            raise ConnectionResetError
        status = 200 if kind == "html" else self.chance.choice(STATUSES)
        await _answer(send, status, b"text/html", b"<html><body>Sign in to the Wi-Fi</body></html>")

    async def _spoil(self, kind: str, scope: Any, receive: Any, send: Any) -> None:
        """Let the platform do it, and spoil what it says."""
        messages: list[Any] = []

        async def keep(message: Any) -> None:
            messages.append(message)

        await self.platform.app(scope, receive, keep)
        if kind in ("reset after", "lost answer"):
            raise ConnectionResetError
        if kind == "delay":
            await asyncio.sleep(self.chance.choice((0.2, 1.0)))
        start, body = messages[0], b"".join(message.get("body", b"") for message in messages[1:])
        if kind == "truncated json":
            await _answer(send, start["status"], b"application/json", body[: len(body) // 2])
            return
        await send(start)
        if kind == "cut":
            await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
            raise ConnectionResetError
        if kind == "drip":
            for index in range(min(10, len(body))):
                await send({"type": "http.response.body", "body": body[index : index + 1], "more_body": True})
                await asyncio.sleep(0.1)
            body = body[10:]
        await send({"type": "http.response.body", "body": body})


async def _answer(send: Any, status: int, kind: bytes, body: bytes) -> None:
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def episode(seed: int, faults: int, hits: Counter[str]) -> list[str]:
    """Some commands under that many faults, then the same without any; what went wrong."""
    wrong: list[str] = []
    os.environ["FAULTY_KEY"] = "any"
    with tempfile.TemporaryDirectory() as temporary, Platform.open(":memory:") as platform:
        folder = Path(temporary)
        faulty = FaultyPlatform(platform, random.Random(seed))
        with serve(faulty) as url:
            (folder / "cyberflow.yaml").write_text(SOURCES.replace("URL", url), encoding="utf-8")
            (folder / "quick.json").write_text(QUICK, encoding="utf-8")
            (folder / "rows.csv").write_text("mrn\nM1\nM2\nM3\n", encoding="utf-8")
            submitted = _bad_day(folder, faulty, faults, wrong)
            wrong += _good_day(folder, platform, submitted)
        hits += faulty.hits
    return [f"seed {seed}: {one}" for one in wrong]


def _bad_day(folder: Path, faulty: FaultyPlatform, faults: int, wrong: list[str]) -> int:
    """The commands while answers go wrong; how many chains they may have submitted."""
    limit = ("--timeout", f"{LIMIT}s")
    commands: tuple[tuple[tuple[str, ...], float], ...] = (
        (("plan", "-t", "there"), PATIENCE),
        (("apply", "-t", "there", "--yes"), PATIENCE),
        (("apply", "-t", "there", "--yes"), PATIENCE),
        (("run", "both", "-t", "there", "-i", "mrn=M0", *limit), LIMIT + GRACE),
        (("run", "both", "-t", "there", "--each", "rows.csv", "--ledger", "rows.db", *limit), PATIENCE),
        (("runs", "list", "-t", "there"), PATIENCE),
    )
    for index, (command, patience) in enumerate(commands):
        faulty.left = faults // len(commands) + (index < faults % len(commands))
        start = time.monotonic()
        code, text = call(folder, command)
        took = time.monotonic() - start
        if code >= BUG or "Traceback" in text:
            wrong.append(f"cyberflow {' '.join(command)}: exit {code}\n{text[-1500:]}")
        if took > patience:
            wrong.append(f"cyberflow {' '.join(command)}: {took:.1f} s, {patience:.0f} s at most")
    faulty.left = 0
    return 1 + 3


def _good_day(folder: Path, platform: Platform, submitted: int) -> list[str]:
    """The same without faults: what is there is what was declared, once, and every row has its result."""
    wrong = []
    begun = (folder / "rows.db").exists()
    rows_again = (
        ("--resume", "rows.db") if begun else ("both", "-t", "there", "--each", "rows.csv", "--ledger", "rows.db")
    )
    for command in (("apply", "-t", "there", "--yes"), ("plan", "-t", "there", "--check"), ("run", *rows_again)):
        code, text = call(folder, command)
        if code:
            wrong.append(f"afterwards, cyberflow {' '.join(command)}: exit {code}\n{text[-1500:]}")
    names, sessions = asyncio.run(_look(platform))
    if names != ["one", "two"]:
        wrong.append(f"workflows on the account: {names}")
    if sessions > submitted:
        wrong.append(f"{sessions} chains on the account, {submitted} were asked for")
    results = folder / "rows.jsonl"
    rows = [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()] if results.exists() else []
    if [row.get("status") for row in rows] != ["success"] * 3:
        wrong.append(f"results of the rows: {rows}")
    return wrong


async def _look(platform: Platform) -> tuple[list[str], int]:
    """Names of the account's workflows, and how many sessions its runs belong to."""
    from cyberflow.client.cyberdesk.client import Cyberdesk

    async with Cyberdesk.connect("http://local", "any", app=platform.app) as desk:
        names = sorted([workflow.name or "" async for workflow in desk.workflows.list()])
        sessions = {run.session_id async for run in desk.runs.list()}
    return names, len(sessions)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faults", type=int, default=1_000)
    parser.add_argument("--each", type=int, default=12, help="faults in one episode")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    hits: Counter[str] = Counter()
    wrong: list[str] = []
    number = options.seed * 10_000
    while hits.total() < options.faults:
        wrong += episode(number, options.each, hits)
        number += 1
    sys.stdout.write("".join(f"{one}\n" for one in wrong))
    sys.stdout.write(f"{hits.total()} faults {dict(hits)}, {len(wrong)} things wrong\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
