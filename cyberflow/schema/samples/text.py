"""Readable text for made values, by the name of a property, its format and its length."""

from __future__ import annotations

import re
from typing import Any

from cyberflow.schema.validation.formats import EXAMPLES

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

_DIGITS = 6
"""A longer number in a name counts nothing."""


def text_for_schema(format: Any, name: str, low: int, high: int) -> str:
    """Text of a length between two bounds; a format comes before the name."""
    made = (EXAMPLES.get(format) if isinstance(format, str) else None) or text_for_name(name)
    return made.ljust(low, "x")[:high]


def entry_number(name: str) -> int:
    """Which entry of its list a name like `invoice 2` is of, from 1."""
    number = name.rpartition(" ")[2]
    return max(1, int(number)) if number.isdecimal() and len(number) < _DIGITS else 1


def entry_word(name: str) -> str:
    """The name without the number of an entry."""
    word, _, number = name.rpartition(" ")
    return word if number.isdigit() else name


def text_for_name(name: str) -> str:
    word, number = entry_word(name), name.rpartition(" ")[2]
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
