"""The files of the page, read once from the package, the routes that serve them, and everything that
`cyberflow dev` serves as one ASGI application.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from cyberflow.version import __version__
from cyberflow.web.guard import Guard

KEY: Final = "cyberflow-page"
TYPES: Final = {
    "css": "text/css; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
# Prompts are HTML that people wrote. The one Trusted Types policy hands it to a parser whose document is never shown.
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types prompt"
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


@dataclass(frozen=True, slots=True)
class PageFile:
    path: str
    content: bytes
    content_type: str

    @property
    def etag(self) -> str:
        return f'"{hashlib.sha256(self.content).hexdigest()[:32]}"'


def site(platform: ASGIApp, project: str | None = None, more: Sequence[Route] = (), *, key: str = KEY) -> ASGIApp:
    """Put the pages, and `more` of a project, in front of a platform: what is none of theirs is the platform's, its 404
    included.
    """
    return Guard(Starlette(routes=[*pages(project, key, has_project=bool(more)), *more, Mount("/", platform)]))


def pages(project: str | None = None, key: str = KEY, *, has_project: bool = False) -> list[Route]:
    """Routes for `/`, `/assets/…` and `/session.json`. `project` is the name that the page shows.

    They belong behind a `Guard`. A platform with an API key of its own refuses the key in `/session.json`; the page
    then asks for it, or takes it from the fragment of its address (`/#key=…`), which is sent to no server.
    """
    static = {file.path: file for file in _read_files(files("cyberflow.web") / "static", "")}
    index = static.pop("index.html")
    session = {"key": key, "project": project, "has_project": has_project, "version": __version__}

    async def send_session(_: Request) -> Response:
        return JSONResponse(session, headers=HEADERS | {"Cache-Control": "no-store"})

    return [
        Route("/", _make_handler(index)),
        Route("/session.json", send_session),
        *(Route(f"/assets/{path}", _make_handler(file)) for path, file in static.items()),
    ]


def _make_handler(file: PageFile) -> Callable[[Request], Awaitable[Response]]:
    headers = HEADERS | {"Cache-Control": "no-cache", "ETag": file.etag}

    async def respond(request: Request) -> Response:
        if request.headers.get("if-none-match") == file.etag:
            return Response(status_code=304, headers=headers)
        return Response(file.content, headers=headers | {"Content-Type": file.content_type})

    return respond


def _read_files(folder: Traversable, prefix: str) -> Iterator[PageFile]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        path = f"{prefix}{entry.name}"
        if entry.is_dir():
            yield from _read_files(entry, f"{path}/")
        elif (content_type := TYPES.get(entry.name.rpartition(".")[2])) is not None:
            yield PageFile(path, entry.read_bytes(), content_type)
