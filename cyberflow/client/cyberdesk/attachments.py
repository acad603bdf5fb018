"""The files of runs, in and out. Their content is streamed to disk and never held whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from cyberflow.client.cyberdesk.wire import Attachment, DownloadUrl, Page
from cyberflow.client.http.paging import PAGE, iterate_items
from cyberflow.client.http.request import format_path, get_request, write_request
from cyberflow.client.http.transport import Transport
from cyberflow.storage import unique_path

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from datetime import datetime
    from pathlib import Path


class AttachmentFilters(TypedDict, total=False):
    """`attachment_type` is `input` or `output`."""

    run_id: str | None
    attachment_type: str | None


@dataclass(frozen=True)
class Attachments:
    transport: Transport

    def list(self, *, limit: int = PAGE, **filters: Unpack[AttachmentFilters]) -> AsyncIterator[Attachment]:
        return iterate_items(lambda skip: self.page(skip=skip, limit=limit, **filters))

    async def page(self, *, skip: int = 0, limit: int = PAGE, **filters: Unpack[AttachmentFilters]) -> Page[Attachment]:
        query = {**filters, "skip": skip, "limit": limit}
        return await self.transport.fetch(get_request("/v1/run-attachments", query), Page[Attachment])

    async def get(self, id: str) -> Attachment:
        return await self.transport.fetch(get_request(format_path("/v1/run-attachments/{}", id)), Attachment)

    async def create(self, body: Mapping[str, Any], key: str | None = None) -> Attachment:
        """`content` is base64. Mostly the service's own call: a submission brings its files along."""
        return await self.transport.fetch(write_request("POST", "/v1/run-attachments", body, key), Attachment)

    async def expire(self, id: str, at: datetime | None, key: str | None = None) -> Attachment:
        """Set when the file goes, or with None that it stays: the one thing of an attachment that can change."""
        body = {"expires_at": at.isoformat() if at else None}
        return await self.transport.fetch(
            write_request("PUT", format_path("/v1/run-attachments/{}", id), body, key), Attachment
        )

    async def delete(self, id: str, key: str | None = None) -> None:
        await self.transport.send(write_request("DELETE", format_path("/v1/run-attachments/{}", id), key=key))

    async def download(self, id: str, to: Path) -> Path:
        """Stream the file beside `to` and rename it when it is whole: `to` is never half a file.

        Raises as every call does, and CyberflowError when the disk refuses.
        """
        return await self.transport.save(get_request(format_path("/v1/run-attachments/{}/download", id)), to)

    async def save(self, attachment: Attachment, folder: Path) -> Path:
        """Download into a folder, under the base name of its own name made safe, beside what is there already.

        Answers where it is. Raises as `download`.
        """
        return await self.download(attachment.id, unique_path(folder, attachment.filename))

    async def download_url(self, id: str, expires_in: int = 300) -> DownloadUrl:
        """A url for 10 to 3600 seconds."""
        query = {"expires_in": expires_in}
        return await self.transport.fetch(
            get_request(format_path("/v1/run-attachments/{}/download-url", id), query), DownloadUrl
        )
