"""A target's name to an open service: which url, which key, and for `local` the platform inside this process or the
one that `cyberflow dev` serves. A room of the doors: no other floor knows where a service is.
"""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from cyberflow.errors import UsageError
from cyberflow.language.model import Target
from cyberflow.language.project.load import RawProject, target_of
from cyberflow.loopback import is_loopback_url
from cyberflow.storage import private_folder, write_file

if TYPE_CHECKING:
    from filelock import FileLock

    from cyberflow.client.cyberdesk.client import Cyberdesk
    from cyberflow.client.cyberun.client import CyberunClient
    from cyberflow.client.http.network import AsgiApp
    from cyberflow.emulator.platform import Platform
    from cyberflow.language.model import Cyberun as DeclaredCyberun

STATE = ".cyberflow"
DATABASE = "local.db"
LOCK = "lock"
HOLDER = "lock.json"
DEV = "dev.json"
CYBERUN_PATH = "/api/v1"
"""Where the local platform has Cyberun."""
LOCAL = "local"
Say = Callable[[str], None]


@dataclass(frozen=True)
class CyberdeskService:
    """An open target. `line` is what `apply` and `run` say first."""

    name: str
    cyberdesk: Cyberdesk
    target: Target
    line: str
    local: bool = False


@dataclass(frozen=True)
class CyberunService:
    """The open Cyberun of a target. `line` names it, as that of a `CyberdeskService` does."""

    name: str
    cyberun: CyberunClient
    target: Target
    line: str
    local: bool = False


@asynccontextmanager
async def open_target(
    sourced: RawProject, name: str, say: Say, environ: Mapping[str, str] = os.environ
) -> AsyncIterator[CyberdeskService]:
    """Open the service of a target. Raises UsageError when its key resolves to nothing, and what the service raises."""
    from cyberflow.client.cyberdesk.client import Cyberdesk

    target = target_of(sourced.settings, name)
    if _is_embedded(sourced, name):
        async with _open_platform(sourced.root, say) as at, Cyberdesk.connect(at.url, at.token, app=at.app) as desk:
            yield CyberdeskService(LOCAL, desk, Target(), at.line, local=True)
        return
    key = resolve_key(name, target, sourced.root, environ)
    async with Cyberdesk.connect(target.url, key, ca=_ca_path(sourced, target)) as desk:
        yield CyberdeskService(name, desk, target, f"target {name}: {target.url}")


@asynccontextmanager
async def open_cyberun(
    sourced: RawProject, name: str, say: Say, environ: Mapping[str, str] = os.environ
) -> AsyncIterator[CyberunService]:
    """Open the Cyberun of a target; that of a `cyberflow dev` needs no declaration. Raises as `open_target`, and
    UsageError when the target has none.
    """
    from cyberflow.client.cyberun.client import CyberunClient

    target = target_of(sourced.settings, name)
    if _is_embedded(sourced, name):
        async with (
            _open_platform(sourced.root, say) as at,
            CyberunClient.connect(at.url + CYBERUN_PATH, at.token, app=at.app) as cyberun,
        ):
            yield CyberunService(LOCAL, cyberun, Target(), at.line, local=True)
        return
    declared = cyberun_settings(target)
    if declared is None:
        help = f"say where its key is found: `targets: {{{name}: {{cyberun: {{api_key: {{env: CYBERUN_API_KEY}}}}}}}}`"
        raise UsageError(f"the target `{name}` has no `cyberun`, where tasks run", help=help)
    key = resolve_key(name, declared, sourced.root, environ)
    async with CyberunClient.connect(declared.url, key, team=declared.team, ca=_ca_path(sourced, target)) as cyberun:
        yield CyberunService(name, cyberun, target, f"target {name}, tasks: {declared.url}")


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
            return LOCAL
        what, example = "the target", "api_key: {env: CYBERDESK_API_KEY}"
        if not isinstance(declared, Target):
            what, example = "the `cyberun` of target", "cyberun: {api_key: {env: CYBERUN_API_KEY}}"
        help = f"say where it is found: `targets: {{{name}: {{{example}}}}}`"
        raise UsageError(f"{what} `{name}` has no `api_key`", help=help)
    from cyberflow.run.inputs.secrets import SecretNotFound, parse_location, read_secret, system_backends

    written = (
        f"env:{source.env}"
        if source.env
        else f"file:{root / source.file}"
        if source.file
        else f"keyring:{source.keyring}"
    )
    found = parse_location(written)
    if found is None:
        raise UsageError(f"the `api_key` of target `{name}` names no source", help="a keyring entry is SERVICE/USER")
    try:
        return read_secret(found, replace(system_backends(), environ=environ))
    except SecretNotFound as error:
        raise UsageError(f"the `api_key` of target `{name}` {error}") from None


def _is_embedded(sourced: RawProject, name: str) -> bool:
    return name == LOCAL and name not in sourced.settings.targets


def _ca_path(sourced: RawProject, target: Target) -> str | None:
    return str(sourced.root / target.ca.lstrip("/")) if target.ca else None


@dataclass(frozen=True)
class PlatformAddress:
    """Where `cyberflow dev` serves this project, and the token of its start; or, with an `app`, the platform inside
    this process.
    """

    url: str
    token: str = field(repr=False)
    app: AsgiApp | None = None

    @property
    def line(self) -> str:
        where = "the platform inside cyberflow"
        if self.app is None:
            where = f"the platform that `cyberflow dev` serves at {self.url}"
        return f"target local: {where}; no account was touched"


@dataclass
class _ProcessPlatform:
    """The platform of a project as this process has it open, for as many at a time as ask: the lock is between
    processes, and who waited for itself would wait for ever.
    """

    turn: Lock = field(default_factory=Lock)
    users: int = 0
    lock: FileLock | None = None
    platform: Platform | None = None

    def acquire(self, root: Path, say: Say) -> PlatformAddress:
        with self.turn:
            if self.platform is None:
                lock = take_lock(root, "cyberflow", say, shared=True)
                if isinstance(lock, PlatformAddress):
                    return lock
                from cyberflow.emulator.platform import Platform

                try:
                    self.platform = Platform.open(root / STATE / DATABASE)
                except BaseException:
                    lock.release()
                    raise
                self.lock = lock
            self.users += 1
            return PlatformAddress("http://local", LOCAL, self.platform.app)

    def release(self) -> None:
        with self.turn:
            self.users -= 1
            if self.users or self.platform is None or self.lock is None:
                return
            try:
                self.platform.close()
            finally:
                self.lock.release()
                self.platform = self.lock = None


_PROCESS_PLATFORMS: dict[tuple[int, Path], _ProcessPlatform] = {}
"""By process, since a forked one has nothing open, and by the project's folder."""


def _process_platform(root: Path) -> _ProcessPlatform:
    return _PROCESS_PLATFORMS.setdefault((os.getpid(), root.resolve()), _ProcessPlatform())


@asynccontextmanager
async def _open_platform(root: Path, say: Say) -> AsyncIterator[PlatformAddress]:
    held = _process_platform(root)
    address = held.acquire(root, say)
    try:
        yield address
    finally:
        if address.app is not None:
            held.release()


def take_lock(root: Path, who: str, say: Say, *, shared: bool = False) -> FileLock | PlatformAddress:
    """Take the project's lock, one process at a time; with `shared`, the address of a running `cyberflow dev` will do.

    Whoever waits says for whom.
    """
    from filelock import FileLock, Timeout

    state = state_folder(root)
    lock = FileLock(state / LOCK, thread_local=False)  # who closes may be another thread than who opened
    told = False
    while True:
        try:
            lock.acquire(timeout=0 if not told else 1, poll_interval=0.1)
        except Timeout:
            address = _dev_address(state)
            if shared and address is not None:
                return address
            if not told:
                say(f"waiting for {_lock_holder(state)}, which uses the local platform of this project")
                told = True
            continue
        holder = {"pid": os.getpid(), "who": who}
        write_file(state / HOLDER, json.dumps(holder))
        (state / DEV).unlink(missing_ok=True)
        return lock


def state_folder(root: Path) -> Path:
    """The project's `.cyberflow`, made when it is not there."""
    return private_folder(root / STATE)


def _dev_address(state: Path) -> PlatformAddress | None:
    try:
        data = json.loads((state / DEV).read_text(encoding="utf-8"))
        return PlatformAddress(str(data["url"]), str(data["token"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _lock_holder(state: Path) -> str:
    try:
        data = json.loads((state / HOLDER).read_text(encoding="utf-8"))
        return f"`{data['who']}` (process {data['pid']})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another cyberflow"
