"""Connections to a service: its url, proxies, certificates, or an application in this process in place of all that."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, cast
from urllib.request import getproxies

import httpx

from cyberflow.client.http.proxies import Proxies
from cyberflow.client.http.tls import build_trust
from cyberflow.errors import CyberflowError, UsageError
from cyberflow.loopback import is_loopback

AsgiApp = Callable[..., Awaitable[None]]
SCHEMES = ("http", "https")
PORTS = 65535
LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=30.0)


class InProcessTransport(httpx.ASGITransport):
    """An application in this process. One that breaks off, as a broken connection does, raises ConnectionError."""

    def __init__(self, app: AsgiApp) -> None:
        super().__init__(cast("Any", app))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            return await super().handle_async_request(request)
        except ConnectionError as error:
            raise httpx.ReadError(str(error), request=request) from error


class NetworkTransport(httpx.AsyncBaseTransport):
    """The network: each request goes through the proxy that its address has, or straight. Certificates and proxies are
    read when a request first needs them.
    """

    def __init__(self, proxies: Proxies, ca: str | Path | None, *, from_environment: bool) -> None:
        self.proxies = proxies
        self._ca = ca
        self._environ = os.environ if from_environment else {}
        self._ways: dict[tuple[str | None, bool], httpx.AsyncHTTPTransport] = {}

    @classmethod
    def open(cls, base: httpx.URL, ca: str | Path | None) -> NetworkTransport:
        """Prepare for an address; for one of this machine no variable is read. Raises CyberflowError when what the
        environment names for it cannot be used.
        """
        local = is_loopback(base.host)
        network = cls(Proxies({}) if local else Proxies.read(getproxies()), ca, from_environment=not local)
        network.way(base)
        return network

    def way(self, url: httpx.URL) -> httpx.AsyncHTTPTransport:
        found, secure = self.proxies.find(str(url)), url.scheme == "https"
        key = (found and found[0], secure)
        if key not in self._ways:
            trust = build_trust(self._ca, self._environ) if secure or self._ca else False
            proxy = found and _parse_proxy(*found)
            try:
                self._ways[key] = httpx.AsyncHTTPTransport(verify=trust, proxy=proxy, limits=LIMITS, trust_env=False)
            except ImportError as error:
                variable = found[1] if found else ""
                raise CyberflowError(f"{variable} names a SOCKS proxy, which needs the package `socksio`") from error
        return self._ways[key]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self.way(request.url).handle_async_request(request)

    async def aclose(self) -> None:
        for way in self._ways.values():
            await way.aclose()


def _parse_proxy(url: str, variable: str) -> httpx.Proxy:
    with suppress(ValueError, httpx.InvalidURL):
        proxy = httpx.Proxy(url)
        if proxy.url.host and "%" not in proxy.url.host:
            return proxy
    raise CyberflowError(
        f"the proxy that {variable} names is not a url that can be used",
        help=f"look at {variable}, in capitals or not; it begins with http://, https:// or socks5://",
    )


def parse_base_url(url: str, *, insecure: bool) -> httpx.URL:
    """The url of a service. Raises UsageError for one that cannot be sent to, and for one to which the key would go in
    clear text, unless that is said to be right.
    """
    try:
        base = httpx.URL(url)
        base.host.encode("idna")
    except (httpx.InvalidURL, UnicodeError):
        base = httpx.URL()
    if base.scheme not in SCHEMES or not base.host or (base.port or 0) > PORTS:
        raise UsageError("the url of the service must begin with https:// or http:// and name a host")
    if base.userinfo or base.query or base.fragment:
        raise UsageError(f"the url of the service may hold no user, query or fragment: write {strip_url(base)}")
    if base.scheme == "http" and not insecure and not is_loopback(base.host):
        raise UsageError(
            f"{strip_url(base)} would get the key and all inputs in clear text",
            help="write https://, or `insecure: true` beside the url if nobody else can listen on that network",
        )
    return base


def strip_url(url: httpx.URL) -> str:
    return str(url.copy_with(username=None, password=None, query=None, fragment=None)).rstrip("/")
