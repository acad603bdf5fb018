"""Idempotency keys: a repeat within 24 hours gets the stored answer. Only completed successes are stored, so that a
refused write may be mended and sent again under its key.

Scope: API key, method, path, key. A fingerprint of the body tells a repeat from a misuse; it covers the names of
secrets and never their values, so two bodies that differ in a secret's value alone are the same body.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cyberflow.emulator.contract.clock import stamp
from cyberflow.emulator.contract.errors import ApiResponse
from cyberflow.emulator.store.store import Store

KEY_LIFETIME = timedelta(hours=24)
LONG = 1 << 20

SECRET_MAPS = frozenset(
    {
        "sensitive_inputs",
        "sensitive_input_values",
        "shared_sensitive_inputs",
        "machine_sensitive_parameters",
        "pool_sensitive_parameters",
    }
)
SECRET_TEXTS = frozenset({"api_key", "service_account_json", "aws_access_key_id", "aws_secret_access_key"})
_MAX_DEPTH = 2


@dataclass(frozen=True, slots=True)
class StoredResponse:
    fingerprint: str
    response: ApiResponse


def scope(store: Store, api_key: str, method: str, target: str, key: str) -> str:
    """The row's name. The API key enters as 32 bits of a keyed hash: enough to tell callers apart, too little to
    say what it was.
    """
    caller = hmac.new(store.signing_key, api_key.encode(), hashlib.sha256).hexdigest()[:8]
    return f"{caller}\n{method}\n{target}\n{key}"


def fingerprint(body: Any) -> str:
    text = json.dumps(_shorten(_without_secret_values(body)), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _shorten(value: Any) -> Any:
    """The value with a digest in place of each long text."""
    if isinstance(value, str):
        return _digest(value) if len(value) > LONG else value
    if isinstance(value, Mapping):
        return {key: _shorten(item) for key, item in value.items()}
    return [_shorten(item) for item in value] if isinstance(value, list) else value


def _digest(text: str) -> str:
    """Stands for a text that is too long to be copied: a file, as a rule."""
    digest = hashlib.sha256()
    for at in range(0, len(text), LONG):
        digest.update(text[at : at + LONG].encode())
    return f"sha256:{digest.hexdigest()}:{len(text)}"


def _without_secret_values(body: Any, depth: int = 0) -> Any:
    """Blank secret values where the API has them: at the root and in the steps, not inside a user's own inputs."""
    if isinstance(body, list):
        return [_without_secret_values(item, depth) for item in body]
    if not isinstance(body, Mapping) or depth > _MAX_DEPTH:
        return body
    return {key: _blank_secret(key, value, depth) for key, value in body.items()}


def _blank_secret(key: str, value: Any, depth: int) -> Any:
    if key in SECRET_MAPS:
        return sorted(value) if isinstance(value, Mapping) else None
    if key in SECRET_TEXTS:
        return value is not None
    return _without_secret_values(value, depth + 1) if key == "steps" else value


def recall(store: Store, name: str, now: datetime) -> StoredResponse | None:
    row = store.connection.execute(
        "SELECT fingerprint, status, body FROM answers WHERE scope = ? AND at > ?", (name, stamp(now - KEY_LIFETIME))
    ).fetchone()
    if row is None:
        return None
    content = None if row[2] is None else bytes(row[2])
    return StoredResponse(row[0], ApiResponse(row[1], content=content, headers=(("Idempotency-Status", "replayed"),)))


def keep(store: Store, name: str, mark: str, now: datetime, answer: ApiResponse) -> None:
    store.connection.execute("DELETE FROM answers WHERE at <= ?", (stamp(now - KEY_LIFETIME),))
    store.connection.execute(
        "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?)",
        (name, mark, stamp(now), answer.status, answer.content),
    )
