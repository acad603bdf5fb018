"""What the ledger and whoever drives it cost, without any service: 1,000 rows of a batch, 1,000 items of a pipeline of
one step and of three, each submitted, accepted and ended.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from cyberflow.compiler.bundle import Bundle
from cyberflow.compiler.pipeline.form import BundledEach, BundledPipeline, BundledStep
from cyberflow.redact import Redactor
from cyberflow.run.batch.batch import Batch
from cyberflow.run.chain.request import RunRequest
from cyberflow.run.pipeline.calls import FunctionCaller
from cyberflow.run.pipeline.driver import PipelineRun, PipelineTools
from cyberflow.run.pipeline.state import PipelineState, Scope
from cyberflow.run.work.entry import LedgerEntry, LedgerHeader
from cyberflow.run.work.ledger import Ledger
from cyberflow.run.work.policy import Limits, RetryPolicy

ITEMS, PARALLEL = 1000, 100
REQUEST = RunRequest("chain", "chain", {}, ())


class InstantExecutor:
    """Accepts at once, and ends everything at the next look."""

    def __init__(self) -> None:
        self.troubles: list[str] = []
        self._live: dict[str, LedgerEntry] = {}

    @property
    def is_busy(self) -> bool:
        return bool(self._live)

    def takes(self, _: Any) -> bool:
        return True

    async def submit(self, entry: LedgerEntry, request: Any, *, repeated: bool = False) -> LedgerEntry:
        del request, repeated
        await asyncio.sleep(0)
        return replace(entry, stage="accepted", session_id=str(uuid4()), run_ids=(str(uuid4()), str(uuid4())))

    def follow(self, entry: LedgerEntry, request: Any) -> None:
        del request
        self._live[entry.id] = entry

    async def poll(self) -> list[LedgerEntry]:
        await asyncio.sleep(0.02)
        ended, self._live = list(self._live.values()), {}
        return [replace(entry, stage="ended", status="success", outputs={"article": "x" * 50}) for entry in ended]

    async def cancel(self, ids: Any = None) -> list[LedgerEntry]:
        del ids
        return []


async def batch(folder: Path) -> None:
    head = LedgerHeader(str(uuid4()), "chain", "local", total=ITEMS)
    with Ledger.create(folder / "batch.db", head) as ledger:
        rows = ((number, REQUEST) for number in range(1, ITEMS + 1))
        async for _ in Batch(ledger, rows, InstantExecutor(), Limits(PARALLEL), RetryPolicy()).run():
            pass


async def pipeline(folder: Path, steps: int) -> None:
    """A list, and steps that each run over what the one before gave."""
    made = []
    for number in range(steps):
        items: Any = {"$ref": f"step{number - 1}.outputs.article"} if number else "<topics>"
        needs = [f"step{number - 1}"] if number else []
        each = BundledEach("topic", items, None, PARALLEL)
        made.append(BundledStep(f"step{number}", "chain", "chain", each=each, inputs={"topic": "<topic>"}, needs=needs))
    declared = BundledPipeline("many", {"topics": {"schema": {}, "required": True}}, {}, made)
    state = PipelineState(
        Bundle("p", "local", pipelines=[declared]),
        Scope(declared, "", {"topics": [f"animal {number}" for number in range(ITEMS)]}),
    )
    state.begin()
    head = LedgerHeader(str(uuid4()), "many", "local", kind="pipeline")
    with Ledger.create(folder / f"pipeline{steps}.db", head) as ledger:
        tools = PipelineTools([InstantExecutor()], lambda _: REQUEST, FunctionCaller(folder, Redactor()))
        async for _ in PipelineRun(ledger, state, tools).run():
            pass
    assert state.root.is_over


def cpu(work: Coroutine[Any, Any, None]) -> float:
    begun = time.process_time()
    asyncio.run(work)
    return time.process_time() - begun


def main() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        floor = cpu(batch(folder))
        print(f"{ITEMS} rows of a batch:          {floor:.2f} s of CPU")
        for steps in (1, 3):
            used = cpu(pipeline(folder, steps))
            each = used / steps / floor
            print(f"{ITEMS} items of a pipeline x {steps}: {used:.2f} s of CPU, for each {each:.2f} of a row")


if __name__ == "__main__":
    main()
