"""The formats that are asserted: ten of them, each as its RFC has it, and a value of each. Every other `format` is a
word for people.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Final

from cyberflow.late import expression

_DATE: Final = expression(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII)
_TIME: Final = expression(r"(\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:[Zz]|([+-])(\d\d):(\d\d))", re.ASCII)
_CLOCK: Final = r"(?:\d+H(?:\d+M(?:\d+S)?)?|\d+M(?:\d+S)?|\d+S)"
_CALENDAR: Final = r"(?:\d+Y(?:\d+M(?:\d+D)?)?|\d+M(?:\d+D)?|\d+D)"
_DURATION: Final = expression(rf"P(?:\d+W|{_CALENDAR}(?:T{_CLOCK})?|T{_CLOCK})", re.ASCII)
_UUID: Final = expression(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
_LABEL: Final = expression(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII | re.IGNORECASE)
_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL: Final = expression(rf'{_ATOM}(?:\.{_ATOM})*|"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\[\x20-\x7e])*"', re.ASCII)
_URI: Final = expression(
    r"[A-Za-z][A-Za-z0-9+.-]*:"
    r"(?://(?:(?P<user>[^/?#@\[\]]*)@)?(?P<host>\[[^\]/?#@]*\]|[^/?#@:\[\]]*)(?::\d*)?(?=[/?#]|$)|(?!//))"
    r"[^?#\[\]]*(?:\?[^#\[\]]*)?(?:#[^#\[\]]*)?",
    re.ASCII,
)
_URI_TEXT: Final = expression(r"(?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+", re.ASCII)
MAX_HOST: Final = 253
LEAP_SECOND: Final = 60


def _is_date(text: str) -> bool:
    if (found := _DATE.fullmatch(text)) is None:
        return False
    year, month, day = map(int, found.groups())
    try:
        date(year or 2000, month, day)  # Python's dates begin in the year 1; the year 0 is a leap year as 2000 is
    except ValueError:
        return False
    return True


def _is_time(text: str) -> bool:
    if (found := _TIME.fullmatch(text)) is None:
        return False
    hour, minute, second = (int(found[index]) for index in (1, 2, 3))
    ahead, minutes = int(found[5] or 0), int(found[6] or 0)
    if hour > 23 or minute > 59 or second > LEAP_SECOND or ahead > 23 or minutes > 59:  # noqa: PLR2004 - a clock
        return False
    shift = (ahead * 60 + minutes) * (1 if found[4] == "+" else -1)
    return second < LEAP_SECOND or (hour * 60 + minute - shift) % (24 * 60) == 24 * 60 - 1


def _is_date_time(text: str) -> bool:
    return text[10:11] in ("T", "t") and _is_date(text[:10]) and _is_time(text[11:])


def _is_hostname(text: str) -> bool:
    labels = text.split(".")
    # An internationalised label has hyphens there; whether what it encodes is one is not asked.
    return len(text) <= MAX_HOST and all(
        _LABEL.fullmatch(label) and (label[2:4] != "--" or label[:4].lower() == "xn--") for label in labels
    )


def _is_ipv4(text: str) -> bool:
    import ipaddress

    try:
        return text.isascii() and str(ipaddress.IPv4Address(text)) == text
    except ValueError:
        return False


def _is_ipv6(text: str) -> bool:
    import ipaddress

    try:
        return text.isascii() and "%" not in text and bool(ipaddress.IPv6Address(text))
    except ValueError:
        return False


def _is_email(text: str) -> bool:
    local, at, domain = text.rpartition("@")
    if not at or not _LOCAL.fullmatch(local):
        return False
    if domain.startswith("[") and domain.endswith("]"):
        inner = domain[1:-1]
        return _is_ipv6(inner[5:]) if inner.lower().startswith("ipv6:") else _is_ipv4(inner)
    return _is_hostname(domain)


def _is_uri(text: str) -> bool:
    found = _URI.fullmatch(text) if _URI_TEXT.fullmatch(text) else None
    if found is None:
        return False
    host = found["host"] or ""
    return not host.startswith("[") or _is_ipv6(host[1:-1])


def _is_uuid(text: str) -> bool:
    return _UUID.fullmatch(text) is not None


def _is_duration(text: str) -> bool:
    return _DURATION.fullmatch(text) is not None


FORMATS: Final[Mapping[str, Callable[[str], bool]]] = {
    "date": _is_date,
    "time": _is_time,
    "date-time": _is_date_time,
    "duration": _is_duration,
    "email": _is_email,
    "uri": _is_uri,
    "uuid": _is_uuid,
    "ipv4": _is_ipv4,
    "ipv6": _is_ipv6,
    "hostname": _is_hostname,
}
"""Each asserted format, and what says whether a text has it."""

EXAMPLES: Final[Mapping[str, str]] = {
    "date": "2026-03-01",
    "date-time": "2026-03-01T09:30:00Z",
    "time": "09:30:00Z",
    "duration": "PT30M",
    "email": "alex.morgan@example.com",
    "idn-email": "alex.morgan@example.com",
    "hostname": "desk.example.com",
    "idn-hostname": "desk.example.com",
    "ipv4": "192.0.2.10",
    "ipv6": "2001:db8::10",
    "uri": "https://example.com/record/1001",
    "url": "https://example.com/record/1001",
    "uri-reference": "/record/1001",
    "iri": "https://example.com/record/1001",
    "uuid": "3f2b8c1e-5a47-4d0b-9c6e-2f1a7b8d9e01",
    "json-pointer": "/record",
    "relative-json-pointer": "1/record",
    "uri-template": "https://example.com/{id}",
    "regex": ".*",
}
"""A text of each format that is known, asserted or not."""


def has_format(name: object, text: str) -> bool:
    """Say whether a text has an asserted format; every text has every other one."""
    check = FORMATS.get(name) if isinstance(name, str) else None
    return check is None or check(text)
