"""The local platform in process, a client that is listened to, and time that passes only when somebody sleeps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cyberflow.client.cyberdesk.client import Cyberdesk
from cyberflow.emulator.platform import Platform
from cyberflow.run.chain.events import ChainState
from cyberflow.run.chain.placement import TargetIds
from cyberflow.run.chain.request import RequestParts, RunRequest, chain_request
from cyberflow.run.chain.submit import submit
from cyberflow.run.inputs.arguments import Arguments
from cyberflow.run.work.journal import Invocation, open_journal
from cyberflow.run.work.polling import FollowOptions, PollInterval
from tests.run.intake import CANARY, WORKFLOWS, bundle


class Time:
    """Seconds that pass when somebody sleeps, and only then."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.seconds

    def wall(self) -> datetime:
        return datetime(2026, 3, 1, 9, 30, tzinfo=UTC) + timedelta(seconds=self.seconds)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds


class Wire:
    """The platform's app, with every request written down as (method, path, query)."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.asked: list[tuple[str, str, str]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.asked.append((scope["method"], scope["path"], scope["query_string"].decode()))
        await self.app(scope, receive, send)

    def writes(self) -> list[tuple[str, str]]:
        return [(method, path) for method, path, _ in self.asked if method != "GET"]


class World:
    """One organisation with the workflows of the bundle, a client, and a journal."""

    def __init__(self, platform: Platform, time: Time, folder: Path) -> None:
        self.platform = platform
        self.time = time
        self.folder = folder
        self.wire = Wire(platform.app)
        self.desk = Cyberdesk.connect("http://local", "any", app=self.wire)
        self.ids: dict[str, str] = {}

    async def deploy(self) -> None:
        for workflow in WORKFLOWS:
            made = await self.desk.workflows.create(workflow.payload)
            self.ids[workflow.name] = made.id
        self.wire.asked.clear()

    def request(self, **given: Any) -> RunRequest:
        values = {"inputs": {"patient": {"id": "7"}, "date": "2026-03-01"}, "secrets": {"epic_password": CANARY}}
        whole = bundle()
        chain = whole.chain("intake")
        assert chain is not None
        return chain_request(
            chain,
            RequestParts(whole, Arguments(**{**values, **given}), TargetIds(self.ids), dict[str, bytes]().__getitem__),
        )

    async def start(self, script: dict[str, Any] | None = None) -> tuple[ChainState, Invocation]:
        invocation = open_journal(self.folder, "local")
        if script is not None:
            self.platform.simulate(script, idempotency_key=invocation.key)
        return await submit(self.desk, self.request(), invocation, self.watch()), invocation

    def watch(self, **options: Any) -> FollowOptions:
        return FollowOptions(
            **{"interval": PollInterval(0.25, 3.0), "clock": self.time, "sleep": self.time.sleep, **options}
        )
