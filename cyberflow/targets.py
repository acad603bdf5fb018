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
from typing import TYPE_CHECKING

from cyberflow.errors import CyberflowError, UsageError
from cyberflow.language import Sourced, Target, target_of

if TYPE_CHECKING:
    from filelock import FileLock

    from cyberflow.service import Cyberdesk

STATE = ".cyberflow"
DATABASE = "local.db"
LOCK = "lock"
HOLDER = "lock.json"
DEV = "dev.json"
LOCAL = "local"
Say = Callable[[str], None]


@dataclass(frozen=True)
class Service:
    """An open target. `line` is what `apply` and `run` say first."""

    name: str
    desk: Cyberdesk
    target: Target
    line: str
    local: bool = False


@asynccontextmanager
async def open_target(
    sourced: Sourced, name: str, say: Say, environ: Mapping[str, str] = os.environ
) -> AsyncIterator[Service]:
    """Open the service of a target. Raises UsageError when its key resolves to nothing, and what the service raises."""
    from cyberflow.service import Cyberdesk

    target = target_of(sourced.settings, name)
    if name == LOCAL and name not in sourced.settings.targets:
        async with _local(sourced.root, say) as service:
            yield service
        return
    key = resolve_key(name, target, sourced.root, environ)
    ca = str(sourced.root / target.ca.lstrip("/")) if target.ca else None
    async with Cyberdesk.connect(target.url, key, ca=ca) as desk:
        yield Service(name, desk, target, f"target {name}: {target.url}")


def resolve_key(name: str, target: Target, root: Path, environ: Mapping[str, str]) -> str | None:
    """Find the key of a target; a service on this machine needs none."""
    source = target.api_key
    if source is None:
        if any(host in target.url for host in ("//127.0.0.1", "//localhost", "//[::1]")):
            return LOCAL
        help = f"say where it is found: `targets: {{{name}: {{api_key: {{env: CYBERDESK_API_KEY}}}}}}`"
        raise UsageError(f"the target `{name}` has no `api_key`", help=help)
    from cyberflow.run import NotFound, find, source_of, this_world

    written = (
        f"env:{source.env}"
        if source.env
        else f"file:{root / source.file}"
        if source.file
        else f"keyring:{source.keyring}"
    )
    found = source_of(written)
    if found is None:
        raise UsageError(f"the `api_key` of target `{name}` names no source", help="a keyring entry is SERVICE/USER")
    try:
        return find(found, replace(this_world(), environ=environ))
    except NotFound as error:
        raise UsageError(f"the `api_key` of target `{name}` {error}") from None


@asynccontextmanager
async def _local(root: Path, say: Say) -> AsyncIterator[Service]:
    from cyberflow.service import Cyberdesk

    lock = take_lock(root, "cyberflow", say, shared=True)
    if isinstance(lock, Address):
        async with Cyberdesk.connect(lock.url, lock.token) as desk:
            line = f"target local: the platform that `cyberflow dev` serves at {lock.url}; no account was touched"
            yield Service(LOCAL, desk, Target(), line, local=True)
        return
    from cyberflow.local import Platform

    try:
        with Platform.open(root / STATE / DATABASE) as platform:
            async with Cyberdesk.connect("http://local", LOCAL, app=platform.app) as desk:
                line = "target local: the platform inside cyberflow; no account was touched"
                yield Service(LOCAL, desk, Target(), line, local=True)
    finally:
        lock.release()


@dataclass(frozen=True)
class Address:
    """Where `cyberflow dev` serves this project, and the token of its start."""

    url: str
    token: str = field(repr=False)


def take_lock(root: Path, who: str, say: Say, *, shared: bool = False) -> FileLock | Address:
    """Take the project's lock, one process at a time; with `shared`, the address of a running `cyberflow dev` will do.

    Whoever waits says for whom.
    """
    from filelock import FileLock, Timeout

    state = state_folder(root)
    lock = FileLock(state / LOCK)
    told = False
    while True:
        try:
            lock.acquire(timeout=0 if not told else 1, poll_interval=0.1)
        except Timeout:
            address = _dev(state)
            if shared and address is not None:
                return address
            if not told:
                say(f"waiting for {_holder(state)}, which uses the local platform of this project")
                told = True
            continue
        holder = {"pid": os.getpid(), "who": who}
        (state / HOLDER).write_text(json.dumps(holder), encoding="utf-8")
        (state / DEV).unlink(missing_ok=True)
        return lock


def state_folder(root: Path) -> Path:
    """The project's `.cyberflow`, made when it is not there; only its owner reads it and git leaves it alone."""
    folder = root / STATE
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        ignore = folder / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")
    except OSError as error:
        raise CyberflowError(f"{folder} cannot be written: {error.strerror}") from error
    return folder


def _dev(state: Path) -> Address | None:
    try:
        data = json.loads((state / DEV).read_text(encoding="utf-8"))
        return Address(str(data["url"]), str(data["token"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _holder(state: Path) -> str:
    try:
        data = json.loads((state / HOLDER).read_text(encoding="utf-8"))
        return f"`{data['who']}` (process {data['pid']})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another cyberflow"
