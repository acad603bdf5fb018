"""The emulator: open it on a file or in memory, use its ASGI application, close it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from starlette.types import ASGIApp

from cyberflow.emulator import routes
from cyberflow.emulator.contract.clock import Clock, wall_clock
from cyberflow.emulator.contract.run_bodies import RunScript
from cyberflow.emulator.cyberdesk import models
from cyberflow.emulator.cyberdesk.machines import machines
from cyberflow.emulator.cyberdesk.runs import scripts
from cyberflow.emulator.engine import scheduler
from cyberflow.emulator.engine.webhooks import require_endpoint, subscribe
from cyberflow.emulator.http import dispatch
from cyberflow.emulator.http.fault_middleware import FaultMiddleware
from cyberflow.emulator.http.fault_plan import FaultPlan, FaultPlanSource
from cyberflow.emulator.http.fault_plan import parse_plan as read_plan
from cyberflow.emulator.http.rate_limit import RateLimiter
from cyberflow.emulator.observation import ObservedRun, next_due, observe
from cyberflow.emulator.seeds import Seeds, plant
from cyberflow.emulator.store.secret_store import SecretStore
from cyberflow.emulator.store.store import Store
from cyberflow.emulator.webhook_sender import WebhookSender


class Platform:
    """`app` serves the API. Its state is brought to the clock's now at every request, by no task of its own.

    `webhook_sender` delivers events when it is told to, or started.
    """

    def __init__(
        self, store: Store, clock: Clock, api_key: str | None, plan: FaultPlan, secrets: Mapping[str, str]
    ) -> None:
        self._store = store
        self._secret_store = SecretStore()
        self._clock = clock
        buckets = RateLimiter(plan.rate_limit) if plan.rate_limit else None
        served = routes.build_app(dispatch.Dispatcher(store, self._secret_store, clock, api_key, buckets))
        self.app: ASGIApp = FaultMiddleware(served, plan, clock) if plan.faults else served
        self.webhook_sender = WebhookSender(store, self._secret_store, clock, secrets)

    @classmethod
    def open(
        cls,
        path: Path | Literal[":memory:"],
        *,
        clock: Clock = wall_clock,
        api_key: str | None = None,
        faults: FaultPlanSource = (),
        webhooks: Sequence[str] | Mapping[str, str] | None = None,
        seeds: Seeds | None = None,
    ) -> Platform:
        """Open or make the database. `clock` gives aware instants. With `api_key` no other bearer key is accepted.

        `faults` is a plan of what goes wrong (see `fault_plan`), a rate limit included. `webhooks` are
        the endpoints that get events, each with a signing secret of its own, or as a mapping with the one given; None
        leaves them as they were. `seeds` are names that exist from the start; what is there already stays as it is.
        Raises `CyberflowError` for a file that cannot be opened, is not a database of ours, or has a newer format,
        `UsageError` for an endpoint that cannot be one, and pydantic's `ValidationError` for a wrong plan of faults.
        """
        plan = read_plan(faults)
        secrets = webhooks if isinstance(webhooks, Mapping) else {}
        for url in webhooks or ():
            require_endpoint(url, secrets.get(url))
        store = Store(path)
        try:
            with store.explained():
                _furnish(store, clock(), seeds, webhooks)
        except BaseException:
            store.close()
            raise
        return cls(store, clock, api_key, plan, secrets)

    @classmethod
    def load(cls, content: bytes, *, clock: Clock = wall_clock) -> Platform:
        """Open a platform in memory that holds what `dump` of another gave; secrets are not in it."""
        store = Store(":memory:")
        store.load(content)
        return cls(store, clock, None, read_plan(()), {})

    def dump(self) -> bytes:
        """All that the platform holds but for secrets."""
        return self._store.dump()

    def save(self, path: Path) -> None:
        """Write the platform into a new file, which `open` opens. Raises CyberflowError where it cannot be written."""
        self._store.save(path)

    def seed(self, seeds: Seeds) -> None:
        """As `seeds` of `open`; over HTTP `POST /v1/local/seeds` does the same."""
        with self._store.explained(), self._store.transaction():
            plant(self._store, seeds, self._clock())

    def is_gone(self) -> bool:
        """Whether the file was removed under the open platform, which then keeps nothing beyond this process."""
        return self._store.is_gone()

    def simulate(self, script: Mapping[str, Any], *, idempotency_key: str | None = None) -> str:
        """Keep a script for a submission and answer its id.

        The script is `{session alias, workflow id or workflow name: {outputs, status, error, seconds, attachments,
        screenshots, checks}}`. A submission gets it by the header `X-Cyberflow-Script: <id>`, or by carrying the
        `idempotency_key` named here. Over HTTP `POST /v1/local/scripts` with `{script, idempotency_key}` does the
        same. Raises pydantic's `ValidationError` for a script of another shape.
        """
        checked = RunScript.model_validate(script)
        with self._store.explained(), self._store.transaction():
            return scripts.add_script(self._store, checked, idempotency_key, self._clock())

    def advance(self) -> datetime | None:
        """Let everything happen that is due by the clock's now, and answer when something is due next."""
        with self._store.explained(), self._store.lock:
            scheduler.advance(self._store, self._secret_store, self._clock())
            return next_due(self._store, self._clock())

    def observe(self, run_id: str) -> ObservedRun:
        """What a run got and gave. Raises KeyError when there is none."""
        with self._store.explained(), self._store.lock:
            return observe(self._store, self._secret_store, run_id)

    def revision(self) -> int:
        """Let everything happen that is due, and give a number that grows when anything changed."""
        self.advance()
        return self._store.connection.total_changes

    @property
    def is_closing(self) -> bool:
        return self._store.is_closing

    def end_streams(self) -> None:
        """End the answers that go on: who serves the platform is about to close it."""
        self._store.is_closing = True

    def close(self) -> None:
        self.webhook_sender.stop()
        self._secret_store.clear()
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _furnish(store: Store, now: datetime, seeds: Seeds | None, webhooks: Iterable[str] | None) -> None:
    with store.transaction():
        if store.find("setting", "provided") is None:
            if not store.measure("machine"):
                machines.seed(store, machines.DEFAULT_MACHINE, now, {})
                models.seed(store, now)
            store.add("setting", {"id": "provided"})
        plant(store, seeds or Seeds(), now)
    if webhooks is not None:
        subscribe(store, [*webhooks])
