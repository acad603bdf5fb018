"""Which hosts are this machine."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

NAMES = ("localhost", "localhost.localdomain")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine: by its name, or as an address, in brackets or not."""
    bare = host.strip("[]").rstrip(".").lower()
    try:
        address = ip_address(bare)
    except ValueError:
        return bare in NAMES or bare.endswith(".localhost")
    mapped = getattr(address, "ipv4_mapped", None)
    return address.is_loopback or bool(mapped and mapped.is_loopback)


def is_loopback_url(url: str) -> bool:
    """Whether a url leads to this machine; one that cannot be read leads nowhere."""
    try:
        return is_loopback(urlsplit(url).hostname or "")
    except ValueError:
        return False
