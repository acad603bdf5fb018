"""The addresses below `/project`: what the page reads of a project, and the few things that it may start."""

from __future__ import annotations

import asyncio
import hmac
import json
import os
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from cyberflow.emulator.platform import Platform
from cyberflow.errors import ConflictError, CyberflowError, UsageError
from cyberflow.language.project.load import read_project
from cyberflow.sdk.operations import plan
from cyberflow.sdk.pipelines.signals import signal
from cyberflow.sdk.project import ProjectErrors
from cyberflow.sdk.runs.origins import ledger_paths
from cyberflow.web.project.events import Changes
from cyberflow.web.project.ledgers import find_ledger, list_ledgers, session_names, show_ledger
from cyberflow.web.project.reader import ProjectReader
from cyberflow.web.project.starts import RunForm, start_run
from cyberflow.web.project.tests import run_tests
from cyberflow.web.routes import KEY, site

F = TypeVar("F", bound=BaseModel)
Work = Callable[[Request, bytes], Any]
NO_STORE = {"Cache-Control": "no-store"}


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
    views = _Views(root, state, ProjectReader(root))
    slow = {"project": lambda: id(views.reader.state()), "ledgers": lambda: _stamps(state)}
    changes = Changes({"platform": revision}, slow, is_over)

    async def send_events(request: Request) -> Response:
        if not _has_token(request, token):
            return _refuse("Invalid API key", 401)
        return StreamingResponse(changes.stream(), headers=NO_STORE, media_type="text/event-stream")

    return [
        Route("/project/events", send_events),
        *(Route(f"/project/{path}", _respond_with(work, token)) for path, work in views.reads().items()),
        *(
            Route(f"/project/{path}", _respond_with(work, token), methods=["POST"])
            for path, work in views.writes().items()
        ),
    ]


def _respond_with(work: Work, token: str) -> Callable[[Request], Awaitable[Response]]:
    async def respond(request: Request) -> Response:
        if not _has_token(request, token):
            return _refuse("Invalid API key", 401)
        content = await request.body()
        try:
            return JSONResponse(await asyncio.to_thread(work, request, content), headers=NO_STORE)
        except CyberflowError as error:
            return _refuse(error.message, _status_of(error), error.help)

    return respond


def _has_token(request: Request, token: str) -> bool:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode())


def _refuse(message: str, status: int, help: str | None = None) -> JSONResponse:
    return JSONResponse({"message": message, "help": help}, status, NO_STORE)


def _status_of(error: CyberflowError) -> int:
    if isinstance(error, NotThere):
        return 404
    if isinstance(error, ProjectErrors | ConflictError):
        return 409
    return 400 if isinstance(error, UsageError) else 502


@dataclass(frozen=True)
class _Views:
    """What each address gives, from the request and its body."""

    root: Path
    state: Path
    reader: ProjectReader

    def reads(self) -> dict[str, Work]:
        return {
            "overview.json": lambda _request, _body: self.reader.overview(),
            "findings.json": lambda _request, _body: self.reader.findings(),
            "sessions.json": lambda _request, _body: session_names(self.state),
            "drawings/{name}": self.drawing,
            "plan.json": lambda request, _: plan(self.root, target=request.query_params.get("target")).to_json(),
            "ledgers.json": lambda _request, _body: list_ledgers(self.state),
            "ledgers/{name}": lambda request, _: show_ledger(self.ledger(request), request.path_params["name"]),
        }

    def writes(self) -> dict[str, Work]:
        return {
            "ledgers/{name}/answers": self.answer,
            "tests": lambda _request, _body: run_tests(self.root),
            "runs": lambda _, body: start_run(self.root, _read_form(RunForm, body)),
        }

    def drawing(self, request: Request, _body: bytes) -> dict[str, str]:
        svg = self.reader.drawing(request.path_params["name"])
        if svg is None:
            raise NotThere("the project declares no such name")
        return {"svg": svg}

    def ledger(self, request: Request) -> Path:
        path = find_ledger(self.state, request.path_params["name"])
        if path is None:
            raise NotThere("the project has no such ledger")
        return path

    def answer(self, request: Request, body: bytes) -> dict[str, Any]:
        form = _read_form(AnswerForm, body)
        return {"id": signal(self.ledger(request), form.step, document=form.outputs).id}


class AnswerForm(BaseModel):
    """What somebody says to a wait: its step, and a value for each of its outputs."""

    step: str
    outputs: dict[str, Any] = Field(default_factory=dict)


def _read_form(shape: type[F], body: bytes) -> F:
    try:
        return shape.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise UsageError(f"the form is not one: {where}: {first['msg']}") from None


def _stamps(state: Path) -> str:
    files = [file for path in ledger_paths(state).values() for file in (path, path.with_name(f"{path.name}-wal"))]
    return json.dumps([(str(file), stat.st_mtime_ns, stat.st_size) for file in files if (stat := _stat(file))])


def _stat(file: Path) -> os.stat_result | None:
    try:
        return file.stat()
    except OSError:
        return None
