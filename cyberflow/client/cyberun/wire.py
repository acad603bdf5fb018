"""What Cyberun answers, read tolerantly: unknown fields are kept, unknown statuses stay text, null is absent.

Names are those of its API reference. Its samples leave enums out, so `task_status` of a result may be missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from pydantic import Field

from cyberflow.client.cyberdesk.wire import Flag, WireRecord, parse_time

FINAL_STATUSES = frozenset({"completed", "failed", "cancelled"})
"""The statuses in which a task is over. Every other one is live, those that nobody knows yet included."""
KNOWN_STATUSES = FINAL_STATUSES | {"pending", "waiting", "provisioning", "queued", "running"}
"""The statuses that are known."""
LIFE = timedelta(hours=1)
"""How long an address of an output opens, also where the answer names no time."""
PRIMARY = "output"


class ParameterRecord(WireRecord):
    """What a workflow takes. `type` is `string`, `number`, `boolean`, `select` or `file`; `options` are of a select,
    `accept` of a file, `min` and `max` of a number.
    """

    key: str
    type: str | None = None
    label: str | None = None
    description: str | None = None
    required: Flag = False
    default: Any = None
    min: float | None = None
    max: float | None = None
    options: list[Any] | None = None
    accept: list[str] | None = None


class CyberunWorkflow(WireRecord):
    """`parameters` is None where the service does not say what the workflow takes."""

    id: str
    workflow_slug: str | None = None
    display_name: str | None = None
    version: int | None = None
    workflow_status: str | None = None
    description: str | None = None
    parameters: list[ParameterRecord] | None = None
    task_timeout: int | None = None
    tool_type: str | None = None


class TaskRecord(WireRecord):
    id: str
    task_status: str
    workflow_id: str | None = None
    task_error: str | None = None
    created_at: str | None = None
    started_at: str | None = None
    completed_at: str | None = None
    retry_count: int | None = None
    agent_id: str | None = None
    gpu_type: str | None = None

    @property
    def live(self) -> bool:
        return self.task_status not in FINAL_STATUSES


class TaskAccepted(WireRecord):
    task_id: str


class TaskResult(WireRecord):
    id: str
    task_status: str | None = None
    task_output: Any = None
    download_url: str | None = Field(default=None, repr=False)
    download_urls: dict[str, Any] | None = Field(default=None, repr=False)
    expires_at: str | None = None
    task_error: str | None = None
    completed_at: str | None = None

    def expiry(self, fetched: datetime) -> datetime:
        """When the addresses end: an hour after they were asked for, or when the answer says, if that is sooner."""
        told = parse_time(self.expires_at)
        return min(told, fetched + LIFE) if told else fetched + LIFE


class PresignedUpload(WireRecord):
    """Where a file goes, and the headers that have to go with it, byte for byte. `file_key` is opaque."""

    file_key: str
    upload_url: str = Field(repr=False)
    upload_headers: dict[str, str] = Field(default_factory=dict, repr=False)


class PageMeta(WireRecord):
    current_page: int | None = None
    per_page: int | None = None
    total_count: int | None = None


def next_page(number: int, asked: int, items: Sequence[object], meta: PageMeta | None) -> int | None:
    """The number of the page after `number`, if there is one. A page may hold fewer items than were `asked` for."""
    total = meta.total_count if meta else None
    per_page = (meta.per_page if meta else None) or asked
    return None if not items or (total is not None and number * per_page >= total) else number + 1


class TaskPage(WireRecord):
    task_list: list[TaskRecord] = Field(default_factory=list)
    page_meta: PageMeta | None = None


class WorkflowPage(WireRecord):
    workflow_list: list[CyberunWorkflow] = Field(default_factory=list)
    page_meta: PageMeta | None = None


@dataclass(frozen=True)
class Output:
    """One file that a task made. `url` is None where the service names the file and gives no address for it."""

    key: str
    url: str | None = field(default=None, repr=False)


def outputs_of(result: TaskResult) -> tuple[Output, ...]:
    """The files of a result, whatever its shape: of an agent of one's own (`storage_key` and `download_url`), of the
    cloud (`s3_key` and `download_urls`), of both, or none. One object with two addresses is one output.
    """
    urls = {key: url for key, url in (result.download_urls or {}).items() if isinstance(url, str) and url}
    found = [Output(key, urls.get(key)) for key in dict.fromkeys((*urls, *_cloud_output_keys(result.task_output)))]
    primary = result.download_url
    if primary and urlsplit(primary).path not in {urlsplit(url).path for url in urls.values()}:
        found.insert(0, Output(_unique_key(_primary_key(result, primary), urls), primary))
    return tuple(found)


def _cloud_output_keys(output: Any) -> Iterator[str]:
    for key, about in output.items() if isinstance(output, dict) else ():
        if isinstance(about, dict) and about.get("s3_key"):
            yield str(key)


def _primary_key(result: TaskResult, url: str) -> str:
    output = result.task_output
    place = output.get("storage_key") if isinstance(output, dict) else None
    name = PurePosixPath(place if isinstance(place, str) and place else unquote(urlsplit(url).path)).name
    return name or PRIMARY


def _unique_key(key: str, taken: dict[str, str]) -> str:
    while key in taken:
        key = f"{key}-{PRIMARY}"
    return key
