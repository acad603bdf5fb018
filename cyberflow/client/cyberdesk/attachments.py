"""The files of runs, in and out. Their content is streamed to disk and never held whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict, Unpack

from cyberflow.client.cyberdesk.collection import Body, Call, Collection
from cyberflow.client.cyberdesk.records import DownloadUrl
from cyberflow.client.cyberdesk.wire import Attachment, Page
from cyberflow.client.http.paging import PAGE
from cyberflow.client.http.request import format_path, get_request
from cyberflow.storage import unique_path

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime
    from pathlib import Path


class AttachmentFilters(TypedDict, total=False):
    """`attachment_type` is `input` or `output`."""

    run_id: str | None
    attachment_type: str | None


class Attachments(Collection[Attachment], path="/v1/run-attachments", record=Attachment):
    """In a body of `create`, `content` is base64; that is mostly the service's own call."""

    def list(self, *, limit: int = PAGE, **filters: Unpack[AttachmentFilters]) -> AsyncIterator[Attachment]:
        return self._list(limit, filters)

    def page(self, *, skip: int = 0, limit: int = PAGE, **filters: Unpack[AttachmentFilters]) -> Call[Page[Attachment]]:
        return self._page(skip, limit, filters)

    def update(self, id: str, body: Body, key: str | None = None) -> Call[Attachment]:
        return self._write("PUT /{}", Attachment, (id,), body, key)

    def expire(self, id: str, at: datetime | None, key: str | None = None) -> Call[Attachment]:
        """Set when the file goes, or with None that it stays: the one thing of an attachment that can change."""
        return self.update(id, {"expires_at": at.isoformat() if at else None}, key)

    def download(self, id: str, to: Path, size: int | None = None) -> Call[Path]:
        """Stream the file beside `to` and rename it when it is whole: `to` is never half a file.

        Raises as every call does, and CyberflowError when the disk refuses, or not `size` bytes came.
        """
        return self.transport.save(get_request(format_path(f"{self.path}/{{}}/download", id)), to, size)

    def save(self, attachment: Attachment, folder: Path) -> Call[Path]:
        """Download into a folder, under the base name of its own name made safe, beside what is there already.

        Answers where it is. Raises as `download`.
        """
        return self.download(attachment.id, unique_path(folder, attachment.filename))

    def download_url(self, id: str, expires_in: int = 300) -> Call[DownloadUrl]:
        """A url for 10 to 3600 seconds."""
        return self._read("/{}/download-url", DownloadUrl, id, query={"expires_in": expires_in})
