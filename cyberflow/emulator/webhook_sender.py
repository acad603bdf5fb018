"""Sends due webhook deliveries. Each round brings the platform to the clock's now, as a request would, and posts what
is due; it decides nothing.
"""

from __future__ import annotations

import http.client
import logging
import ssl
import threading
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlsplit

from cyberflow.emulator.contract.clock import Clock
from cyberflow.emulator.engine import scheduler, webhooks
from cyberflow.emulator.store.secret_store import SecretStore
from cyberflow.emulator.store.store import Document, Store

log = logging.getLogger("cyberflow.local")

TIMEOUT = 15.0
POLL_SECONDS = 0.2


class WebhookSender:
    """`secrets` gives an endpoint another signing secret than the database has for it."""

    def __init__(self, store: Store, secret_store: SecretStore, clock: Clock, secrets: Mapping[str, str]) -> None:
        self._store = store
        self._secret_store = secret_store
        self._clock = clock
        self._secrets = dict(secrets)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def signing_secret(self, url: str) -> str:
        return self._secrets.get(url) or webhooks.signing_secret_of(self._store, url)

    def send_due(self) -> int:
        """Post everything that is due now, once, and answer how many were taken."""
        with self._store.lock:
            now = self._clock()
            scheduler.advance(self._store, self._secret_store, now)
            waiting = webhooks.due_deliveries(self._store, now)
        taken = 0
        for delivery in waiting:
            accepted = self._post(delivery, now)
            with self._store.transaction():
                webhooks.record_attempt(self._store, delivery, self._clock(), taken=accepted)
            taken += accepted
        return taken

    def start(self) -> None:
        """Go round in a thread of its own until `stop`."""
        self._thread = threading.Thread(target=self._run_loop, name="cyberflow webhooks", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join(TIMEOUT)

    def _run_loop(self) -> None:
        while not self._stop.wait(POLL_SECONDS):
            try:
                self.send_due()
            except Exception:  # the next round may do better, and nobody else would start one
                log.exception("a round of webhook deliveries failed")

    def _post(self, delivery: Document, now: datetime) -> bool:
        """Whether the endpoint took it: any 2xx. Redirects are not followed, proxies not used."""
        url, body = delivery["endpoint"], delivery["body"].encode()
        headers = webhooks.delivery_headers(self.signing_secret(url), delivery["message_id"], now, body)
        parts = urlsplit(url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            connection = _connection(parts.scheme, parts.hostname or "", parts.port)
            try:
                connection.request("POST", path, body, headers)
                status = connection.getresponse().status
            finally:
                connection.close()
        except (OSError, http.client.HTTPException) as error:
            log.warning("webhook %s: %s", parts.hostname, error)
            return False
        return 200 <= status < 300  # noqa: PLR2004


def _connection(scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
    if scheme == "https":
        return http.client.HTTPSConnection(host, port, timeout=TIMEOUT, context=ssl.create_default_context())
    return http.client.HTTPConnection(host, port, timeout=TIMEOUT)
