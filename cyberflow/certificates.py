"""Why a file of certificate authorities cannot be used."""

from __future__ import annotations

import re
from pathlib import Path

DER = b"\x30\x82"
"""How a certificate begins that is not written as text."""


def authorities_fault(path: str | Path) -> str | None:
    """What is wrong with a PEM file of authorities, as the end of a sentence about it; None when it can be used."""
    import ssl  # heavy, and no command but those of a target needs it

    try:
        content = Path(path).read_bytes()
    except OSError as error:
        return f"cannot be read: {(error.strerror or str(error)).lower()}"
    if content.startswith(DER):
        return "is not PEM but DER: write it anew with `openssl x509 -inform der -in FILE -out FILE.pem`"
    kinds = set(re.findall(rb"-----BEGIN ([A-Z ]+)-----", content))
    if kinds and not any(b"CERTIFICATE" in kind for kind in kinds):
        return f"holds no certificate but a {min(kinds).decode().lower()}"
    if b"CERTIFICATE REQUEST" in b"".join(kinds) and b"CERTIFICATE" not in kinds:
        return "holds no certificate but a request for one"
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=path)
    except (ssl.SSLError, OSError):
        return "holds no certificate that can be read"
    return None
