"""The values of templates, and how a template fails. Knows no library."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

from cyberflow.diagnostics import Diagnostic, did_you_mean

SELF = " (this text)"
"""Ends the name under which jinja2 knows the text being rendered; files bear their path."""


_ELSEWHERE = {
    "secrets": "a secret is handed on as `<$NAME>`",
    "inputs": "an input is handed on as `<NAME>`",
    "steps": "the output of a step is handed on as `{$ref: STEP.outputs.NAME}`",
    "env": "no template reads the environment: give it a value under `vars` in cyberflow.yaml",
}
"""Names of other template languages, and how their values are written here."""


class TemplateFailure(Exception):
    """A mistake inside a template, on its way to becoming a finding of the text that holds it; `finding` is one of a
    file that it includes.
    """

    finding: Diagnostic | None = None

    def __init__(
        self,
        message: str,
        help: str | None = None,
        word: str | None = None,
        *,
        known: Iterable[str] = (),
        meant: str = "",
    ) -> None:
        super().__init__(message)
        self.message, self.help, self.word = message, help, word
        self.known, self.meant = tuple(known), meant
        """The names that the word may have been meant to be, or the one that it was."""


def unknown_name(name: str, owner: Mapping[str, Any] | None, known: list[str]) -> TemplateFailure:
    """What an undefined name raises."""
    if owner is None:
        return TemplateFailure(
            f"`{name}` is not in scope",
            _ELSEWHERE.get(name) or did_you_mean(name, known),
            name,
            known=() if name in _ELSEWHERE else known,
        )
    help = did_you_mean(name, known) or "give it a value under `vars` in cyberflow.yaml"
    return TemplateFailure(f"there is no `{name}` here", help, name, known=known)


def to_json_value(value: Any) -> Any:
    """Allow what JSON can say, and nothing else, out of a template."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode() if not value.isascii() else str(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise TemplateFailure("an expression gave a number that is too large", "JSON has no word for it")
    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(key): to_json_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_json_value(item) for item in value]
    str(value)  # an undefined name says here what it misses
    kind = "nothing" if value is None else f"a {type(value).__name__}"
    raise TemplateFailure(f"an expression gave {kind}", "it must give text, a number, a boolean, a list or a mapping")


def to_text(value: Any) -> str:
    """Write a value into a text: text as it is, everything else as JSON."""
    value = to_json_value(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
