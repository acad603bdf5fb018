"""Events of a task: pieces of bytes to server-sent events, as the standard reads them, and to those of the service."""

from __future__ import annotations

import codecs
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from cyberflow.client.http.decode import NotJson, parse_json

LONGEST = 1_000_000
"""Characters of one event; what is longer is not an event of ours, and is dropped."""


@dataclass(frozen=True)
class ServerEvent:
    name: str
    data: str


@dataclass(frozen=True)
class TaskEvent:
    """`kind` is the service's word: `status`, `progress`, `completed`, `failed`, `cancelled`, `error`, or a new one."""

    kind: str
    data: Mapping[str, Any]


async def task_events(pieces: AsyncIterator[bytes]) -> AsyncIterator[TaskEvent]:
    """The events whose data is a JSON object; every other one is passed over."""
    async for event in parse_events(pieces):
        try:
            data = parse_json(event.data)
        except NotJson:
            continue
        if isinstance(data, dict):
            yield TaskEvent(event.name, data)


async def parse_events(pieces: AsyncIterator[bytes]) -> AsyncIterator[ServerEvent]:
    """Consecutive `data:` lines are one text, a blank line ends an event, comments and other fields are passed over.
    An event that the stream breaks off in is none.
    """
    name, size = "", 0
    data: list[str] = []
    async for line in _lines(pieces):
        if not line:
            if data and size <= LONGEST:
                yield ServerEvent(name or "message", "\n".join(data))
            name, data, size = "", [], 0
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            name = value
        elif field == "data":
            size += len(value)
            data = [*data, value] if size <= LONGEST else data


async def _lines(pieces: AsyncIterator[bytes]) -> AsyncIterator[str]:
    """Whole lines without their ends, which may be LF, CRLF or CR."""
    decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
    rest = ""
    async for piece in pieces:
        rest += decoder.decode(piece)
        held = rest.endswith("\r")  # the LF of a CRLF may be in the next piece
        *lines, rest = _split(rest[:-1] if held else rest)
        rest += "\r" if held else ""
        for line in lines:
            yield line
    if rest.endswith("\r"):
        yield rest[:-1]


def _split(text: str) -> list[str]:
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
