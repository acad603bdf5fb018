"""The client of Cyberun: tasks on GPUs, their parameters, and the files that go in. What comes out is
`cyberun_files`' business, and following a task is done elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import replace
from typing import Any, Self, Unpack

from cyberflow.client.cyberun.events import TaskEvent, task_events
from cyberflow.client.cyberun.wire import (
    CyberunWorkflow,
    PresignedUpload,
    TaskAccepted,
    TaskPage,
    TaskRecord,
    TaskResult,
    WorkflowPage,
    next_page,
)
from cyberflow.client.http.errors import ApiError, Unreachable
from cyberflow.client.http.paging import PAGE, iterate_items
from cyberflow.client.http.request import Request, format_path, get_request, write_request
from cyberflow.client.http.status import USED_ADDRESS
from cyberflow.client.http.transport import ConnectOptions, Transport
from cyberflow.errors import UsageError

UPLOADS = 3
"""How often an upload is begun: each time under a new address, since a store takes an object once."""
SESSION = "eyJ"
"""How the token of a person's session begins; keys begin with `sk-` or `dk-` and know their team."""
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class CyberunClient:
    """Every call raises `ApiError` when the service refuses and `Unreachable` when it cannot be asked. A submission is
    sent once: the service has no idempotency keys.
    """

    def __init__(self, transport: Transport) -> None:
        self.transport = transport

    @classmethod
    def connect(
        cls, url: str, api_key: str | None, *, team: str | None = None, **options: Unpack[ConnectOptions]
    ) -> CyberunClient:
        """Prepare a client; see `Cyberdesk.connect`. With a session's token goes the `team`, with a key it does not.

        Raises UsageError for a session's token without a team.
        """
        session = (api_key or "").startswith(SESSION)
        if session and not team:
            help = "name the team's id with `cyberun: {team: ID}`, or use a key (`sk-…`), which has its own"
            raise UsageError("a session's token of Cyberun says nothing of the team", help=help)
        transport = Transport.open(url, api_key, **options)
        if session and team:
            transport.headers = {"X-Team-ID": team}
        return cls(transport)

    async def workflow(self, name: str) -> CyberunWorkflow:
        """A workflow with its parameters, by slug, `slug@version` or id."""
        return await self.transport.fetch(get_request(_workflow_path(name)), CyberunWorkflow)

    def workflows(self) -> AsyncIterator[CyberunWorkflow]:
        async def read(number: int) -> tuple[list[CyberunWorkflow], int | None]:
            query = {"current_page": number, "per_page": PAGE}
            found = await self.transport.fetch(get_request("/r/workflows", query), WorkflowPage)
            return found.workflow_list, next_page(number, PAGE, found.workflow_list, found.page_meta)

        return iterate_items(read, 1)

    async def submit(
        self,
        name: str,
        parameters: Mapping[str, Any],
        *,
        script: str | None = None,
        secrets: tuple[str, ...] = (),
    ) -> str:
        """Submit a task and give its id. Sent once; the value of a file is the key that `upload` gave.

        `script` is that of a simulation, on the local platform. No error repeats one of `secrets`.
        """
        headers = (("X-Cyberflow-Script", script),) if script else ()
        request = replace(
            _write_without_key("POST", f"{_workflow_path(name)}/run", {"parameters": parameters}), headers=headers
        )
        accepted = await self.transport.fetch(replace(request, secrets=secrets), TaskAccepted)
        return accepted.task_id

    async def task(self, id: str) -> TaskRecord:
        return await self.transport.fetch(get_request(format_path("/r/tasks/{}", id)), TaskRecord)

    def tasks(self, *, status: str | None = None) -> AsyncIterator[TaskRecord]:
        async def read(number: int) -> tuple[list[TaskRecord], int | None]:
            found = await self.task_page(number, status=status)
            return found.task_list, next_page(number, PAGE, found.task_list, found.page_meta)

        return iterate_items(read, 1)

    async def task_page(self, number: int = 1, *, per_page: int = PAGE, status: str | None = None) -> TaskPage:
        query = {"current_page": number, "per_page": per_page, "status": status}
        return await self.transport.fetch(get_request("/r/tasks", query), TaskPage)

    async def result(self, id: str) -> TaskResult:
        """What a task made, with addresses that are new and open for an hour."""
        return await self.transport.fetch(get_request(format_path("/r/tasks/{}/result", id)), TaskResult)

    async def cancel(self, id: str) -> None:
        """Ask for the end of a task. A success does not prove it: the task may be over, or end by itself first."""
        request = replace(_write_without_key("POST", format_path("/r/tasks/{}/cancel", id)), repeatable=True)
        await self.transport.send(request)

    async def events(self, id: str) -> AsyncGenerator[TaskEvent, None]:
        """What happens to a task, as it happens; ends when the stream does, whether or not the task is over.

        Gives nothing where answers only come whole. What is not a JSON object is passed over.
        """
        if not self.transport.streams:
            return
        request = get_request(format_path("/r/tasks/{}/events", id))
        async with self.transport.stream(request, "text/event-stream", endless=True) as stream:
            if stream.headers.get("content-type", "").startswith("text/event-stream"):
                async for event in task_events(stream.pieces):
                    yield event

    async def upload(self, filename: str, content: bytes, content_type: str) -> str:
        """Send a file in and give its key, which holds for a day. Begun anew under another address when the store
        turns it down, at most `UPLOADS` times.
        """
        body = {"file_name": filename, "file_size": len(content), "content_type": content_type}
        for tried in range(1, UPLOADS + 1):
            address = await self.transport.fetch(
                replace(_write_without_key("POST", "/r/files/presign", body), repeatable=True), PresignedUpload
            )
            headers = tuple(address.upload_headers.items())
            try:
                await self.transport.send(
                    Request("PUT", address.upload_url, content=content, keyless=True, headers=headers)
                )
            except (ApiError, Unreachable) as error:
                if tried == UPLOADS or not (error.transient or error.status in USED_ADDRESS):
                    raise
            else:
                return address.file_key
        raise AssertionError  # pragma: no cover

    async def simulate(self, script: Mapping[str, Any]) -> str:
        """Keep a script for the tasks that will name its id; local platform only."""
        found = await self.transport.fetch(
            _write_without_key("POST", "/local/scripts", {"script": script}), dict[str, Any]
        )
        return str(found["id"])

    async def aclose(self) -> None:
        await self.transport.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"Cyberun({self.transport!r})"


def is_uuid(text: str) -> bool:
    return _UUID.fullmatch(text) is not None


def _workflow_path(name: str) -> str:
    return format_path("/r/workflows/{}" if is_uuid(name) else "/r/workflows/slug/{}", name).replace("%40", "@")


def _write_without_key(method: str, path: str, body: object = None) -> Request:
    """A write as `write_request` makes it, without a key: the service knows none."""
    return replace(write_request(method, path, body), key=None)
