"""Who may talk to a server on the loopback address: programs of this computer and our own pages, no other site.

A browser sends requests to 127.0.0.1 for any site that it shows. The local platform takes any key, so what tells
such a request from ours is its Host (DNS rebinding), its Origin, and what the browser says of where it began.
"""

from __future__ import annotations

import re
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_LOOPBACK: Final = re.compile(r"(?:127\.0\.0\.1|localhost|\[::1\])(?::\d{1,5})?", re.ASCII | re.IGNORECASE)
_OURS: Final = frozenset({"same-origin", "none"})

# A document that the platform serves, an attachment say, is nobody's page: it runs nothing and reads nothing.
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Guard:
    """An ASGI application around another. It refuses foreign requests, 421 or 403, before they reach the other, and
    adds `HEADERS` to each answer that does not set them itself.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        refused = _refusal(scope)
        await (refused or self.app)(scope, receive, send_with_headers)


def _refusal(scope: Scope) -> JSONResponse | None:
    headers = Headers(scope=scope)
    hosts = headers.getlist("host")
    if len(hosts) != 1 or not _LOOPBACK.fullmatch(hosts[0]):
        return _error_response(421, "This server answers to 127.0.0.1 and localhost only")
    own = f"{scope['scheme']}://{hosts[0]}".lower()
    if any(origin.lower() != own for origin in headers.getlist("origin")):
        return _error_response(403, "Requests of other sites are refused")
    if headers.get("sec-fetch-site", "none") not in _OURS and not _is_visit(scope, headers):
        return _error_response(403, "Requests of other sites are refused")
    return None


def _is_visit(scope: Scope, headers: Headers) -> bool:
    """A link on some site that was followed to one of our pages: it reads nothing for that site."""
    mode, place = headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest")
    return scope.get("method") == "GET" and mode == "navigate" and place == "document"


def _error_response(status: int, message: str) -> JSONResponse:
    """The envelope of the API, so that its clients can read the refusal too."""
    body = {"error": "HTTPException", "message": message, "error_code": None, "details": None, "timestamp": None}
    return JSONResponse(body, status)
