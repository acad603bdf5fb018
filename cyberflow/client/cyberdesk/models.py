"""Model configurations: the system's own and those of the organisation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cyberflow.client.cyberdesk.wire import Model
from cyberflow.client.http.request import format_path, get_request, write_request
from cyberflow.client.http.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class ModelConfigurations:
    transport: Transport

    async def list(self) -> tuple[Model, ...]:
        return await self.transport.fetch(get_request("/v1/model-configurations"), tuple[Model, ...])

    async def get(self, id: str) -> Model:
        return await self.transport.fetch(get_request(format_path("/v1/model-configurations/{}", id)), Model)

    async def create(self, body: Mapping[str, Any], key: str | None = None) -> Model:
        """An `api_key` in the body is write-only: the service keeps it under an alias and never gives it back."""
        return await self.transport.fetch(write_request("POST", "/v1/model-configurations", body, key), Model)

    async def update(self, id: str, body: Mapping[str, Any], key: str | None = None) -> Model:
        """Only the organisation's own can be changed. `clear_api_key: true` forgets the stored key."""
        return await self.transport.fetch(
            write_request("PATCH", format_path("/v1/model-configurations/{}", id), body, key), Model
        )

    async def delete(self, id: str, key: str | None = None) -> None:
        await self.transport.send(write_request("DELETE", format_path("/v1/model-configurations/{}", id), key=key))
