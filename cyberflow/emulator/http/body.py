"""Request bodies: read whole within bounds of size and time, decoded, and checked against a model."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from pydantic import ValidationError
from starlette.requests import ClientDisconnect, Request

from cyberflow.emulator.contract import json_text
from cyberflow.emulator.contract.errors import HttpError, InvalidRequest, violation

MAX_BYTES = 160 * 1024 * 1024
"""A file of 100 MB as base64, with room for what is around it."""
SECONDS = 30.0
CLOSE = {"Connection": "close"}


@asynccontextmanager
async def deadline() -> AsyncIterator[None]:
    """A body that drips is cut: whoever sends one has this long."""
    try:
        async with asyncio.timeout(SECONDS):
            yield
    except TimeoutError:
        raise HttpError(408, f"The body did not come whole within {SECONDS:g} seconds", headers=CLOSE) from None
    except ClientDisconnect:
        raise HttpError(400, "The body ended early", headers=CLOSE) from None


async def read_whole(request: Request, most: int = MAX_BYTES) -> bytearray:
    """All of the body. Refused: 413 for a larger one, 408 for one that takes too long."""
    too_large = HttpError(413, f"The body is too large: at most {most // 1024 // 1024} MB", headers=CLOSE)
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > most:
        raise too_large
    whole = bytearray()
    async with deadline():
        async for part in request.stream():
            whole += part
            if len(whole) > most:
                raise too_large
    return whole


async def read_json(request: Request, *, optional: bool = False) -> Any:
    """The JSON value of the body; None for an optional one that is empty or null."""
    raw = await read_whole(request)
    if not raw or raw.isspace():
        if optional:
            return None
        raise InvalidRequest([violation(["body"], "Field required", "missing")])
    if not _is_json_type(request.headers.get("content-type", "")):
        message = "Input should be a valid dictionary or object to extract fields from"
        raise InvalidRequest([violation(["body"], message, "model_attributes_type")])
    try:
        text = raw.decode(json.detect_encoding(raw))
    except UnicodeDecodeError:
        raise _not_json() from None
    del raw  # a large one is not held twice while it is parsed
    return _parse(text)


def _parse(text: str) -> Any:
    try:
        value = json_text.parse(text)
    except ValueError:
        raise _not_json() from None
    if found := list(json_text.find_unstorable(value)):
        raise InvalidRequest(found)
    return value


def _not_json() -> InvalidRequest:
    return InvalidRequest([violation(["body", 0], "JSON decode error", "json_invalid")])


def validate(model: type[Any], value: Any) -> Any:
    """Check a body; its violations carry places and reasons, never what was sent."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        raise InvalidRequest(
            [
                violation(["body", *item["loc"]], _drop_quoted_input(item["type"], item["msg"]), item["type"])
                for item in found
            ]
        ) from None


def _is_json_type(content_type: str) -> bool:
    media = content_type.partition(";")[0].strip().lower()
    return media == "application/json" or (media.startswith("application/") and media.endswith("+json"))


def _drop_quoted_input(type: str, message: str) -> str:
    """Pydantic's parsers quote a character or two of what they could not read: keep the part before."""
    return message.partition(",")[0] if type.endswith("_parsing") else message
