"""Certificate authorities that a connection trusts, and why a TLS handshake failed."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from cyberflow.certificates import authorities_fault
from cyberflow.errors import CyberflowError

ANOTHER_NAME = frozenset({62, 64})
NOT_NOW = frozenset({9, 10})
TOO_WEAK = frozenset({66, 67, 68})
"""Codes of OpenSSL's X509_V_ERR_*."""
OLD = ("UNSUPPORTED_PROTOCOL", "PROTOCOL_VERSION", "NO_PROTOCOLS_AVAILABLE", "INAPPROPRIATE_FALLBACK")
PLAIN = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE", "UNKNOWN_PROTOCOL")
CLIENT_CERTIFICATE = ("CERTIFICATE_REQUIRED", "ALERT_BAD_CERTIFICATE", "PEER_DID_NOT_RETURN_A_CERTIFICATE")


def build_trust(ca: str | Path | None, environ: Mapping[str, str]) -> ssl.SSLContext:
    """Trust the usual authorities, or those of SSL_CERT_FILE or SSL_CERT_DIR in `environ`, and besides them those of
    the PEM file `ca`. Raises CyberflowError, which names the file and who named it.
    """
    file, folder = environ.get("SSL_CERT_FILE"), environ.get("SSL_CERT_DIR")
    if not (file or folder or ca):
        return _usual_trust()
    trust = ssl.create_default_context() if file or folder else _trust_usual_authorities()
    if file:
        _load(trust, file, f"the file {file} of the variable SSL_CERT_FILE")
    elif folder:
        if not any(Path(part).is_dir() for part in folder.split(":")):
            raise CyberflowError(f"the folder {folder} of the variable SSL_CERT_DIR is not there")
        trust.load_verify_locations(capath=folder)
    if ca is not None:
        _load(trust, ca, f"the CA file {ca}")
    return trust


@cache
def _usual_trust() -> ssl.SSLContext:
    """One for all connections of this process: to read a hundred certificates takes a while."""
    return _trust_usual_authorities()


def _trust_usual_authorities() -> ssl.SSLContext:
    import certifi  # reads a file of its own

    return ssl.create_default_context(cafile=certifi.where())


def _load(trust: ssl.SSLContext, file: str | Path, what: str) -> None:
    if fault := authorities_fault(file):
        raise CyberflowError(f"{what} {fault}", help="it must be PEM: -----BEGIN CERTIFICATE-----")
    trust.load_verify_locations(cafile=file)


def is_lasting(error: ssl.SSLError) -> bool:
    """Whether a handshake fails the same way each time; one that breaks off may be the doing of the network."""
    reason = getattr(error, "reason", None) or ""
    return isinstance(error, ssl.SSLCertVerificationError) or any(
        mark in reason for mark in (*PLAIN, *OLD, *CLIENT_CERTIFICATE)
    )


def explain_tls_error(error: ssl.SSLError, ca: str | Path | None) -> tuple[str, str | None]:
    """What went wrong in a handshake, and the cure; `ca` is the target's own file of authorities, if it has one."""
    if isinstance(error, ssl.SSLCertVerificationError):
        code = getattr(error, "verify_code", 0)
        return _explain_certificate(code, getattr(error, "verify_message", str(error)), ca)
    reason = getattr(error, "reason", None) or ""
    if any(mark in reason for mark in PLAIN):
        return "TLS: what answers there does not speak TLS", (
            "the port speaks plain http, or a proxy does: check scheme and port of the url"
        )
    if any(mark in reason for mark in OLD):
        return (
            "TLS: it speaks only versions older than TLS 1.2",
            "the server, or the proxy before it, has to be updated",
        )
    if any(mark in reason for mark in CLIENT_CERTIFICATE):
        return "TLS: it asks for a client certificate", (
            "cyberflow has none to show: use an address of the service that does not ask for one"
        )
    if "HANDSHAKE_FAILURE" in reason:
        return "TLS: it refused the handshake", (
            "it may ask for a client certificate, or know only old ciphers: ask whoever runs the server or the proxy"
        )
    if "UNRECOGNIZED_NAME" in reason:
        return "TLS: it has no certificate for this host", "check the host in the url"
    if "EOF" in reason:
        return "TLS: it broke the handshake off", "a firewall or proxy between here and there may forbid it"
    said = reason.replace("_", " ").lower() or "the handshake failed"
    return f"TLS: {said}", "ask whoever runs the server, or the proxy before it"


def _explain_certificate(code: int, said: str, ca: str | Path | None) -> tuple[str, str]:
    if code in ANOTHER_NAME:
        return f"TLS: its certificate is that of another host ({said})", (
            "write the host in the url as the certificate names it"
        )
    if code in NOT_NOW:
        when = "has expired" if code == max(NOT_NOW) else "is not valid yet"
        return f"TLS: its certificate {when}", "it has to be renewed there; or the clock of this machine is wrong"
    if code in TOO_WEAK:
        return f"TLS: its certificate is too weak ({said})", "it has to be renewed there with a longer key"
    why = f"TLS: its certificate is not trusted ({said})"
    if ca is None:
        return why, (
            "if the service has a certificate authority of its own, name its PEM file with `ca:`; else the server does "
            "not send its intermediate certificate"
        )
    return why, (
        f"the authorities of {ca} did not sign it: the file must hold the root of its chain, and the server must send "
        "its intermediate certificate, or the file hold that too"
    )
