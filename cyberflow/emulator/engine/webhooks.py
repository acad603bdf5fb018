"""Webhook events: what they hold, who gets them, and how a delivery is signed, the way Svix does it. An event is
written down in the transaction that it tells of, so none is lost and none is sent of what was rolled back.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from cyberflow.emulator.contract.clock import stamp
from cyberflow.emulator.store import runs
from cyberflow.emulator.store.runs import RunRow
from cyberflow.emulator.store.store import Document, Store, dump, new_id
from cyberflow.errors import UsageError

SETTING_ID = "webhooks"
PREFIX = "whsec_"
RETRY_DELAYS = tuple(timedelta(seconds=s) for s in (5, 300, 1800, 7200, 18000, 36000, 36000))
"""The waits between the tries of one delivery, as Svix has them; after the last it is given up."""


def require_endpoint(url: str, secret: str | None) -> None:
    """Raises UsageError for what is not an endpoint, or not a signing secret."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise UsageError(f"`{url}` is not a webhook endpoint: it must begin with http:// or https:// and name a host")
    if secret is None:
        return
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except ValueError:
        key = b""
    if not secret.startswith(PREFIX) or not key:
        raise UsageError(f"a webhook's secret is `{PREFIX}` and base64 behind it")


def subscribe(store: Store, urls: Sequence[str]) -> None:
    """From now on these endpoints get the events; what is still due to others is dropped."""
    found = store.find("setting", SETTING_ID)
    with store.transaction():
        setting: Document = {"id": SETTING_ID, "endpoints": list(dict.fromkeys(urls))}
        if found is None:
            store.add("setting", setting)
        else:
            store.replace("setting", setting)
        for delivery in store.every("delivery"):
            if delivery["endpoint"] not in urls:
                store.remove("delivery", delivery["id"])


def signing_secret_of(store: Store, url: str) -> str:
    """The endpoint's signing secret: of this database and this url, so that it outlives a restart."""
    return PREFIX + base64.b64encode(hmac.new(store.signing_key, url.encode(), hashlib.sha256).digest()[:24]).decode()


def delivery_headers(secret: str, message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The headers of one delivery. The signature covers id, time and the very bytes of the body."""
    time = str(int(at.timestamp()))
    key = base64.b64decode(secret.removeprefix(PREFIX))
    mac = hmac.new(key, f"{message_id}.{time}.".encode() + body, hashlib.sha256).digest()
    return {
        "Content-Type": "application/json",
        "svix-id": message_id,
        "svix-timestamp": time,
        "svix-signature": f"v1,{base64.b64encode(mac).decode()}",
    }


def announce_run_end(store: Store, run: RunRow, at: datetime) -> None:
    """`run_complete`, if somebody listens and the workflow wants it. The message history is left out."""
    endpoints = _endpoints(store)
    if not endpoints:
        return
    workflow = store.find("workflow", run.workflow_id)
    if workflow is not None and workflow["is_webhooks_enabled"]:
        _queue_event(
            store, endpoints, "run_complete", {"run": runs.public_fields(run) | {"run_message_history": None}}, at
        )


def announce_machine_down(store: Store, machine: Mapping[str, Any], reason: str, at: datetime) -> None:
    """`downed_machines`, if the machine's alerts are on."""
    endpoints = _endpoints(store)
    if not endpoints or not machine["alerts_enabled"]:
        return
    down = {name: machine[name] for name in ("organization_id", "status", "last_seen", "name")}
    body = {
        "organization_id": store.organisation,
        "machines": [{"machine_id": machine["id"], "reason": reason, **down}],
    }
    _queue_event(store, endpoints, "downed_machines", body, at)


def _endpoints(store: Store) -> list[str]:
    setting = store.find("setting", SETTING_ID)
    return list(setting["endpoints"]) if setting else []


def _queue_event(store: Store, endpoints: Sequence[str], kind: str, body: Document, at: datetime) -> None:
    event = {"event_id": new_id(), "event_type": kind, "occurred_at": stamp(at)} | body
    message_id = f"msg_{event['event_id'].replace('-', '')}"
    for endpoint in endpoints:
        delivery = {"id": new_id(), "endpoint": endpoint, "message_id": message_id, "body": dump(event)}
        store.add("delivery", delivery | {"tries": 0, "due_at": stamp(at)})


def due_deliveries(store: Store, now: datetime) -> list[Document]:
    return [delivery for delivery in store.every("delivery") if delivery["due_at"] <= stamp(now)]


def record_attempt(store: Store, delivery: Document, now: datetime, *, taken: bool) -> None:
    """Forget what was taken, and after the last try what was not; else put the next try off."""
    tries = delivery["tries"] + 1
    if taken or tries > len(RETRY_DELAYS):
        store.remove("delivery", delivery["id"])
    else:
        store.replace("delivery", delivery | {"tries": tries, "due_at": stamp(now + RETRY_DELAYS[tries - 1])})
