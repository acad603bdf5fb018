"""Readable text for made values, by the name of a property, its format and its length."""

from __future__ import annotations

import re
from collections.abc import Iterator
from string import ascii_letters, ascii_lowercase, ascii_uppercase
from typing import Any, NamedTuple

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


class Name(NamedTuple):
    """What a value is called, and which one of its list it is, so that entries differ."""

    word: str
    nth: int = 1

    def member(self, word: str) -> Name:
        return Name(word, self.nth)

    def entry(self, index: int, length: int) -> Name:
        return Name(self.word.removesuffix("s"), (self.nth - 1) * length + index + 1)


def texts_for_schema(format: Any, name: Name, low: int, high: int) -> Iterator[str]:
    """Texts of a length between two bounds; a format comes before the name."""
    known = EXAMPLES.get(format) if isinstance(format, str) else None
    for made in [text_for_name(name)] if known is None else [_vary(known, name.nth), known]:
        yield made.ljust(low, "x")[:high]


def text_for_name(name: Name) -> str:
    folded = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.word).lower().replace("-", "_")
    parts = folded.split("_")
    for key, value in NAMES:
        if key in folded and (key in parts or key in {"first_name", "last_name", "filename", "medication"}):
            return _vary(value, name.nth)
    if parts[-1] in {"id", "number", "code", "key", "no", "ref"}:
        stem = "".join(part[:4].upper() for part in parts[:-1]) or parts[-1].upper()
        return f"{stem}-{1000 + name.nth}"
    spoken = " ".join(parts).strip() or "value"
    return _vary(f"Sample {spoken}", name.nth)


def _vary(text: str, nth: int) -> str:
    """The nth text like this one: a number at its end counts on, an address has its number before the @."""
    if nth == 1:
        return text
    if number := re.search(r"\d+$", text):
        return f"{text[: number.start()]}{int(number[0]) + nth - 1:0{len(number[0])}}"
    name, at, host = text.partition("@")
    return f"{name}{nth}{at}{host}" if at else f"{text} ({nth})"


def texts_like(text: str, nth: int) -> Iterator[str]:
    """Other texts with the look of this one: its number counted on, its last letter a later one."""
    if nth > 1:
        yield _vary(text, nth)
        if text and text[-1] in ascii_letters:
            letters = ascii_lowercase if text[-1] in ascii_lowercase else ascii_uppercase
            yield text[:-1] + letters[(letters.index(text[-1]) + nth - 1) % len(letters)]
