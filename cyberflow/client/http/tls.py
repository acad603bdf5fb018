"""Whom a connection trusts besides the usual authorities, and which hosts are this machine."""

from __future__ import annotations

import ssl
from ipaddress import ip_address
from pathlib import Path

from cyberflow.errors import CyberflowError

HERE = ("localhost", "127.0.0.1", "[::1]")


def loopback_hosts(host: str) -> tuple[str, ...]:
    """The names of this machine, and `host` as a proxy's exception has it when it is one more of them."""
    try:
        return (*HERE, f"[{host}]" if ":" in host else host) if ip_address(host).is_loopback else HERE
    except ValueError:
        return (*HERE, host) if host.endswith(".localhost") else HERE


def add_authorities(trust: ssl.SSLContext, ca: str | Path) -> None:
    """Add the authorities of a PEM file. Raises CyberflowError when it cannot be read."""
    try:
        trust.load_verify_locations(cafile=ca)
    except ssl.SSLError as error:
        raise CyberflowError(
            f"the CA file {ca} holds no certificate that can be read",
            help="it must be PEM: -----BEGIN CERTIFICATE-----",
        ) from error
    except OSError as error:
        raise CyberflowError(f"the CA file {ca} cannot be read: {(error.strerror or str(error)).lower()}") from error
