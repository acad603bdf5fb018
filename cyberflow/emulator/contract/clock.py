"""Time as the platform keeps it: aware UTC instants, and their one text form, which sorts as it reads."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def wall_clock() -> datetime:
    return datetime.now(UTC)


def stamp(moment: datetime) -> str:
    """ISO 8601 in UTC with six decimals and `Z`, so that order of texts is order of instants.

    What is beyond the calendar once it is in UTC becomes its first or last instant.
    """
    try:
        utc = moment.astimezone(UTC).replace(tzinfo=None)
    except OverflowError:
        utc = datetime.min if moment.year == 1 else datetime.max  # noqa: DTZ901 - they are read as UTC
    return f"{utc.isoformat(timespec='microseconds')}Z"


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
