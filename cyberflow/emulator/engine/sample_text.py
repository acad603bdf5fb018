"""Readable text for simulated values, by the name of a property and what its schema says of format and length."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

FORMATS = {
    "date": "2026-03-01",
    "date-time": "2026-03-01T09:30:00Z",
    "time": "09:30:00Z",
    "duration": "PT30M",
    "email": "alex.morgan@example.com",
    "idn-email": "alex.morgan@example.com",
    "hostname": "desk.example.com",
    "ipv4": "192.0.2.10",
    "ipv6": "2001:db8::10",
    "uri": "https://example.com/record/1001",
    "url": "https://example.com/record/1001",
    "uri-reference": "/record/1001",
    "uuid": "3f2b8c1e-5a47-4d0b-9c6e-2f1a7b8d9e01",
    "json-pointer": "/record",
    "regex": ".*",
}

NAMES: tuple[tuple[str, str], ...] = (
    ("email", "alex.morgan@example.com"),
    ("first_name", "Alex"),
    ("last_name", "Morgan"),
    ("filename", "document.pdf"),
    ("name", "Alex Morgan"),
    ("phone", "+1 555 0100"),
    ("birth", "1984-07-12"),
    ("dob", "1984-07-12"),
    ("date", "2026-03-01"),
    ("url", "https://example.com/record/1001"),
    ("street", "12 Harbor Street"),
    ("address", "12 Harbor Street, Springfield"),
    ("city", "Springfield"),
    ("country", "US"),
    ("currency", "USD"),
    ("mrn", "MRN-1001"),
    ("status", "completed"),
    ("medication", "Lisinopril 10 mg"),
    ("amount", "120.00"),
    ("time", "09:30"),
)


def text_for_schema(schema: Mapping[str, Any], name: str) -> str:
    made = FORMATS.get(schema.get("format", "")) or _by_name(name)
    low, high = schema.get("minLength") or 0, schema.get("maxLength")
    if len(made) < low:
        made = made.ljust(low, "x")
    return made if high is None else made[:high]


def text_for_name(name: str) -> str:
    return _by_name(name)


def _by_name(name: str) -> str:
    word, _, number = name.rpartition(" ")
    word = word if number.isdigit() else name
    folded = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", word).lower().replace("-", "_")
    parts = folded.split("_")
    suffix = f" ({number})" if number.isdigit() and number != "1" else ""
    for key, value in NAMES:
        if key in folded and (key in parts or key in {"first_name", "last_name", "filename", "medication"}):
            return value + suffix
    if parts[-1] in {"id", "number", "code", "key", "no", "ref"}:
        stem = "".join(part[:4].upper() for part in parts[:-1]) or parts[-1].upper()
        return f"{stem}-{1000 + int(number)}" if number.isdigit() else f"{stem}-1001"
    spoken = " ".join(parts).strip() or "value"
    return f"Sample {spoken}{suffix}"
