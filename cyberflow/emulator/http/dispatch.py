"""Dispatch of a request: authentication, body, idempotency, one transaction, response. Endpoints themselves are plain
functions from an `ApiCall` to a JSON value.
"""

from __future__ import annotations

import hmac
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ValidationError
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from cyberflow.emulator.contract.clock import Clock
from cyberflow.emulator.contract.errors import ApiResponse, HttpError, InvalidRequest, envelope, violation
from cyberflow.emulator.engine import scheduler
from cyberflow.emulator.http import idempotency
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
    """Holds what all endpoints share: the store, the secrets, the clock, and the keys of the requests under way."""

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
        self.in_progress: set[str] = set()

    def handler_for(self, endpoint: Endpoint) -> Callable[[Request], Any]:
        async def respond(request: Request) -> Response:
            try:
                return _to_starlette(await self._respond(endpoint, request))
            except (HttpError, InvalidRequest) as error:
                return self.error_response(error)

        return respond

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
        """Perform a write with a key at most once, and never twice at a time."""
        key = request.headers.get("idempotency-key") if endpoint.writes else None
        if not key:
            return self.perform(endpoint, request, await read_body(endpoint, request), None)
        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        scope = idempotency.scope(self.store, caller, endpoint.method, target, key)
        if scope in self.in_progress:
            raise HttpError(
                409,
                "A request with this Idempotency-Key is still in progress",
                headers={"Idempotency-Status": "in_progress"},
            )
        self.in_progress.add(scope)
        try:
            return self.perform(endpoint, request, await read_body(endpoint, request), scope)
        finally:
            self.in_progress.discard(scope)

    def authenticate(self, request: Request) -> str:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not given.strip():
            raise HttpError(403, "Not authenticated")
        if self.api_key is not None and not hmac.compare_digest(given.strip().encode(), self.api_key.encode()):
            raise HttpError(401, "Invalid API key")
        return given.strip()

    def perform(self, endpoint: Endpoint, request: Request, body: Any, scope: str | None) -> ApiResponse:
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
                body,
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
        await request.body()
        return None
    if endpoint.body is MultipartFile:
        return await read_upload(request)
    raw = await request.body()
    if not raw.strip():
        if endpoint.optional_body:
            return None
        raise InvalidRequest([violation(["body"], "Field required", "missing")])
    try:
        return parse_body(endpoint.body, json.loads(raw))
    except ValueError:
        raise InvalidRequest([violation(["body", 0], "JSON decode error", "json_invalid")]) from None


def parse_body(model: type[Any], value: Any) -> Any:
    """Check a body; its violations carry places and reasons, never what was sent."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        raise InvalidRequest(
            [
                violation(["body", *item["loc"]], _drop_quoted_input(item["type"], item["msg"]), item["type"])
                for item in found
            ]
        ) from None


def _drop_quoted_input(type: str, message: str) -> str:
    """Pydantic's parsers quote a character or two of what they could not read: keep the part before."""
    return message.partition(",")[0] if type.endswith("_parsing") else message


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
