"""A target's name to an open service: which url, which key, and for `local` the platform inside this process or the
one that `cyberflow dev` serves. A room of the doors: no other floor knows where a service is.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar
from urllib.parse import urlsplit

from cyberflow.errors import UsageError
from cyberflow.loopback import is_loopback_url
from cyberflow.source import Place
from cyberflow.targets.local_names import names_of
from cyberflow.targets.local_platform import IN_PROCESS, LOCAL, STATE, Say, dev_address, open_platform

if TYPE_CHECKING:
    from cyberflow.client.cyberdesk.client import Cyberdesk
    from cyberflow.client.cyberun.client import CyberunClient
    from cyberflow.language.model import Cyberun as DeclaredCyberun
    from cyberflow.language.model import Target
    from cyberflow.language.project.load import RawProject
    from cyberflow.run.work.polling import PollInterval

C = TypeVar("C")
CYBERUN_PATH = "/api/v1"
"""Where the local platform has Cyberun."""
CLOUD = "https://api.cyberdesk.io"


@dataclass(frozen=True)
class OpenTarget(Generic[C]):
    """A service of a target, open. `line` names it: what commands say first. `page` is the address of the web page
    that shows its runs, where `cyberflow dev` serves one.
    """

    name: str
    client: C
    target: Target
    line: str
    local: bool = False
    page: str | None = None

    @property
    def pace(self) -> PollInterval:
        """How often one run is looked after here."""
        from cyberflow.run.work.polling import LOCAL, REMOTE

        return LOCAL if self.local else REMOTE


CyberdeskService: TypeAlias = "OpenTarget[Cyberdesk]"
CyberunService: TypeAlias = "OpenTarget[CyberunClient]"


@asynccontextmanager
async def open_target(
    sourced: RawProject, name: str, say: Say, environ: Mapping[str, str] = os.environ
) -> AsyncIterator[CyberdeskService]:
    """Open Cyberdesk at a target. Raises UsageError when its key resolves to nothing, and what the service raises."""
    from cyberflow.client.cyberdesk.client import Cyberdesk
    from cyberflow.language.project.load import target_of

    target = target_of(sourced.settings, name)
    if _is_embedded(name):
        names = names_of(sourced)
        async with (
            open_platform(sourced.root, say, names) as at,
            Cyberdesk.connect(at.url, at.token, app=at.app) as desk,
        ):
            if at.app is None:
                await desk.add_names(names)
            yield OpenTarget(LOCAL, desk, target, at.line, local=True, page=None if at.app else at.url)
        return
    key = resolve_key(name, target, sourced.root, environ)
    async with Cyberdesk.connect(target.url, key, ca=_ca_path(sourced, target), insecure=target.insecure) as desk:
        yield OpenTarget(name, desk, target, _url_line(name, target.url))


@asynccontextmanager
async def open_cyberun(
    sourced: RawProject, name: str, say: Say, environ: Mapping[str, str] = os.environ
) -> AsyncIterator[CyberunService]:
    """Open the Cyberun of a target; that of a `cyberflow dev` needs no declaration. Raises as `open_target`, and
    UsageError when the target has none.
    """
    from cyberflow.client.cyberun.client import CyberunClient
    from cyberflow.language.project.load import target_of

    target = target_of(sourced.settings, name)
    if _is_embedded(name):
        async with (
            open_platform(sourced.root, say, names_of(sourced)) as at,
            CyberunClient.connect(at.url + CYBERUN_PATH, at.token, app=at.app) as cyberun,
        ):
            yield OpenTarget(LOCAL, cyberun, target, at.line, local=True)
        return
    declared = cyberun_settings(target)
    if declared is None:
        help = f"say where its key is found: `targets: {{{name}: {{cyberun: {{api_key: {{env: CYBERUN_API_KEY}}}}}}}}`"
        raise UsageError(f"the target `{name}` has no `cyberun`, where tasks run", help=help)
    key = resolve_key(name, declared, sourced.root, environ)
    ca = _ca_path(sourced, target)
    async with CyberunClient.connect(declared.url, key, team=declared.team, ca=ca, insecure=target.insecure) as cyberun:
        yield OpenTarget(name, cyberun, target, f"target {name}, tasks: {declared.url}")


def target_line(root: Path, target: str | None) -> str | None:
    """The line that the open target will have, from `cyberflow.yaml` alone, before anything heavy is loaded; None
    where it cannot be known so early: a project with mistakes speaks of them first.
    """
    from cyberflow.language.discovery import PROJECT_FILE
    from cyberflow.language.files import Files
    from cyberflow.language.project.sources import read_document

    data: Any = getattr(read_document(Files(root), PROJECT_FILE, Place(PROJECT_FILE)), "data", None)
    if not isinstance(data, dict):
        return None
    name = target or data.get("default_target", LOCAL)
    if name == LOCAL:
        return (dev_address(root / STATE) or IN_PROCESS).line
    targets = data.get("targets")
    declared = targets.get(name) if isinstance(targets, dict) else None
    url = declared.get("url", CLOUD) if isinstance(declared, dict) else None
    return _url_line(name, url) if isinstance(url, str) and "${{" not in url else None


def _url_line(name: str, url: str) -> str:
    return f"target {name}: {url}"


def cyberun_settings(target: Target) -> DeclaredCyberun | None:
    """Where a target's tasks run: what it says, or what a `cyberflow dev` serves beside Cyberdesk."""
    from cyberflow.language.model import Cyberun as DeclaredCyberun

    if target.cyberun is None and is_loopback_url(target.url):
        return DeclaredCyberun(url=target.url.rstrip("/") + CYBERUN_PATH)
    return target.cyberun


def resolve_key(name: str, declared: Target | DeclaredCyberun, root: Path, environ: Mapping[str, str]) -> str | None:
    """Find the key of a target, or of its Cyberun; a service on this machine needs none."""
    source = declared.api_key
    if source is None:
        if is_loopback_url(declared.url):
            return _dev_key(declared.url, root)
        what, example = "the `cyberun` of target", "cyberun: {api_key: {env: CYBERUN_API_KEY}}"
        if hasattr(declared, "cyberun"):
            what, example = "the target", "api_key: {env: CYBERDESK_API_KEY}"
        help = f"say where it is found: `targets: {{{name}: {{{example}}}}}`"
        raise UsageError(f"{what} `{name}` has no `api_key`", help=help)
    from cyberflow.run.inputs.secret_command import SecretNotFound
    from cyberflow.run.inputs.secrets import location_of, read_secret, system_backends

    found = location_of(source, root)
    if found.kind == "keyring" and not all(found.detail.rpartition("/")):
        raise UsageError(f"the `api_key` of target `{name}` names no source", help="a keyring entry is SERVICE/USER")
    try:
        return read_secret(found, replace(system_backends(), environ=environ))
    except SecretNotFound as error:
        raise UsageError(f"the `api_key` of target `{name}` {error}") from None


def _dev_key(url: str, root: Path) -> str:
    """The key of this project's `cyberflow dev`, where the url is its; another takes any, or says what it wants."""
    served = dev_address(root / STATE)
    same = served is not None and urlsplit(served.url).port == urlsplit(url).port
    return served.token if served is not None and same else LOCAL


def _is_embedded(name: str) -> bool:
    return name == LOCAL


def _ca_path(sourced: RawProject, target: Target) -> str | None:
    return str(sourced.root / target.ca.lstrip("/")) if target.ca else None
