"""The client of Cyberdesk: one object per account, one attribute per group of resources; and its twin for scripts
without an event loop. How bytes travel is the business of `transport`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable, Iterator, Mapping
from inspect import iscoroutine
from typing import TYPE_CHECKING, Any, Self, Unpack, overload

from cyberflow.client.cyberdesk.attachments import Attachments
from cyberflow.client.cyberdesk.connections import Connections, Usages
from cyberflow.client.cyberdesk.machines import Machines, Pools
from cyberflow.client.cyberdesk.models import ModelConfigurations
from cyberflow.client.cyberdesk.records import ChainAccepted, MachinesHealth
from cyberflow.client.cyberdesk.runs import Runs
from cyberflow.client.cyberdesk.tags import TagGroups, WorkflowTags
from cyberflow.client.cyberdesk.trajectories import Trajectories
from cyberflow.client.cyberdesk.wait import EVERY, RunWaiter
from cyberflow.client.cyberdesk.wire import RunRecord
from cyberflow.client.cyberdesk.workflows import PromptImages, Workflows
from cyberflow.client.http.request import get_request, write_request
from cyberflow.client.http.transport import ConnectOptions, Transport
from cyberflow.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


class Cyberdesk:
    """Every call raises `ApiError` when the service refuses and `Unreachable` when it cannot be asked.

    A write takes `key`, its idempotency key; without one each call makes a fresh key, which its retries share.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.workflows = Workflows(transport)
        self.images = PromptImages(transport)
        self.tags = WorkflowTags(transport)
        self.groups = TagGroups(transport)
        self.machines = Machines(transport)
        self.pools = Pools(transport)
        self.models = ModelConfigurations(transport)
        self.runs = Runs(transport)
        self.attachments = Attachments(transport)
        self.trajectories = Trajectories(transport)
        self.connections = Connections(transport)
        self.usage = Usages(transport)

    @classmethod
    def connect(cls, url: str, api_key: str | None, **options: Unpack[ConnectOptions]) -> Cyberdesk:
        """Prepare a client; nothing is sent yet. With `app` the requests go to that application in this process.

        Raises UsageError when the url or the key cannot be sent at all, or would go out in clear text, CyberflowError
        when the CA file, or what the environment says of proxies and certificates, cannot be used.
        """
        return cls(Transport.open(url, api_key, **options))

    async def health(self) -> dict[str, Any]:
        """Ask whether the service is up; the form of the answer is free. This endpoint needs no key."""
        return await self._transport.fetch(get_request("/v1/health"), dict[str, Any])

    async def health_of_database(self) -> Any:
        """Free in form as well; this endpoint needs no key."""
        return await self._transport.fetch(get_request("/v1/health/db"), Any)

    async def health_of_machines(self) -> MachinesHealth:
        """A service that answers 503 here has machines in trouble: that comes as an ApiError."""
        return await self._transport.fetch(get_request("/v1/health/machines"), MachinesHealth)

    @overload
    async def wait(self, what: RunRecord | str, *, every: float = EVERY, within: float | None = None) -> RunRecord: ...
    @overload
    async def wait(
        self, what: ChainAccepted, *, every: float = EVERY, within: float | None = None
    ) -> tuple[RunRecord, ...]: ...
    async def wait(
        self, what: RunRecord | str | ChainAccepted, *, every: float = EVERY, within: float | None = None
    ) -> RunRecord | tuple[RunRecord, ...]:
        """Wait until a run (or its id), or all runs of a chain, are over, looking every so many seconds.

        Every status but the four final ones is live, the unknown ones too. A chain's runs come in the order of its
        steps, without their message history. Raises StillLive when `within` seconds are up first; the runs go on.
        """
        return await RunWaiter(self.runs, self._transport.policy, every, within).wait(what)

    async def add_names(self, names: Mapping[str, Iterable[str]]) -> None:
        """Have pools, machines, models and Cyberun workflows of these names exist; a local platform alone has this."""
        body = {kind: sorted(given) for kind, given in names.items()}
        await self._transport.fetch(write_request("POST", "/v1/local/seeds", body), dict[str, Any])

    async def simulate(self, script: Mapping[str, Any], key: str) -> None:
        """Script the simulated runs of the submission that will carry this idempotency key; local platform only."""
        await self._transport.fetch(
            write_request("POST", "/v1/local/scripts", {"script": script, "idempotency_key": key}), dict[str, Any]
        )

    async def download(self, url: str, to: Path) -> Path:
        """Save what a signed url gives. The key is not sent; raises as `attachments.download` does."""
        return await self._transport.save(get_request(url, keyless=True), to)

    async def aclose(self) -> None:
        await self._transport.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"Cyberdesk({self._transport!r})"


class SyncCyberdesk:
    """`SyncCyberdesk.connect(url, key)` has what `Cyberdesk` has; what is awaited there is answered here, and an
    asynchronous iterator is a plain one: each call runs the same coroutine to its end, in a loop of its own. To be
    used by one thread, as a context manager or with `close`.
    """

    def __init__(self, desk: Cyberdesk) -> None:
        self._desk = desk
        self._runner = asyncio.Runner()

    @classmethod
    def connect(cls, url: str, api_key: str | None, **options: Unpack[ConnectOptions]) -> Self:
        """Take the arguments of `Cyberdesk.connect` and raise what it raises."""
        return cls(Cyberdesk.connect(url, api_key, **options))

    def __getattr__(self, name: str) -> Any:
        return _SyncProxy(self._run, getattr(self._desk, name))

    def close(self) -> None:
        self._run(self._desk.aclose())
        self._runner.close()

    def _run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return self._runner.run(coroutine)
        coroutine.close()
        raise UsageError("there is an event loop here already: use `Cyberdesk`, and await its calls")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"SyncCyberdesk({self._desk!r})"


class _SyncProxy:
    def __init__(self, run: Any, behind: Any) -> None:
        self._run = run
        self._behind = behind

    def __getattr__(self, name: str) -> Any:
        return _SyncProxy(self._run, getattr(self._behind, name))

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        answer = self._behind(*arguments, **options)
        del arguments, options  # no frame holds what may be secret while it is sent
        if iscoroutine(answer):
            return self._run(answer)
        return self._iterate(answer) if isinstance(answer, AsyncIterator) else answer

    def _iterate(self, items: AsyncIterator[Any]) -> Iterator[Any]:
        async def step() -> tuple[Any, ...]:
            async for item in items:
                return (item,)
            return ()

        while found := self._run(step()):
            yield from found
