"""Keeps known secret values out of whatever is about to be shown or written. It knows values and nothing of where
they came from.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import Any
from urllib.parse import quote, quote_plus

MASK = "•••"
SHORT = 4
"""A value of fewer characters goes only where it stands as a word of its own: filtered everywhere, a PIN of `1` would
take every `1` of every text with it.
"""


class Redactor:
    """Replaces every form in which a secret may appear: as it is, as JSON writes it, quoted for a url, as HTML and as
    Python's `repr`. The longest form goes first, so that no rest of a longer secret stays behind a shorter one.

    The parts of a structured secret are secrets of their own; so are the lines of one that has several.
    """

    def __init__(self, secrets: Iterable[Any] = ()) -> None:
        self._words = frozenset(word for secret in secrets for word in _words(secret))
        forms = {form for word in self._words for form in _forms(word)}
        alternatives = [_pattern(form) for form in sorted(forms, key=lambda form: (-len(form), form))]
        self._pattern = re.compile("|".join(alternatives)) if alternatives else None

    def text(self, text: str) -> str:
        return self._pattern.sub(MASK, text) if self._pattern else text

    def json(self, value: Any) -> Any:
        """Filter the texts, keys and numbers of a JSON value; what else it is made of stays as it is."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(str(key)): self.json(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.json(item) for item in value]
        if isinstance(value, int | float) and not isinstance(value, bool) and json.dumps(value) in self._words:
            return MASK
        return value

    def __repr__(self) -> str:
        return "Redactor()"


def _words(secret: Any) -> Iterator[str]:
    if isinstance(secret, Mapping):
        for item in secret.values():
            yield from _words(item)
    elif isinstance(secret, list | tuple):
        for item in secret:
            yield from _words(item)
    elif isinstance(secret, str):
        if secret.strip():
            yield secret
        if len(lines := secret.split("\n")) > 1:
            yield from (line for line in map(str.strip, lines) if len(line) >= SHORT)
    elif secret is not None and not isinstance(secret, bool):
        yield json.dumps(secret)


def _forms(word: str) -> Iterator[str]:
    yield word
    yield json.dumps(word)[1:-1]
    yield json.dumps(word, ensure_ascii=False)[1:-1]
    yield repr(word)[1:-1]
    yield escape(word)
    yield quote(word, safe="", errors="surrogatepass")
    yield quote(word, errors="surrogatepass")
    yield quote_plus(word, errors="surrogatepass")


def _pattern(form: str) -> str:
    pattern = re.escape(form)
    return pattern if len(form) >= SHORT else rf"(?<!\w){pattern}(?!\w)"
