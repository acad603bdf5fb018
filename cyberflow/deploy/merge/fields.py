"""The fields of a workflow, three ways: whose each is to be, and the keys of a declaration that say it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from cyberflow.remote.canonical import FIELDS, PROMPT_FIELDS, canonicalize

Side = Literal["sources", "platform", "blocks", "conflict"]
KEYS: Mapping[str, tuple[str, ...]] = {
    "name": ("title",),
    "main_prompt": ("prompt",),
    "input_schema": ("inputs", "secrets", "schema"),
    "output_schema": ("outputs", "schema"),
    "includes_file_exports": ("exports",),
    "is_webhooks_enabled": ("webhooks",),
    "terminal_command_allowlist": ("terminal",),
    "model_metadata": ("models",),
    "post_run_check_failure_cleanup_prompt": ("on_check_failure",),
    "post_run_checks": ("checks",),
}
"""The keys that say a field."""


def choose_sides(base: Mapping[str, Any] | None, ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, Side]:
    """Say for each field that the platform has otherwise where it is to come from, fields in wire form. A prompt that
    both sides have is merged by its blocks. Without a base a difference is a conflict.
    """
    before = None if base is None else canonicalize(base)
    mine, other = canonicalize(ours), canonicalize(theirs)
    found: dict[str, Side] = {}
    for name in FIELDS:
        if mine.get(name) == other.get(name):
            continue
        if before is not None and before.get(name) == other.get(name):
            found[name] = "sources"
        elif name in PROMPT_FIELDS and mine.get(name) and other.get(name):
            found[name] = "blocks"
        elif before is not None and before.get(name) == mine.get(name):
            found[name] = "platform"
        else:
            found[name] = "conflict"
    return found
