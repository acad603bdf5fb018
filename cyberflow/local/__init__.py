"""The embedded platform: the Cyberdesk API on SQLite with a simulated agent, for laptops, tests and CI.

It knows nothing of projects and bundles; whoever speaks the API cannot tell it from the service.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cyberflow.local.embedded import Platform
    from cyberflow.local.faults import Plan as FaultPlan
    from cyberflow.local.faults import load as load_faults

__all__ = ["FaultPlan", "Platform", "load_faults"]

_HOMES = {"FaultPlan": ("faults", "Plan"), "Platform": ("embedded", "Platform"), "load_faults": ("faults", "load")}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _HOMES[name]
    return getattr(import_module(f"{__name__}.{module}"), attribute)
