"""The way in and out of every endpoint: key, body, idempotency, one transaction, answer. Endpoints themselves are
plain functions from a `Call` to a JSON value.
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
from cyberflow.emulator.contract.errors import Answer, Invalid, Refused, envelope, violation
from cyberflow.emulator.engine import scheduler
from cyberflow.emulator.engine.secret_store import Vault
from cyberflow.emulator.engine.store import Store, dump
from cyberflow.emulator.http import idempotency
from cyberflow.emulator.http.rate_limit import Buckets
from cyberflow.emulator.http.upload import Upload, read_upload

log = logging.getLogger("cyberflow.local")

SCRIPT_HEADER = "x-cyberflow-script"


@dataclass(frozen=True, slots=True)
class Call:
    """One authenticated request, its body already checked. `secrets` collects values to hold once it is committed."""

    store: Store
    vault: Vault
    now: datetime
    base_url: str
    params: Mapping[str, str]
    query: QueryParams
    body: Any
    script_id: str | None = None
    idempotency_key: str | None = None
    secrets: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def id(self, name: str) -> str:
        try:
            return str(UUID(self.params[name]))
        except ValueError:
            raise Invalid([violation(["path", name], "Input should be a valid UUID", "uuid_parsing")]) from None


Respond = Callable[[Call], Any]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A row of the routes table. `respond` gives the JSON body, or an `Answer` when it is something else."""

    method: str
    path: str
    respond: Respond
    status: int = 200
    body: type[BaseModel | Upload] | None = None
    optional_body: bool = False
    public: bool = False

    @property
    def writes(self) -> bool:
        return self.method != "GET"


class Gate:
    """Holds what all endpoints share: the store, the vault, the clock, and the keys of the requests under way."""

    def __init__(
        self, store: Store, vault: Vault, clock: Clock, api_key: str | None, buckets: Buckets | None = None
    ) -> None:
        self.store = store
        self.vault = vault
        self.clock = clock
        self.api_key = api_key
        self.buckets = buckets
        self.under_way: set[str] = set()

    def serve(self, endpoint: Endpoint) -> Callable[[Request], Any]:
        async def respond(request: Request) -> Response:
            try:
                return _response(await self._answer(endpoint, request))
            except (Refused, Invalid) as error:
                return self.refusal(error)

        return respond

    def refusal(self, error: Refused | Invalid) -> Response:
        headers = tuple(error.headers.items())
        if isinstance(error, Invalid):
            return respond_json(422, {"detail": error.violations}, headers)
        return respond_json(error.status, envelope(error.status, error.message, self.clock()), headers)

    async def _answer(self, endpoint: Endpoint, request: Request) -> Answer:
        if endpoint.public:
            return await self.once(endpoint, request, "")
        caller = self.caller(request)
        limits = self.buckets.take(caller, self.clock()) if self.buckets else ()
        try:
            answer = await self.once(endpoint, request, caller)
        except (Refused, Invalid) as refused:
            refused.headers |= dict(limits)
            raise
        return replace(answer, headers=(*answer.headers, *limits)) if limits else answer

    async def once(self, endpoint: Endpoint, request: Request, caller: str) -> Answer:
        """Perform a write with a key at most once, and never twice at a time."""
        key = request.headers.get("idempotency-key") if endpoint.writes else None
        if not key:
            return self.perform(endpoint, request, await read_body(endpoint, request), None)
        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        scope = idempotency.scope(self.store, caller, endpoint.method, target, key)
        if scope in self.under_way:
            raise Refused(
                409,
                "A request with this Idempotency-Key is still in progress",
                headers={"Idempotency-Status": "in_progress"},
            )
        self.under_way.add(scope)
        try:
            return self.perform(endpoint, request, await read_body(endpoint, request), scope)
        finally:
            self.under_way.discard(scope)

    def caller(self, request: Request) -> str:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not given.strip():
            raise Refused(403, "Not authenticated")
        if self.api_key is not None and not hmac.compare_digest(given.strip().encode(), self.api_key.encode()):
            raise Refused(401, "Invalid API key")
        return given.strip()

    def perform(self, endpoint: Endpoint, request: Request, body: Any, scope: str | None) -> Answer:
        with self.store.lock:
            now = self.clock()
            scheduler.advance(self.store, self.vault, now)
            call = Call(
                self.store,
                self.vault,
                now,
                str(request.base_url).rstrip("/"),
                request.path_params,
                request.query_params,
                body,
                script_id=request.headers.get(SCRIPT_HEADER),
                idempotency_key=request.headers.get("idempotency-key"),
            )
            return self._write(endpoint, call, scope) if endpoint.writes else _finish(endpoint, endpoint.respond(call))

    def _write(self, endpoint: Endpoint, call: Call, scope: str | None) -> Answer:
        mark = idempotency.fingerprint(_plain(call.body)) if scope else ""
        if scope and (stored := idempotency.recall(self.store, scope, call.now)):
            if stored.fingerprint != mark:
                message = "This Idempotency-Key was used with another request body"
                raise Invalid([violation(["header", "Idempotency-Key"], message, "idempotency_key_reused")])
            return stored.answer
        before: dict[str, Mapping[str, Any]] = {}
        try:
            with self.store.transaction():
                answer = _finish(endpoint, endpoint.respond(call))
                for owner, values in call.secrets.items():
                    before[owner] = self.vault.values(owner)
                    self.vault.put(owner, values)
                if scope:
                    idempotency.keep(self.store, scope, mark, call.now, answer)
                scheduler.dispatch(self.store, self.vault, call.now)
        except BaseException:
            for owner, values in before.items():
                self.vault.put(owner, values)
            raise
        return answer


def _plain(body: Any) -> Any:
    if isinstance(body, BaseModel):
        return body.model_dump(mode="json", exclude_unset=True)
    return body.summary() if isinstance(body, Upload) else None


async def read_body(endpoint: Endpoint, request: Request) -> Any:
    if endpoint.body is None:
        await request.body()
        return None
    if endpoint.body is Upload:
        return await read_upload(request)
    raw = await request.body()
    if not raw.strip():
        if endpoint.optional_body:
            return None
        raise Invalid([violation(["body"], "Field required", "missing")])
    try:
        return parse(endpoint.body, json.loads(raw))
    except ValueError:
        raise Invalid([violation(["body", 0], "JSON decode error", "json_invalid")]) from None


def parse(model: type[Any], value: Any) -> Any:
    """Check a body; its violations carry places and reasons, never what was sent."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        raise Invalid(
            [violation(["body", *item["loc"]], _unquoted(item["type"], item["msg"]), item["type"]) for item in found]
        ) from None


def _unquoted(type: str, message: str) -> str:
    """Pydantic's parsers quote a character or two of what they could not read: keep the part before."""
    return message.partition(",")[0] if type.endswith("_parsing") else message


def _finish(endpoint: Endpoint, body: Any) -> Answer:
    if isinstance(body, Answer):
        return body
    if endpoint.status == 204:  # noqa: PLR2004
        return Answer(204)
    return _json(endpoint.status, body)


def _json(status: int, body: Any, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    return Answer(status, content=dump(body).encode(), headers=headers)


def respond_json(status: int, body: Any, headers: tuple[tuple[str, str], ...] = ()) -> Response:
    return _response(_json(status, body, headers))


def _response(answer: Answer) -> Response:
    headers = dict(answer.headers)
    if answer.content is None:
        return Response(status_code=answer.status, headers=headers)
    return Response(answer.content, answer.status, headers, answer.content_type)
