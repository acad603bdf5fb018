"""What a task made, brought to this disk: through addresses that end after an hour and are asked for anew, piece by
piece, going on where a connection broke. The key of the account never goes to the store.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, BinaryIO

from cyberflow.client.cyberun.wire import Output, TaskResult, outputs_of
from cyberflow.client.http.errors import ApiError, Unreachable
from cyberflow.client.http.request import Request
from cyberflow.client.http.status import EXPIRED_ADDRESS
from cyberflow.errors import CyberflowError

if TYPE_CHECKING:
    from cyberflow.client.cyberun.client import CyberunClient

REFRESHES = 3
"""How often one download asks for a new address."""
PARTIAL, BEYOND = 206, 416


class Outputs:
    """The files of one task. `files` is what `read` found; addresses are kept until their hour is over."""

    def __init__(self, cyberun: CyberunClient, task_id: str) -> None:
        self._cyberun = cyberun
        self._task_id = task_id
        self._tags: dict[str, str] = {}
        self._ends = datetime.max.replace(tzinfo=UTC)
        self.result: TaskResult | None = None
        self.files: tuple[Output, ...] = ()

    async def read(self) -> tuple[Output, ...]:
        """Ask for the result, its addresses made anew."""
        asked = self._now()
        self.result = await self._cyberun.result(self._task_id)
        self._ends, self.files = self.result.expiry(asked), outputs_of(self.result)
        return self.files

    async def download(self, key: str, file: BinaryIO) -> None:
        """Write an output into an empty file. A broken connection goes on where it broke, an address that has ended is
        asked for anew, at most `REFRESHES` times.

        Raises ApiError, Unreachable when the retries are used up without a byte in between, CyberflowError when the
        output is not there (any more).
        """
        policy, refreshed, tried = self._cyberun.transport.policy, 0, 0
        while True:
            if self._now() >= self._ends and refreshed < REFRESHES:
                refreshed += 1
                await self.read()
            before = file.tell()
            try:
                return await self._fetch(key, file)
            except ApiError as error:
                if error.status in EXPIRED_ADDRESS and refreshed < REFRESHES:
                    refreshed += 1
                    await self.read()
                    continue
                if error.status == BEYOND and before:
                    file.seek(0)
                    file.truncate()
                elif not error.transient:
                    raise
                failure: ApiError | Unreachable = error
            except Unreachable as error:
                failure = error
            tried = 1 if file.tell() > before else tried + 1
            if tried > policy.retries:
                raise failure
            await policy.sleep(policy.backoff(tried - 1))

    def _url(self, key: str) -> str:
        found = next((one for one in self.files if one.key == key), None)
        if found is None or found.url is None:
            help = "outputs are kept for days, not for ever: run the task again"
            raise CyberflowError(f"Cyberun gives no address for the output `{key}`", help=help)
        return found.url

    async def _fetch(self, key: str, file: BinaryIO) -> None:
        """Fetch what the file lacks; all of it where the store does not go on, or holds another object by now."""
        offset, tag = file.tell(), self._tags.get(key, "")
        headers = [("Accept-Encoding", "identity")]
        if offset:
            headers += [("Range", f"bytes={offset}-"), *([("If-Range", tag)] if tag.startswith('"') else [])]
        request = Request("GET", self._url(key), keyless=True, headers=tuple(headers))
        async with self._cyberun.transport.stream(request) as stream:
            self._tags[key] = stream.headers.get("etag", "")
            span = stream.headers.get("content-range", "")
            if offset and not (stream.status == PARTIAL and span.startswith(f"bytes {offset}-")):
                file.seek(0)
                file.truncate()
            async for piece in stream.pieces:
                file.write(piece)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._cyberun.transport.policy.clock(), UTC)
