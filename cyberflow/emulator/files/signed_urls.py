"""Signed URLs: temporary permission to read one stored object without a key, bound to its bucket and path (which
hold the organisation, and for screenshots the run) by a secret of the database.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import datetime, timedelta
from urllib.parse import quote

from cyberflow.emulator.contract.errors import HttpError
from cyberflow.emulator.store.store import Store

SCHEME = "supabase://"
PREFIX = "/storage/v1/object/sign"


def sign(store: Store, base_url: str, place: str, expires: datetime) -> str:
    """An absolute URL for `bucket/path`."""
    claims = json.dumps({"url": place, "exp": expires.timestamp()}, sort_keys=True).encode()
    token = f"{_base64_encode(claims)}.{_base64_encode(_mac(store, claims))}"
    return f"{base_url}{PREFIX}/{quote(place)}?token={token}"


def sign_for_seconds(store: Store, base_url: str, place: str, now: datetime, seconds: int) -> str:
    return sign(store, base_url, place, now + timedelta(seconds=seconds))


def verify(store: Store, place: str, token: str, now: datetime) -> None:
    """Refuse a token that is not ours, is for another object, or whose time is over."""
    head, _, tail = token.partition(".")
    try:
        claims = _base64_decode(head)
        genuine = hmac.compare_digest(_base64_decode(tail), _mac(store, claims))
    except ValueError:
        genuine = False
    if not genuine:
        raise HttpError(400, "Invalid signature")
    found = json.loads(claims)
    if found["url"] != place:
        raise HttpError(400, "The signature is for another object")
    if now.timestamp() >= found["exp"]:
        raise HttpError(400, "The signed URL has expired")


def _mac(store: Store, claims: bytes) -> bytes:
    return hmac.new(store.signing_key, claims, hashlib.sha256).digest()


def _base64_encode(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _base64_decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
