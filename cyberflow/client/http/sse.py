"""Server-sent events: pieces of bytes to events, as the standard reads them. What an event means is not known here."""

from __future__ import annotations

import codecs
from collections.abc import AsyncIterator
from dataclasses import dataclass

LONGEST = 1_000_000
"""Characters of one event; what is longer is no event of ours, and is dropped."""


@dataclass(frozen=True)
class ServerEvent:
    name: str
    data: str


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
