"""Dispatch of a request: authentication, body, idempotency, one transaction, response. Endpoints themselves are plain
functions from an `ApiCall` to a JSON value.
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from cyberflow.emulator.contract.clock import Clock
from cyberflow.emulator.contract.errors import ApiResponse, HttpError, InvalidRequest, envelope, violation
from cyberflow.emulator.engine import scheduler
from cyberflow.emulator.http import body, idempotency
from cyberflow.emulator.http.rate_limit import RateLimiter
from cyberflow.emulator.http.upload import MultipartFile, read_upload
from cyberflow.emulator.store.secret_store import SecretStore
from cyberflow.emulator.store.store import Store, dump

log = logging.getLogger("cyberflow.local")

SCRIPT_HEADER = "x-cyberflow-script"


@dataclass(frozen=True, slots=True)
class ApiCall:
    """One authenticated request, its body checked; `pending_secrets` are values to hold once it is committed."""

    store: Store
    secret_store: SecretStore
    now: datetime
    base_url: str
    params: Mapping[str, str]
    query: QueryParams
    body: Any
    script_id: str | None = None
    idempotency_key: str | None = None
    pending_secrets: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def path_id(self, name: str) -> str:
        try:
            return str(UUID(self.params[name]))
        except ValueError:
            raise InvalidRequest([violation(["path", name], "Input should be a valid UUID", "uuid_parsing")]) from None


Respond = Callable[[ApiCall], Any]
Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A row of the routes table. `respond` gives the JSON body, or an `ApiResponse` when it is something else."""

    method: str
    path: str
    respond: Respond
    status: int = 200
    body: type[BaseModel | MultipartFile] | None = None
    optional_body: bool = False
    public: bool = False

    @property
    def writes(self) -> bool:
        return self.method != "GET"


class Dispatcher:
    """Holds what all endpoints share: the store, the secrets, and the clock."""

    def __init__(
        self,
        store: Store,
        secret_store: SecretStore,
        clock: Clock,
        api_key: str | None,
        buckets: RateLimiter | None = None,
    ) -> None:
        self.store = store
        self.secret_store = secret_store
        self.clock = clock
        self.api_key = api_key
        self.rate_limiter = buckets

    def handler_for(self, endpoint: Endpoint) -> Handler:
        async def respond(request: Request) -> Response:
            return _to_starlette(await self._respond(endpoint, request))

        return self.guard(respond)

    def guard(self, respond: Handler) -> Handler:
        """A handler whose refusals are answers. Trouble with the platform's file is 507 and one line in the log."""

        async def respond_always(request: Request) -> Response:
            try:
                return await respond(request)
            except (HttpError, InvalidRequest) as error:
                return self.error_response(error)
            except Exception as error:
                trouble = self.store.explain(error)
                if trouble is None:
                    raise
                log.error("%s", trouble)  # noqa: TRY400 - a line, not a traceback: it is the disk
                told = f"{trouble}. {trouble.help}" if trouble.help else str(trouble)
                return self.error_response(HttpError(507, told))

        return respond_always

    def error_response(self, error: HttpError | InvalidRequest) -> Response:
        headers = tuple(error.headers.items())
        if isinstance(error, InvalidRequest):
            return respond_json(422, {"detail": error.violations}, headers)
        return respond_json(error.status, envelope(error.status, error.message, self.clock()), headers)

    async def _respond(self, endpoint: Endpoint, request: Request) -> ApiResponse:
        if endpoint.public:
            return await self.perform_once(endpoint, request, "")
        caller = self.authenticate(request)
        limits = self.rate_limiter.take(caller, self.clock()) if self.rate_limiter else ()
        try:
            answer = await self.perform_once(endpoint, request, caller)
        except (HttpError, InvalidRequest) as refused:
            refused.headers |= dict(limits)
            raise
        return replace(answer, headers=(*answer.headers, *limits)) if limits else answer

    async def perform_once(self, endpoint: Endpoint, request: Request, caller: str) -> ApiResponse:
        """Perform a write with a key at most once. The key counts from when the body is whole, and then nothing is
        waited for: there is no time in which a second request could meet a first one half done.
        """
        content = await read_body(endpoint, request)
        key = request.headers.get("idempotency-key") if endpoint.writes else None
        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        scope = idempotency.scope(self.store, caller, endpoint.method, target, key) if key else None
        return self.perform(endpoint, request, content, scope)

    def authenticate(self, request: Request) -> str:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not given.strip():
            raise HttpError(403, "Not authenticated")
        if self.api_key is not None and not hmac.compare_digest(given.strip().encode(), self.api_key.encode()):
            raise HttpError(401, "Invalid API key")
        return given.strip()

    def perform(self, endpoint: Endpoint, request: Request, content: Any, scope: str | None) -> ApiResponse:
        with self.store.lock:
            now = self.clock()
            scheduler.advance(self.store, self.secret_store, now)
            call = ApiCall(
                self.store,
                self.secret_store,
                now,
                str(request.base_url).rstrip("/"),
                request.path_params,
                request.query_params,
                content,
                script_id=request.headers.get(SCRIPT_HEADER),
                idempotency_key=request.headers.get("idempotency-key"),
            )
            return (
                self._write(endpoint, call, scope)
                if endpoint.writes
                else _to_api_response(endpoint, endpoint.respond(call))
            )

    def _write(self, endpoint: Endpoint, call: ApiCall, scope: str | None) -> ApiResponse:
        mark = idempotency.fingerprint(_body_to_json(call.body)) if scope else ""
        if scope and (stored := idempotency.recall(self.store, scope, call.now)):
            if stored.fingerprint != mark:
                message = "This Idempotency-Key was used with another request body"
                raise InvalidRequest([violation(["header", "Idempotency-Key"], message, "idempotency_key_reused")])
            return stored.response
        before: dict[str, Mapping[str, Any]] = {}
        try:
            with self.store.transaction():
                answer = _to_api_response(endpoint, endpoint.respond(call))
                for owner, values in call.pending_secrets.items():
                    before[owner] = self.secret_store.values(owner)
                    self.secret_store.put(owner, values)
                if scope:
                    idempotency.keep(self.store, scope, mark, call.now, answer)
                scheduler.dispatch(self.store, self.secret_store, call.now)
        except BaseException:
            for owner, values in before.items():
                self.secret_store.put(owner, values)
            raise
        return answer


def _body_to_json(body: Any) -> Any:
    if isinstance(body, BaseModel):
        return body.model_dump(mode="json", exclude_unset=True)
    return body.summary() if isinstance(body, MultipartFile) else None


async def read_body(endpoint: Endpoint, request: Request) -> Any:
    if endpoint.body is None:
        await body.read_whole(request)
        return None
    if endpoint.body is MultipartFile:
        return await read_upload(request)
    value = await body.read_json(request, optional=endpoint.optional_body)
    return None if value is None and endpoint.optional_body else body.validate(endpoint.body, value)


def _to_api_response(endpoint: Endpoint, body: Any) -> ApiResponse:
    if isinstance(body, ApiResponse):
        return body
    if endpoint.status == 204:  # noqa: PLR2004
        return ApiResponse(204)
    return _json_api_response(endpoint.status, body)


def _json_api_response(status: int, body: Any, headers: tuple[tuple[str, str], ...] = ()) -> ApiResponse:
    return ApiResponse(status, content=dump(body).encode(), headers=headers)


def respond_json(status: int, body: Any, headers: tuple[tuple[str, str], ...] = ()) -> Response:
    return _to_starlette(_json_api_response(status, body, headers))


def _to_starlette(answer: ApiResponse) -> Response:
    headers = dict(answer.headers)
    if answer.content is None:
        return Response(status_code=answer.status, headers=headers)
    return Response(answer.content, answer.status, headers, answer.content_type)
