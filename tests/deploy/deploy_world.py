"""A bundle to deploy, an account on the local platform to deploy it to, and a wire between that counts and fails."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import httpx

from cyberflow.client.cyberdesk.client import Cyberdesk
from cyberflow.client.cyberdesk.wire import WorkflowRecord
from cyberflow.client.http.retry import Retry
from cyberflow.compiler.bundle import Asset, Bundle, BundledWorkflow
from cyberflow.deploy.apply.apply import apply
from cyberflow.deploy.plan.model import Outcome, Plan
from cyberflow.deploy.plan.plan import plan
from cyberflow.emulator.platform import Platform
from cyberflow.remote.identity import Owner
from cyberflow.remote.snapshot import Snapshot, read_snapshot

T = TypeVar("T")
OWNER = Owner("clinic")
SEARCH = b"\x89PNG\r\n\x1a\n search"
PRINT = b"\x89PNG\r\n\x1a\n print"
CONTENTS = {hashlib.sha256(content).hexdigest(): content for content in (SEARCH, PRINT)}
NULLS: dict[str, Any] = {
    "input_schema": '{"type":"object","properties":{}}',
    "output_schema": None,
    "includes_file_exports": False,
    "is_webhooks_enabled": False,
    "terminal_command_allowlist": None,
    "model_metadata": None,
    "post_run_check_failure_cleanup_prompt": None,
    "post_run_checks": None,
}


def asset(content: bytes, slug: str) -> Asset:
    sha256 = hashlib.sha256(content).hexdigest()
    return Asset(sha256, f"{slug}-{sha256[:16]}.png", "image/png", len(content))


def image(content: bytes) -> str:
    return f'<img src="asset://sha256/{hashlib.sha256(content).hexdigest()}" alt="it">'


def declared(workflow: str, prompt: str = "<p>Open it.</p>", *, tags: list[str] | None = None, **fields: Any) -> Any:
    payload = {**NULLS, "name": workflow.title(), "main_prompt": prompt, **fields}
    return BundledWorkflow(workflow, payload, tags=tags)


def bundle_of(*workflows: BundledWorkflow) -> Bundle:
    assets = [asset(SEARCH, "search"), asset(PRINT, "print")]
    return Bundle("clinic", "local", list(workflows), assets=assets)


def clinic() -> Bundle:
    """Six workflows with images, tags, checks and a model: something of everything."""
    schema_check = {"name": "shape", "type": "output_data_passes_schema_validation"}
    image_check = {"name": "look", "type": "run_attachment_image_check", "check_prompt": f"<p>As {image(PRINT)}</p>"}
    return bundle_of(
        declared("lookup", f"<p>Click {image(SEARCH)} and type {{mrn}}.</p>", tags=["Production", "Epic"]),
        declared("book", f"<p>Click {image(SEARCH)}, then {image(PRINT)}.</p>", tags=["Production"]),
        declared("bill", output_schema='{"type":"object"}', post_run_checks=[schema_check, image_check]),
        declared("login", input_schema=None),
        declared("models", model_metadata={"main_agent_model_id": "Fast Agent"}, tags=[]),
        declared("shell", terminal_command_allowlist=["Get-Process"], includes_file_exports=True),
    )


def edited(bundle: Bundle, workflow: str, **fields: Any) -> Bundle:
    """The bundle with other values in one payload."""
    return replace(
        bundle,
        workflows=[
            replace(one, payload={**one.payload, **fields}) if one.name == workflow else one for one in bundle.workflows
        ],
    )


class Killed(Exception):
    """The process is gone: nothing more is sent or read."""


Fault = Callable[[int, httpx.Request], str | None]


def no_fault(_: int, request: httpx.Request) -> str | None:
    return None


def at(boundary: int, fault: str) -> Fault:
    """Something happens to one request, and to no other."""
    return lambda number, _: fault if number == boundary else None


class Wire(httpx.AsyncBaseTransport):
    """Carries requests to the platform and keeps them. `fault` may name what happens to the nth (from 1), or not:
    `kill` (the process dies before it is sent), `die` (it is carried out, then the process dies), `lose` (it is carried
    out, the answer is lost), `cut` (it never arrives).
    """

    def __init__(self, app: Any, fault: Fault = no_fault) -> None:
        self._inner = httpx.ASGITransport(app)
        self._fault = fault
        self._dead = False
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self._dead:
            raise Killed
        self.requests.append(request)
        fault = self._fault(len(self.requests), request)
        if fault == "kill":
            self._dead = True
            raise Killed
        if fault == "cut":
            raise httpx.ConnectError("cut", request=request)
        response = await self._inner.handle_async_request(request)
        if fault == "die":
            self._dead = True
            raise Killed
        if fault == "lose":
            await response.aread()
            raise httpx.ReadError("lost", request=request)
        return response

    @property
    def writes(self) -> list[str]:
        return [f"{one.method} {one.url.path}" for one in self.requests if one.method != "GET"]


class Account:
    """One account for the length of a test; every deployment has a client of its own."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, tzinfo=UTC)
        self.platform = Platform.open(":memory:", clock=self._tick)

    def _tick(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now

    def forget_keys(self) -> None:
        """Let so much time pass that the service knows no idempotency key any more."""
        self.now += timedelta(days=30)

    def wire(self, fault: Fault = no_fault) -> Wire:
        return Wire(self.platform.app, fault)

    @asynccontextmanager
    async def desk(self, wire: Wire | None = None) -> AsyncIterator[Cyberdesk]:
        async def at_once(_: float) -> None:
            await asyncio.sleep(0)

        carrier: Any = wire or self.wire()
        async with Cyberdesk.connect("http://local", "any", app=carrier, retry=Retry(sleep=at_once)) as desk:
            yield desk

    def ask(self, question: Callable[[Cyberdesk], Any]) -> Any:
        """Do something at the account as a person at the dashboard would."""

        async def asked() -> Any:
            async with self.desk() as desk:
                return await question(desk)

        return asyncio.run(asked())

    def snapshot(self) -> Snapshot:
        found: Snapshot = self.ask(read_snapshot)
        return found

    def plan(self, bundle: Bundle, owner: Owner = OWNER, only: Sequence[str] = ()) -> Plan:
        return plan(bundle, self.snapshot(), owner, only)

    def carry_out(self, planned: Plan, *, wire: Wire | None = None, overwrite_drift: bool = False) -> list[Outcome]:
        async def carried() -> list[Outcome]:
            async with self.desk(wire) as desk:
                applied = apply(planned, desk, CONTENTS.__getitem__, overwrite_drift=overwrite_drift)
                return [outcome async for outcome in applied]

        return asyncio.run(carried())

    def deploy(
        self, bundle: Bundle, *, wire: Wire | None = None, overwrite_drift: bool = False, commit: str | None = None
    ) -> list[Outcome]:
        """Snapshot, plan and apply in one client, as `cyberflow apply` does."""

        async def deployed() -> list[Outcome]:
            async with self.desk(wire) as desk:
                planned = plan(bundle, await read_snapshot(desk), OWNER)
                applied = apply(planned, desk, CONTENTS.__getitem__, overwrite_drift=overwrite_drift, commit=commit)
                return [outcome async for outcome in applied]

        return asyncio.run(deployed())

    def workflow(self, name: str) -> WorkflowRecord:
        """The one workflow with that title."""
        (found,) = (one for one in self.snapshot().workflows if one.name == name)
        return found

    def edit(self, title: str, **fields: Any) -> WorkflowRecord:
        """Change a workflow as a person at the dashboard would."""
        return self.rewrite(self.workflow(title).id, **fields)

    def rewrite(self, id: str, **fields: Any) -> WorkflowRecord:
        changed: WorkflowRecord = self.ask(lambda desk: desk.workflows.update(id, fields))
        return changed

    def delete(self, id: str) -> None:
        self.ask(lambda desk: desk.workflows.delete(id))

    def delete_image(self, path: str | None) -> None:
        self.ask(lambda desk: desk.images.delete(path or ""))

    def delete_tag(self, id: str) -> None:
        self.ask(lambda desk: desk.tags.delete(id))

    def make_tag(self, name: str, **fields: Any) -> str:
        made: str = self.ask(lambda desk: desk.tags.create({"name": name, **fields})).id
        return made

    def close(self) -> None:
        self.platform.close()


def by_action(planned: Plan) -> list[tuple[str, str, str]]:
    return [(change.action, change.kind, change.name) for change in planned.changes]


def comment(workflow: WorkflowRecord) -> str:
    """The marker of a workflow as text."""
    marker: str = json.loads(workflow.input_schema or "{}")["$comment"]
    return marker
