"""The distributed executor and its worker, on DBOS and PostgreSQL: the driver is a batch as it is, and only rows are
durable. The one room that knows dbos; it is loaded when an engine is named.
"""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Protocol
from uuid import uuid4

from cyberflow.errors import CyberflowError
from cyberflow.run.chain.request import RunRequest
from cyberflow.run.work.engine import (
    LISTENING,
    NOW,
    SIGN_OF_LIFE,
    SILENT_WORKERS,
    connect,
    engine_error,
    load_dbos,
    pending_rows,
    requeue,
    set_up,
)
from cyberflow.run.work.entry import LedgerEntry
from cyberflow.run.work.executor import JobRequest
from cyberflow.run.work.work_item import FORMAT, WorkItem, merge_result

WORKFLOW = "cyberflow-row"
FINISHED = ("SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")
POLL_SECONDS = 1.0
HEARTBEAT_SECONDS, SILENT_SECONDS = 3.0, 20.0
"""Seconds between two signs of life of a worker, and after how many without one its rows go to others."""
PATIENCE = 300.0
"""Seconds that a worker waits for a database that is away."""
IDLE_LOOKS = 10
"""After so many looks at which nothing was over it is asked whether anybody listens."""
REQUEUE_LOCK = 0x6379_6265
CHUNK = 500
STUCK = "stuck"
"""What a worker says when no row can be run where it is: the batch stops."""
SUBMIT_STEP = 2
"""The place of `submit` among the steps of a row."""


@dataclass
class DistributedExecutor:
    """Leaves the work to whoever listens to a queue. An id makes a row one row, however often it is put."""

    url: str
    queue: str
    make_item: Callable[[LedgerEntry, JobRequest], WorkItem]
    troubles: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        dbos = load_dbos(self.url)
        options = {"serializer": dbos.DBOSPortableJSONSerializer(), "retry_connection_errors": False}
        try:
            set_up(dbos, self.url)
            self._client = dbos.DBOSClient(system_database_url=self.url, **options)
        except Exception as error:  # noqa: BLE001 - the library has failures of its own, and drivers below it theirs
            raise engine_error(self.url, error) from None
        self._rows: dict[str, LedgerEntry] = {}
        self._stuck: set[str] = set()
        self._idle = 0

    @property
    def is_busy(self) -> bool:
        return bool(self._rows)

    def takes(self, request: JobRequest) -> bool:
        """Files lie on this machine, and stay with it."""
        return not (request.given_files if isinstance(request, RunRequest) else request.request.files)

    async def submit(self, entry: LedgerEntry, request: JobRequest, *, repeated: bool = False) -> LedgerEntry:
        del repeated  # an id makes a row one row, however often it is put
        item, key = self.make_item(entry, request), entry.key or ""
        options = {"queue_name": self.queue, "workflow_name": WORKFLOW, "workflow_id": key, "app_version": FORMAT}
        await self._call(self._client.enqueue_async, options, item.to_json())
        return replace(entry, stage="accepted", run_ids=(key,))

    def follow(self, entry: LedgerEntry, request: JobRequest) -> None:  # noqa: ARG002 - the worker has it
        (key,) = entry.run_ids
        self._rows[key] = entry

    async def poll(self) -> list[LedgerEntry]:
        """The rows that are over, in one request for all. Raises CyberflowError when a worker cannot run any."""
        await asyncio.sleep(POLL_SECONDS)
        found = await self._call(
            self._client.list_workflows_async, workflow_ids=list(self._rows), status=list(FINISHED), load_input=False
        )
        self._idle = 0 if found else self._idle + 1
        if self._idle % IDLE_LOOKS == IDLE_LOOKS - 1 and not await self._call(asyncio.to_thread, self._count_listeners):
            self.troubles.append(f"no worker listens to {self.queue}; `cyberflow worker` starts one")
        stuck = [one for one in found if _output_of(one).get("stage") == STUCK]
        for one in stuck:
            await self._retry(one)
        return [self._finish_entry(one) for one in found if one not in stuck]

    async def _retry(self, one: Any) -> None:
        """Give a row that was refused to a worker once more: what was wrong may have been mended since."""
        id = one.workflow_id
        if id in self._stuck:
            raise CyberflowError(f"a worker cannot run {self._rows[id].id}: {_output_of(one).get('error')}")
        self._stuck.add(id)
        await self._call(self._client.rewind_workflow_async, id, start_step=SUBMIT_STEP, queue_name=self.queue)

    async def cancel(self, ids: Collection[str] | None = None) -> list[LedgerEntry]:
        """Take out of the queue what no worker has begun. What one has submitted is given as accepted, under its own
        ids; what one is submitting just now is left to it.
        """
        keys = [key for key, entry in self._rows.items() if ids is None or entry.id in ids]
        found = await self._call(
            self._client.list_workflows_async, workflow_ids=keys, status=["ENQUEUED", "PENDING"], load_input=False
        )
        ended: dict[str, LedgerEntry] = {}
        for one in found:
            entry = replace(self._rows[one.workflow_id], run_ids=())
            if one.status == "ENQUEUED":
                ended[one.workflow_id] = replace(entry, stage="ended", status="cancelled")
                continue
            for step in await self._call(self._client.list_workflow_steps_async, one.workflow_id):
                if step["function_name"] == "submit" and isinstance(step["output"], dict):
                    ended[one.workflow_id] = merge_result(entry, step["output"])
        await self._call(self._client.cancel_workflows_async, list(ended))
        for key in ended:
            del self._rows[key]
        return list(ended.values())

    async def clean_up(self, keys: Iterable[str]) -> None:
        """Take rows that are over out of the database, their inputs with them."""
        todo = list(keys)
        for start in range(0, len(todo), CHUNK):
            ids = todo[start : start + CHUNK]
            over = await self._call(
                self._client.list_workflows_async, workflow_ids=ids, status=list(FINISHED), load_input=False
            )
            if over:
                await self._call(self._client.delete_workflows_async, [one.workflow_id for one in over])

    def _count_listeners(self) -> int:
        with connect(self.url) as connection:
            (count,) = connection.execute(LISTENING, (self.queue, SILENT_SECONDS)).fetchone()
        return int(count)

    def _finish_entry(self, one: Any) -> LedgerEntry:
        entry = self._rows.pop(one.workflow_id)
        if not (result := _output_of(one)):
            text = f"the worker broke off ({one.status.lower()}); whether it had submitted the row is not known"
            return replace(entry, stage="unknown", run_ids=(), error=text)
        return merge_result(replace(entry, run_ids=()), result)

    async def _call(self, ask: Callable[..., Awaitable[Any]], *args: Any, **options: Any) -> Any:
        try:
            return await ask(*args, **options)
        except Exception as error:  # noqa: BLE001 - the library has failures of its own, and drivers below it theirs
            raise engine_error(self.url, error) from None


class RowHandler(Protocol):
    """What is done with one row; each gives what there is to say of it, as `result_to_json` has it."""

    async def submit(self, item: WorkItem, age: float, *, repeated: bool) -> dict[str, Any]:
        """Submit under the key of the item, which was used first `age` seconds ago at the earliest; `repeated` says
        that another worker may have submitted it.
        """
        ...

    async def follow(self, item: WorkItem, result: dict[str, Any]) -> dict[str, Any]: ...


@dataclass
class Worker:
    """Takes rows from a queue: `submit` and `follow` are what it does with one. What `submit` result is kept before
    `follow` begins, so a row that another worker takes over is not submitted anew once that was kept.
    """

    url: str
    queue: str
    parallel: int
    steps: RowHandler
    id: str = field(default_factory=lambda: f"{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:8]}")
    _busy: set[str] = field(default_factory=set)
    _lost: set[str] = field(default_factory=set)
    _asking: threading.Lock = field(default_factory=threading.Lock, repr=False)

    async def run(self) -> None:
        """Work until cancelled; a database that is away is waited for. Raises CyberflowError when it cannot be used."""
        dbos = load_dbos(self.url)
        try:
            await self._launch(dbos)
            seen = time.monotonic()
            while True:
                try:
                    await asyncio.to_thread(self._heartbeat, dbos.DBOS)
                    seen = time.monotonic()
                except Exception:
                    if time.monotonic() - seen > PATIENCE:
                        raise
                await asyncio.sleep(HEARTBEAT_SECONDS)
        except Exception as error:  # noqa: BLE001 - as in `DistributedExecutor`
            raise engine_error(self.url, error) from None
        finally:
            await asyncio.to_thread(self._sign_off)
            await asyncio.to_thread(dbos.DBOS.destroy)

    async def _launch(self, dbos: Any) -> None:
        await asyncio.to_thread(set_up, dbos, self.url)
        await asyncio.to_thread(self._heartbeat, None)
        config = {
            "name": "cyberflow",
            "system_database_url": self.url,
            "executor_id": self.id,
            "application_version": FORMAT,
            "log_level": "CRITICAL",
            "serializer": dbos.DBOSPortableJSONSerializer(),
        }
        dbos.DBOS(config=config)
        dbos.DBOS.workflow(name=WORKFLOW)(self._row_workflow(dbos.DBOS))
        dbos.DBOS.listen_queues([self.queue])
        dbos.DBOS.launch()
        await dbos.DBOS.register_queue_async(self.queue, worker_concurrency=self.parallel, polling_interval_sec=0.5)

    def _row_workflow(self, dbos: Any) -> Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]:
        async def record_start() -> dict[str, Any]:
            return {"at": await self._now(), "by": self.id}

        async def submit(item: WorkItem, since: float, *, repeated: bool) -> dict[str, Any]:
            age = max(0.0, await self._now() - since)
            return await self.steps.submit(item, age, repeated=repeated)

        async def whole(item: WorkItem) -> dict[str, Any]:
            first = await dbos.run_step_async({"name": "begun"}, record_start)
            result: dict[str, Any] = await dbos.run_step_async(
                {"name": "submit"}, submit, item, first["at"], repeated=first["by"] != self.id
            )
            if result["stage"] != "accepted":
                return result
            ended: dict[str, Any] = await dbos.run_step_async({"name": "follow"}, self.steps.follow, item, result)
            return ended

        async def row(data: dict[str, Any]) -> dict[str, Any]:
            item = WorkItem.from_json(data)
            self._busy.add(item.key)
            try:
                return await whole(item)
            finally:
                self._busy.discard(item.key)

        return row

    async def _now(self) -> float:
        """Seconds of the epoch by the one clock that all workers see: their own may be hours apart."""
        return await asyncio.to_thread(self._database_time)

    def _database_time(self) -> float:
        """One row asks at a time: a database has few connections, and a worker many rows."""
        with self._asking, connect(self.url) as connection:
            (now,) = connection.execute(NOW).fetchone()
        return float(now)

    def _heartbeat(self, dbos: Any) -> None:
        """Give a sign of life; put the rows of workers that give none back into their queues, one worker at a time.

        So are those that ought to be here and are not, twice in a row: a database that went away for a while
        leaves such behind.
        """
        with connect(self.url) as connection:
            connection.execute(SIGN_OF_LIFE, (self.id, self.queue))
            connection.commit()
            (mine,) = connection.execute("SELECT pg_try_advisory_xact_lock(%s)", (REQUEUE_LOCK,)).fetchone()
            dead = connection.execute(SILENT_WORKERS, (SILENT_SECONDS,)).fetchall() if dbos and mine else []
            for (id,) in dead:
                requeue(dbos, pending_rows(dbos, id))
                connection.execute("DELETE FROM cyberflow_workers WHERE id = %s", (id,))
        if dbos:
            left = {one.workflow_id: one for one in pending_rows(dbos, self.id) if one.workflow_id not in self._busy}
            requeue(dbos, [one for id, one in left.items() if id in self._lost])
            self._lost = set(left)

    def _sign_off(self) -> None:
        """Let the others know at once that the rows of this worker are theirs."""
        try:
            with connect(self.url) as connection:
                connection.execute("UPDATE cyberflow_workers SET seen = '-infinity' WHERE id = %s", (self.id,))
        except Exception:  # noqa: BLE001, S110 - without it the others find out by themselves
            pass


def _output_of(one: Any) -> dict[str, Any]:
    return one.output if isinstance(one.output, dict) else {}
