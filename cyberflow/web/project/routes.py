"""The addresses below `/project`: what the page reads of a project, and the few things that it may start."""

from __future__ import annotations

import asyncio
import hmac
import json
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from cyberflow.emulator.platform import Platform
from cyberflow.errors import CyberflowError, UsageError
from cyberflow.language.project.load import read_project
from cyberflow.sdk.operations import plan
from cyberflow.sdk.project import ProjectErrors
from cyberflow.web.project.events import Changes
from cyberflow.web.project.ledgers import FOLDER, list_ledgers, session_names, show_ledger
from cyberflow.web.project.reader import ProjectReader
from cyberflow.web.project.starts import RunForm, start_run
from cyberflow.web.routes import KEY, site

Work = Callable[[Request, bytes], Any]
NO_STORE = {"Cache-Control": "no-store"}
LARGEST_FORM = 10_000_000


class NotThere(CyberflowError):
    """Nothing in the project has that name."""


def dev_site(platform: Platform, state: Path | None, key: str | None) -> ASGIApp:
    """All that `cyberflow dev` serves; `state` is the `.cyberflow` of its project, where there is one. A platform that
    takes any key still wants one of this start for what is the project's; the page hears it.
    """
    if state is None:
        return site(platform.app)
    token = key or secrets.token_urlsafe(24)
    routes = project_routes(state.parent, state, token, platform.revision, lambda: platform.is_closing)
    name = read_project(state.parent).settings.project
    return site(platform.app, name, routes, key=KEY if key else token)


def project_routes(
    root: Path, state: Path, token: str, revision: Callable[[], int], is_over: Callable[[], bool]
) -> list[Route]:
    """Routes that want `token` as their bearer. `state` is the project's `.cyberflow`; `revision` is a number of the
    platform that grows with every change.
    """
    reader = ProjectReader(root)
    changes = Changes(
        {"platform": revision}, {"project": lambda: id(reader.state()), "ledgers": lambda: _stamps(state)}, is_over
    )

    def answer(work: Work) -> Callable[[Request], Awaitable[Response]]:
        async def respond(request: Request) -> Response:
            if not _has_token(request, token):
                return JSONResponse({"message": "Invalid API key"}, 401, NO_STORE)
            content = await request.body()
            try:
                return JSONResponse(await asyncio.to_thread(work, request, content), headers=NO_STORE)
            except CyberflowError as error:
                body = {"message": error.message, "help": error.help}
                return JSONResponse(body, _status_of(error), NO_STORE)

        return respond

    async def send_events(request: Request) -> Response:
        if not _has_token(request, token):
            return JSONResponse({"message": "Invalid API key"}, 401, NO_STORE)
        return StreamingResponse(changes.stream(), headers=NO_STORE, media_type="text/event-stream")

    return [
        Route("/project/events", send_events),
        Route("/project/overview.json", answer(lambda _request, _body: reader.overview())),
        Route("/project/findings.json", answer(lambda _request, _body: reader.findings())),
        Route("/project/sessions.json", answer(lambda _request, _body: session_names(state))),
        Route("/project/drawings/{name}", answer(lambda request, _body: _drawing(reader, request))),
        Route("/project/plan.json", answer(lambda request, _body: _plan(root, request))),
        Route("/project/ledgers.json", answer(lambda _request, _body: list_ledgers(state))),
        Route("/project/ledgers/{name}", answer(lambda request, _body: _ledger(state, request))),
        Route("/project/runs", answer(lambda _request, body: start_run(root, _read_form(body))), methods=["POST"]),
    ]


def _has_token(request: Request, token: str) -> bool:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode())


def _status_of(error: CyberflowError) -> int:
    if isinstance(error, NotThere):
        return 404
    return 409 if isinstance(error, ProjectErrors) else 400 if isinstance(error, UsageError) else 502


def _drawing(reader: ProjectReader, request: Request) -> dict[str, str]:
    svg = reader.drawing(request.path_params["name"])
    if svg is None:
        raise NotThere("the project declares no such name")
    return {"svg": svg}


def _plan(root: Path, request: Request) -> dict[str, Any]:
    return plan(root, target=request.query_params.get("target")).to_json()


def _ledger(state: Path, request: Request) -> dict[str, Any]:
    found = show_ledger(state, request.path_params["name"])
    if found is None:
        raise NotThere("the project has no such ledger")
    return found


def _read_form(body: bytes) -> RunForm:
    try:
        return RunForm.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise UsageError(f"the form is not one: {where}: {first['msg']}") from None


def _stamps(state: Path) -> str:
    files = sorted((state / FOLDER).glob("*.db*"))
    return json.dumps([(file.name, stat.st_mtime_ns, stat.st_size) for file in files if (stat := file.stat())])
