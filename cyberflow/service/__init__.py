"""The client of Cyberdesk: the wire, and nothing but the wire. What a project means is decided elsewhere.

Everything is loaded when it is first asked for: naming an error costs neither httpx nor pydantic.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cyberflow.service.cyberdesk import Cyberdesk
    from cyberflow.service.failures import ApiError, RateLimited, Unreachable, Violation
    from cyberflow.service.retry import Retry
    from cyberflow.service.transport import Transport

__all__ = ["ApiError", "Cyberdesk", "RateLimited", "Retry", "Transport", "Unreachable", "Violation"]

_HOMES = {
    "ApiError": "failures",
    "Cyberdesk": "cyberdesk",
    "RateLimited": "failures",
    "Retry": "retry",
    "Transport": "transport",
    "Unreachable": "failures",
    "Violation": "failures",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
