"""The embedded platform: the Cyberdesk API on SQLite with a simulated agent, for laptops, tests and CI.

It knows nothing of projects and bundles; whoever speaks the API cannot tell it from the service.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cyberflow.local.embedded import Platform

__all__ = ["Platform"]


def __getattr__(name: str) -> Any:
    if name == "Platform":
        from cyberflow.local.embedded import Platform

        return Platform
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
