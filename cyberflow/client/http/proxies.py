"""Proxies of the environment: which one an address is reached through. An entry that cannot be read is skipped, and
no variable is asked for an address of this machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from cyberflow.loopback import is_loopback


@dataclass(frozen=True)
class Proxies:
    """`by_scheme` has the urls of `http`, `https` and `all`; `exempt` the entries of NO_PROXY."""

    by_scheme: Mapping[str, str]
    exempt: tuple[str, ...] = ()

    @classmethod
    def read(cls, found: Mapping[str, str]) -> Proxies:
        """Read what `urllib.request.getproxies` found: the variables, or the settings of the system."""
        urls = {scheme: found[scheme].strip() for scheme in ("http", "https", "all") if found.get(scheme, "").strip()}
        return cls(
            {scheme: url if "://" in url else f"http://{url}" for scheme, url in urls.items()},
            tuple(entry.strip().lower() for entry in found.get("no", "").split(",") if entry.strip()),
        )

    def find(self, url: str) -> tuple[str, str] | None:
        """The proxy for an address and the variable that names it, None where it is reached without one."""
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".")
        if is_loopback(host) or any(_covers(entry, host, parts.port) for entry in self.exempt):
            return None
        named = next((scheme for scheme in (parts.scheme, "all") if scheme in self.by_scheme), None)
        return None if named is None else (self.by_scheme[named], f"{named.upper()}_PROXY")


def _covers(entry: str, host: str, port: int | None) -> bool:
    """Whether an entry of NO_PROXY means a host: `*`, a name and all below it, an address, a network, each with a port
    or without. What cannot be read covers nothing.
    """
    if entry == "*":
        return True
    entry = entry.partition("://")[2] or entry
    try:
        return ip_address(host) in ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        pass
    name, _, wanted = entry.rpartition(":")
    if name and wanted.isdecimal():
        return (port is None or int(wanted) == port) and _covers(name, host, None)
    name = entry.removeprefix("*").removeprefix(".")
    return bool(name) and (host == name or host.endswith(f".{name}"))
