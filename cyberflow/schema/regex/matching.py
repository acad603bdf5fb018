"""Whether a text matches a pattern. The engine is loaded with the first one: most types have none."""

from __future__ import annotations


def matches(pattern: str, text: str) -> bool | None:
    """What `pattern.matches` says."""
    from cyberflow.schema.regex import pattern as engine

    return engine.matches(pattern, text)
