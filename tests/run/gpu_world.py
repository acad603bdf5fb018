"""Cyberun on the local platform, over a socket or in process, with requests that are counted, time that can jump, and
planned faults.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cyberflow.client.cyberun.client import CyberunClient
from cyberflow.client.cyberun.outputs import Outputs
from cyberflow.client.http.retry import Retry
from cyberflow.compiler.bundle import Bundle, BundledTask
from cyberflow.emulator.platform import Platform
from cyberflow.run.inputs.arguments import Arguments
from cyberflow.run.task.follow import follow_task
from cyberflow.run.task.outputs import SavedOutput, save_outputs
from cyberflow.run.task.request import TaskRequest, TaskState, task_request
from cyberflow.run.task.submit import prepare_task, submit_task
from cyberflow.run.work.journal import Invocation, open_journal
from cyberflow.run.work.polling import FollowOptions, PollInterval
from tests.emulator.served import serve

ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TASK = BundledTask("poster", "text-to-image@2", parameters={"prompt": "A poster", "width": 1024})
EVENTS, STORE, RUN = "/api/v1/r/tasks/*/events", "/cyberun-store/*", "/api/v1/r/workflows/*/run"


class Jumping:
    """The wall clock, ahead by what the test says."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def seconds(self) -> float:
        return time.time() + self.ahead

    def __call__(self) -> datetime:
        return datetime.fromtimestamp(self.seconds(), UTC)


class Counted:
    """An application and the requests that came to it, ids left out."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.asked: Counter[str] = Counter()
        self.ranges: list[str | None] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        path = re.sub(r"(?<=/cyberun-store/).*", "*", ID.sub("*", scope["path"])).removeprefix("/api/v1")
        self.asked[f"{scope['method']} {path}"] += 1
        if path == "/cyberun-store/*":
            headers = dict(scope["headers"])
            assert b"authorization" not in headers
            self.ranges.append(headers[b"range"].decode() if b"range" in headers else None)
        await self.app(scope, receive, send)


@dataclass
class Gpu:
    """One account and one client of it."""

    cyberun: CyberunClient
    counted: Counted
    clock: Jumping
    folder: Path
    statuses: list[str] = field(default_factory=list)

    @property
    def state_folder(self) -> Path:
        return self.folder / ".cyberflow"

    def journal(self) -> Invocation:
        return open_journal(self.state_folder, "local")

    def asked(self, request: str) -> int:
        return self.counted.asked[request]

    async def start(
        self, script: Mapping[str, Any] | None = None, *, task: BundledTask = TASK, given: Arguments | None = None
    ) -> TaskState:
        request = fill(task, given)
        workflow = await prepare_task(self.cyberun, task, request)
        named = await self.cyberun.simulate({"text-to-image": script}) if script is not None else None
        return await submit_task(self.cyberun, request, workflow, self.journal(), named)

    async def follow(self, state: TaskState, *, limit: float | None = None, **watch: Any) -> TaskState:
        async for state in follow_task(  # noqa: B020, PLR1704 - the state as it is now
            self.cyberun, state, FollowOptions(**{"interval": PollInterval(0.05, 0.2), **watch}), limit
        ):
            if not self.statuses or self.statuses[-1] != state.status:
                self.statuses.append(state.status)
        return state

    async def run(self, script: Mapping[str, Any] | None = None, **watch: Any) -> TaskState:
        return await self.follow(await self.start(script), **watch)

    async def save(self, state: TaskState, outputs: Outputs | None = None) -> list[SavedOutput]:
        outputs = outputs or Outputs(self.cyberun, state.task_id)
        return [one async for one in save_outputs(outputs, self.folder / "saved")]

    def files(self) -> dict[str, bytes]:
        folder = self.folder / "saved"
        return {path.name: path.read_bytes() for path in sorted(folder.iterdir())} if folder.exists() else {}


def fill(task: BundledTask, given: Arguments | None = None) -> TaskRequest:
    return task_request(task, given or Arguments(), Bundle("p", "local"), dict[str, bytes]().__getitem__)


@asynccontextmanager
async def gpu(folder: Path, faults: Sequence[Mapping[str, Any]] = ()) -> AsyncIterator[Gpu]:
    """Over a socket, so that answers stream and break as they do elsewhere."""
    with platform(faults) as (counted, clock), serve(counted) as url:
        retry = Retry(sleep=lambda _: asyncio.sleep(0.01), random=lambda: 0.0, clock=clock.seconds)
        async with CyberunClient.connect(f"{url}/api/v1", "sk-canary", retry=retry) as cyberun:
            yield Gpu(cyberun, counted, clock, folder)


@contextmanager
def platform(faults: Sequence[Mapping[str, Any]] = ()) -> Iterator[tuple[Counted, Jumping]]:
    clock = Jumping()
    with Platform.open(":memory:", clock=clock, faults=[*faults]) as opened:
        yield Counted(opened.app), clock


def hours(count: float) -> float:
    return timedelta(hours=count).total_seconds()
