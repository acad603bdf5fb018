"""Everything that `cyberflow dev` serves, as one ASGI application: our pages, and behind them the platforms."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp

from cyberflow.web.guard import Guard
from cyberflow.web.pages import pages


def site(platform: ASGIApp, project: str | None = None) -> ASGIApp:
    """Put the pages in front of a platform: what is none of theirs is the platform's, its 404 included."""
    return Guard(Starlette(routes=[*pages(project), Mount("/", platform)]))
