"""Keeping what is secret in a request out of what is said about it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from html import escape
from typing import Any
from urllib.parse import quote

MASK = "•••"
WORD = 4
"""A secret shorter than this is masked only where it stands alone, or every text that has its letters would go."""


class RequestRedactor:
    """Replaces secrets in texts and JSON, also where they stand escaped for JSON or HTML, or quoted for a url."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form for secret in secrets if secret for form in _forms(secret)}
        patterns = [
            re.escape(form) if len(form) >= WORD else rf"(?<!\w){re.escape(form)}(?!\w)"
            for form in sorted(forms, key=len, reverse=True)
        ]
        self._pattern = re.compile("|".join(patterns)) if patterns else None

    def text(self, text: str) -> str:
        return self._pattern.sub(MASK, text) if self._pattern else text

    def json(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(str(name)): self.json(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self.json(item) for item in value]
        if isinstance(value, int | float) and not isinstance(value, bool) and self.text(str(value)) == MASK:
            return MASK
        return value

    def __repr__(self) -> str:
        return "Mask()"


def _forms(secret: str) -> tuple[str, ...]:
    quoted = quote(secret, "", errors="replace")
    return secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], quoted, escape(secret)
