"""Findings about `targets`: what has no place under `local`, an address that gives a key away, a certificate file that
is not one.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from cyberflow.certificates import certificates_fault
from cyberflow.diagnostics import Diagnostic
from cyberflow.language.files import Files
from cyberflow.language.model import ProjectFile, Target
from cyberflow.loopback import is_loopback_url
from cyberflow.source import Place

LOCAL = "local"
_REMOTE_KEYS = ("url", "api_key", "ca", "cyberun")


def check_targets(settings: ProjectFile, files: Files, place: Place) -> Iterator[Diagnostic]:
    """What is wrong with the targets of a project file whose `targets` stand at `place`."""
    for name, target in settings.targets.items():
        at = place.at(name)
        if name == LOCAL:
            yield from _check_local(target, at)
            continue
        yield from _check_url(target.url, at.at("url"), insecure=target.insecure)
        if target.cyberun is not None:
            yield from _check_url(target.cyberun.url, at.at("cyberun", "url"), insecure=target.insecure)
        if target.ca is not None:
            yield from _check_certificate(target.ca, files, at.at("ca"))


def gives_key_away(url: str, *, insecure: bool) -> bool:
    """Whether a request to an address would carry its key in clear text over a network, and nobody allowed it."""
    return url.strip().lower().startswith("http:") and not insecure and not is_loopback_url(url)


def userinfo(url: str) -> str:
    """The user and password that an address holds, as written; empty without any."""
    try:
        address = urlsplit(url).netloc
    except ValueError:
        address = url.partition("//")[2].partition("/")[0]
    return address.rpartition("@")[0]


def _check_local(target: Target, place: Place) -> Iterator[Diagnostic]:
    for key in _REMOTE_KEYS:
        if key in target.model_fields_set:
            help = "`local` is the platform inside cyberflow: give this service a target with a name of its own"
            yield Diagnostic("unknown-key", f"there is no key `{key}` under `local`", place.at(key).at_key(), help=help)


def _check_url(url: str, place: Place, *, insecure: bool) -> Iterator[Diagnostic]:
    if userinfo(url):
        help = "take the user and password out of the address, and name the key under `api_key`"
        note = "this is in git for ever"
        yield Diagnostic("secret-in-source", "`url` holds a user or a password", place, note=note, help=help)
    elif not _is_address(url):
        help = "write `https://HOST`, with a path when the service has one"
        yield Diagnostic("wrong-type", f"`{url}` is not an address", place, help=help)
    elif gives_key_away(url, insecure=insecure):
        message = "`url` is `http:`: the key and every input would go over the network in clear text"
        help = "write `https:`; for a network that nobody else reads, `insecure: true` beside it"
        yield Diagnostic("secret-leak", message, place, help=help)


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False


def _check_certificate(name: str, files: Files, place: Place) -> Iterator[Diagnostic]:
    path = files.find(name, place)
    if isinstance(path, Diagnostic):
        yield path
        return
    try:
        data = files.read_bytes(path)
    except OSError as error:
        yield Diagnostic("file-not-found", f"`{name}` cannot be read", place, note=error.strerror or "")
        return
    if fault := certificates_fault(data):
        help = "name a PEM file: it holds lines `-----BEGIN CERTIFICATE-----`"
        yield Diagnostic("file-not-found", f"`{name}` {fault}", place, help=help)
