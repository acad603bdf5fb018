"""The clients of Cyberdesk and Cyberun: the wire, and nothing but the wire. What a project means is decided elsewhere.

Everything is loaded when it is first asked for: naming an error costs neither httpx nor pydantic.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cyberflow.service.blocking import Blocking
    from cyberflow.service.cyberdesk import Cyberdesk
    from cyberflow.service.cyberun import Cyberun
    from cyberflow.service.cyberun_files import Outputs
    from cyberflow.service.failures import ApiError, RateLimited, Unreachable, Violation
    from cyberflow.service.retry import Retry
    from cyberflow.service.transport import Transport
    from cyberflow.service.waiting import StillLive

__all__ = [
    "ApiError",
    "Blocking",
    "Cyberdesk",
    "Cyberun",
    "Outputs",
    "RateLimited",
    "Retry",
    "StillLive",
    "Transport",
    "Unreachable",
    "Violation",
]

_HOMES = {
    "ApiError": "failures",
    "Blocking": "blocking",
    "Cyberdesk": "cyberdesk",
    "Cyberun": "cyberun",
    "Outputs": "cyberun_files",
    "RateLimited": "failures",
    "Retry": "retry",
    "StillLive": "waiting",
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
