"""What is there: whose each workflow of an account is, what it says in canonical form, and what it should say. It reads
and compares; writing is `deploy`'s.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cyberflow.remote.canonical import (
        CHECK_FIELDS,
        FIELDS,
        MODEL_FIELDS,
        canonical,
        changed,
        field_hash,
        wire_fields,
    )
    from cyberflow.remote.desired import Desired, desire, images_of, with_images
    from cyberflow.remote.html import html_lines
    from cyberflow.remote.identity import NEW, PREFIX, Holding, Marker, Owner, Standing, holdings, standing, unmarked
    from cyberflow.remote.snapshot import Snapshot, every_workflow, snapshot

_HOMES = {
    "CHECK_FIELDS": "canonical",
    "FIELDS": "canonical",
    "MODEL_FIELDS": "canonical",
    "canonical": "canonical",
    "changed": "canonical",
    "field_hash": "canonical",
    "wire_fields": "canonical",
    "Desired": "desired",
    "desire": "desired",
    "images_of": "desired",
    "with_images": "desired",
    "html_lines": "html",
    "NEW": "identity",
    "PREFIX": "identity",
    "Holding": "identity",
    "Marker": "identity",
    "Owner": "identity",
    "Standing": "identity",
    "holdings": "identity",
    "standing": "identity",
    "unmarked": "identity",
    "Snapshot": "snapshot",
    "every_workflow": "snapshot",
    "snapshot": "snapshot",
}

__all__ = [
    "CHECK_FIELDS",
    "FIELDS",
    "MODEL_FIELDS",
    "NEW",
    "PREFIX",
    "Desired",
    "Holding",
    "Marker",
    "Owner",
    "Snapshot",
    "Standing",
    "canonical",
    "changed",
    "desire",
    "every_workflow",
    "field_hash",
    "holdings",
    "html_lines",
    "images_of",
    "snapshot",
    "standing",
    "unmarked",
    "wire_fields",
    "with_images",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
