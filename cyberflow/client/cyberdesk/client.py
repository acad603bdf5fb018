"""The client as its callers hold it: one object per account, one attribute per group of resources.
The groups live in files of their own; how bytes travel is `transport`'s business.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Self, overload

from cyberflow.client.cyberdesk.attachments import Attachments
from cyberflow.client.cyberdesk.connections import Connections, Usages
from cyberflow.client.cyberdesk.machines import Machines, Pools
from cyberflow.client.cyberdesk.models import ModelConfigurations
from cyberflow.client.cyberdesk.records import MachinesHealth
from cyberflow.client.cyberdesk.runs import Runs
from cyberflow.client.cyberdesk.tags import TagGroups, WorkflowTags
from cyberflow.client.cyberdesk.trajectories import Trajectories
from cyberflow.client.cyberdesk.wait import EVERY, RunWaiter
from cyberflow.client.cyberdesk.wire import ChainAccepted, RunRecord
from cyberflow.client.cyberdesk.workflows import PromptImages, Workflows
from cyberflow.client.http.request import get_request, write_request
from cyberflow.client.http.retry import Retry
from cyberflow.client.http.transport import PATIENCE, Transport

if TYPE_CHECKING:
    from pathlib import Path

    from cyberflow.client.http.transport import AsgiApp


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
    def connect(
        cls,
        url: str,
        api_key: str | None,
        *,
        app: AsgiApp | None = None,
        ca: str | Path | None = None,
        retry: Retry | None = None,
        patience: float = PATIENCE,
    ) -> Cyberdesk:
        """Prepare a client; nothing is sent yet. With `app` the requests go to that ASGI application in this process.

        `ca` is a PEM file that is trusted besides the usual authorities; an `app` needs none. `patience` is how many
        seconds a connection may be silent once it stands. Raises UsageError when
        the url or the key cannot be sent at all, CyberflowError when the CA file is missing or broken.
        """
        return cls(Transport.open(url, api_key, app=app, ca=ca, retry=retry, patience=patience))

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
