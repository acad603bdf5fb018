"""Redirects: where one leads, and whether it may be followed.

The key stays at its origin, a write stays the write it is. A signed address may lead to another host to be read there,
never from TLS to plain text; what is uploaded goes nowhere else.
"""

from __future__ import annotations

import httpx

from cyberflow.client.http.network import SCHEMES
from cyberflow.client.http.request import Reply, Request
from cyberflow.loopback import is_loopback

MOVED = frozenset({301, 302, 303, 307, 308})
SAME_METHOD = frozenset({307, 308})


LOCATION = "x-location"
"""Where the header goes that httpx would read though nobody asked it to follow, and stumble over."""


async def set_location_aside(response: httpx.Response) -> None:
    """Keep a redirect from httpx: a hook for its responses."""
    if "location" in response.headers:
        response.headers[LOCATION] = response.headers.pop("location")


def is_redirect(reply: Reply) -> bool:
    return reply.status in MOVED and LOCATION in reply.headers


def find_redirect(request: Request, url: httpx.URL, reply: Reply) -> tuple[httpx.URL, str | None]:
    """Where the answer of `url` sends a request, and why it is not to be followed, if it is not."""
    try:
        onward = url.join(reply.headers[LOCATION])
        onward.host.encode("idna")
    except (httpx.InvalidURL, ValueError):
        onward = httpx.URL()
    why = _why_not(request, url, onward, reply.status)
    where = f"{onward.scheme}://{onward.netloc.decode().rpartition('@')[2]}" if onward.host else "nowhere"
    return onward, why and f"to {where}, which is not followed: {why}"


def _why_not(request: Request, url: httpx.URL, onward: httpx.URL, status: int) -> str | None:
    if (onward.scheme, onward.host, onward.port) == (url.scheme, url.host, url.port):
        turned = request.method != "GET" and status not in SAME_METHOD
        return f"it would make a read of this {request.method}" if turned else None
    if not request.keyless:
        return "the key stays at its origin"
    if request.method != "GET":
        return "what is uploaded goes to the address it was meant for"
    if is_loopback(onward.host) and not is_loopback(url.host):
        return "it leads back to this machine"
    if onward.scheme not in SCHEMES or (onward.scheme == "http" and not is_loopback(onward.host)):
        return "what it gives would come in clear text"
    return None
