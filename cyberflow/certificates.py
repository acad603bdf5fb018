"""Why a file of certificate authorities cannot be used."""

from __future__ import annotations

import re
from pathlib import Path

DER = b"\x30\x82"
"""How a certificate begins that is not written as text."""


def authorities_fault(path: str | Path) -> str | None:
    """What is wrong with a PEM file of authorities, as the end of a sentence about it; None when it can be used."""
    try:
        return certificates_fault(Path(path).read_bytes())
    except OSError as error:
        return f"cannot be read: {(error.strerror or str(error)).lower()}"


def certificates_fault(content: bytes) -> str | None:
    """The same of what such a file holds."""
    import ssl  # heavy, and no command but those of a target needs it

    if content.startswith(DER):
        return "is not PEM but DER: write it anew with `openssl x509 -inform der -in FILE -out FILE.pem`"
    kinds = set(re.findall(rb"-----BEGIN ([A-Z0-9 ]+)-----", content))
    usable = {b"CERTIFICATE", b"X509 CERTIFICATE", b"TRUSTED CERTIFICATE"} & kinds
    if kinds and not usable:
        return f"holds no certificate but a {min(kinds).decode().lower()}"
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=content.decode("ascii", "ignore"))
    except (ssl.SSLError, ValueError):
        return "holds no certificate that can be read"
    return None
