"""The store beside the simulated Cyberun: objects behind addresses that are signed as S3 signs them, open for an hour,
and no longer than that. What it refuses it refuses as S3 does: 403, 404, 412, 416, in XML.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import Response

from cyberflow.emulator.files.task_image import draw_png
from cyberflow.emulator.http.body import read_whole
from cyberflow.emulator.http.dispatch import Dispatcher
from cyberflow.emulator.store.store import Document, Store

PATH = "/cyberun-store"
SECONDS = 3600
MAX_BYTES = 500 * 1024 * 1024
_DATE = "%Y%m%dT%H%M%SZ"
_RANGE = re.compile(r"bytes=(\d+)-(\d*)")
_OUTPUT = re.compile(r"(?:outputs/(?P<cloud>[0-9a-f-]{36})/(?P<index>\d+)|tasks/(?P<local>[0-9a-f-]{36})/[^/]+)")


@dataclass(frozen=True)
class Permit:
    """Permission for one method on one object from an instant on, under some headers exactly."""

    method: str
    place: str
    at: datetime
    headers: Mapping[str, str] = field(default_factory=dict)


class _S3Error(Exception):
    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


def presign(store: Store, base_url: str, permit: Permit) -> str:
    date = permit.at.astimezone(UTC).strftime(_DATE)
    names = ";".join(sorted(name.lower() for name in permit.headers))
    query = {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Date": date,
        "X-Amz-Expires": SECONDS,
        "X-Amz-SignedHeaders": names,
        "X-Amz-Signature": _signature(store, permit, date),
    }
    return f"{base_url}{PATH}/{quote(permit.place)}?{urlencode(query)}"


async def serve(dispatcher: Dispatcher, request: Request) -> Response:
    """Take or give an object; the one thing here that needs no bearer key, and refuses one."""
    place = request.path_params["path"]
    try:
        _verify(dispatcher, request, place)
        return (
            await _put_object(dispatcher, request, place)
            if request.method == "PUT"
            else _get_object(dispatcher, request, place)
        )
    except _S3Error as denied:
        body = f'<?xml version="1.0"?><Error><Code>{denied.code}</Code><Message>{denied}</Message></Error>'
        return Response(body, denied.status, media_type="application/xml")


def _signature(store: Store, permit: Permit, date: str) -> str:
    headers = sorted((name.lower(), value) for name, value in permit.headers.items())
    text = "\n".join([permit.method, permit.place, date, *(f"{name}:{value}" for name, value in headers)])
    return hmac.new(store.signing_key, text.encode(), hashlib.sha256).hexdigest()


def _verify(dispatcher: Dispatcher, request: Request, place: str) -> None:
    if "authorization" in request.headers:
        raise _S3Error(400, "InvalidArgument", "Only one auth mechanism allowed")
    query = request.query_params
    names = [name for name in query.get("X-Amz-SignedHeaders", "").split(";") if name]
    headers = {name: request.headers.get(name, "") for name in names}
    date = query.get("X-Amz-Date", "")
    wanted = _signature(dispatcher.store, Permit(request.method, place, datetime.now(UTC), headers), date)
    if not hmac.compare_digest(wanted, query.get("X-Amz-Signature", "")):
        raise _S3Error(403, "SignatureDoesNotMatch", "The request signature does not match the signature you provided")
    if dispatcher.clock() >= datetime.strptime(date, _DATE).replace(tzinfo=UTC) + timedelta(seconds=SECONDS):
        raise _S3Error(403, "AccessDenied", "Request has expired")


async def _put_object(dispatcher: Dispatcher, request: Request, place: str) -> Response:
    content = await read_whole(request, MAX_BYTES)
    with dispatcher.store.lock, dispatcher.store.transaction():
        if dispatcher.store.find("input", place) is not None:
            raise _S3Error(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
        dispatcher.store.add("input", {"id": place, "size": len(content)})
        dispatcher.store.keep_content(place, content)
    return Response(status_code=200, headers={"ETag": _etag(content)})


def _get_object(dispatcher: Dispatcher, request: Request, place: str) -> Response:
    with dispatcher.store.lock:
        content = _content(dispatcher.store, place)
    if content is None:
        raise _S3Error(404, "NoSuchKey", "The specified key does not exist.")
    headers = {"ETag": _etag(content), "Accept-Ranges": "bytes"}
    asked = _RANGE.fullmatch(request.headers.get("range", ""))
    if asked is None or request.headers.get("if-range", headers["ETag"]) != headers["ETag"]:
        return Response(content, headers=headers, media_type="application/octet-stream")
    first, last = int(asked[1]), min(int(asked[2] or len(content)), len(content) - 1)
    if first > last:
        raise _S3Error(416, "InvalidRange", "The requested range is not satisfiable")
    headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
    return Response(memoryview(content)[first : last + 1], 206, headers, media_type="application/octet-stream")


def _content(store: Store, place: str) -> bytes | None:
    if store.find("input", place) is not None:
        return store.content(place)
    named = _OUTPUT.fullmatch(place)
    task: Document | None = store.find("task", named["cloud"] or named["local"]) if named else None
    if task is None or named is None:
        return None
    outputs = [*task["outputs"].items()]
    index = int(named["index"] or 0)
    if index >= len(outputs):
        return None
    key, made = outputs[index]
    if made["text"] is not None:
        return str(made["text"]).encode()
    return _sample_png(task["id"], task["slug"], key, (made["width"], made["height"], made["bytes"]))


@lru_cache(maxsize=4)
def _sample_png(task_id: str, slug: str, key: str, size: tuple[int, int, int]) -> bytes:
    """Kept for the ranges of one download."""
    return draw_png(task_id, slug, key, size)


def _etag(content: bytes | bytearray) -> str:
    return f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'
