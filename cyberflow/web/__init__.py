"""The web page of `cyberflow dev`: runs, workflows and machines of the local platform, in a browser on this computer.

It holds no state and no secret; everything it shows comes from the REST API beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cyberflow.web.guard import Guard
    from cyberflow.web.routes import pages, site

__all__ = ["Guard", "pages", "site"]


def __getattr__(name: str) -> Any:
    if name == "Guard":
        from cyberflow.web.guard import Guard

        return Guard
    if name in {"pages", "site"}:
        from cyberflow.web import routes

        return getattr(routes, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
