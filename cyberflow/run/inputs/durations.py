"""Durations as people write them: `90s`, `30m`, `2h`."""

from __future__ import annotations

import re

from cyberflow.errors import UsageError

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(s|m|h)")
_SECONDS = {"s": 1, "m": 60, "h": 3600}


def parse_duration(text: str | None) -> float | None:
    """Seconds; None for a text that is not a duration."""
    match = _DURATION.fullmatch(text or "")
    return float(match[1]) * _SECONDS[match[2]] if match else None


def read_duration(text: str) -> float:
    """Seconds. Raises UsageError for a text that is not a duration."""
    seconds = parse_duration(text)
    if seconds is None:
        raise UsageError(f"`{text}` is not a time", help="write a number and `s`, `m` or `h`: `30m`")
    return seconds
