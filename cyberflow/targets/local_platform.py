"""The platform of this machine: that of `cyberflow dev`, or the one inside this process, one process at a time."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from cyberflow.errors import CyberflowError
from cyberflow.storage import close_folder, parse_json, private_folder, write_text

if TYPE_CHECKING:
    from filelock import FileLock

    from cyberflow.client.http.network import AsgiApp
    from cyberflow.emulator.platform import Platform

STATE = ".cyberflow"
DATABASE = "local.db"
LOCK = "lock"
HOLDER = "lock.json"
DEV = "dev.json"
LOCAL = "local"
Say = Callable[[str], None]
NO_NAMES: Mapping[str, Iterable[str]] = {}


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
        where = f"the platform that `cyberflow dev` serves at {self.url}"
        if self.url == IN_PROCESS.url:
            where = "the platform inside cyberflow"
        return f"target local: {where}; no account was touched"


IN_PROCESS = PlatformAddress("http://local", LOCAL)


@dataclass
class _ProcessPlatform:
    """The platform of a project as this process has it open, for as many at a time as ask: the lock is between
    processes, and who waited for itself would wait for ever.
    """

    turn: Lock = field(default_factory=Lock)
    users: int = 0
    lock: FileLock | None = None
    platform: Platform | None = None

    def acquire(self, root: Path, say: Say, names: Mapping[str, Iterable[str]]) -> PlatformAddress:
        with self.turn:
            if self.platform is None:
                lock = take_lock(root, "cyberflow", say, shared=True)
                if isinstance(lock, PlatformAddress):
                    return lock
                from cyberflow.emulator.platform import Platform
                from cyberflow.emulator.seeds import Seeds

                try:
                    self.platform = Platform.open(root / STATE / DATABASE, seeds=Seeds.model_validate(names))
                except BaseException:
                    lock.release()
                    raise
                self.lock = lock
            else:
                from cyberflow.emulator.seeds import Seeds

                self.platform.seed(Seeds.model_validate(names))
            self.users += 1
            return replace(IN_PROCESS, app=self.platform.app)

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
async def open_platform(
    root: Path, say: Say, names: Mapping[str, Iterable[str]] = NO_NAMES
) -> AsyncIterator[PlatformAddress]:
    """Open the platform inside this process, or find that of `cyberflow dev`. `names` are what exists there, in this
    process, from the start.
    """
    held = _process_platform(root)
    address = held.acquire(root, say, names)
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
    _close_to_others(state, say)
    lock = FileLock(state / LOCK, thread_local=False)  # who closes may be another thread than who opened
    told = False
    while True:
        try:
            lock.acquire(timeout=0 if not told else 1, poll_interval=0.1)
        except Timeout:
            address = dev_address(state)
            if shared and address is not None:
                return address
            if not told:
                say(f"waiting for {_lock_holder(state)}, which uses the local platform of this project")
                told = True
            continue
        except (OSError, NotImplementedError) as error:
            raise _lock_error(state / LOCK, error) from error
        try:
            write_text(state / HOLDER, json.dumps({"pid": os.getpid(), "who": who}))
            (state / DEV).unlink(missing_ok=True)
        except BaseException as error:
            lock.release()
            if isinstance(error, OSError):
                raise _lock_error(state / DEV, error) from error
            raise
        return lock


def _lock_error(path: Path, error: Exception) -> CyberflowError:
    why = getattr(error, "strerror", None) or "this system cannot lock files there"
    help = "move it out of the way, or mend its permissions"
    return CyberflowError(f"{path} cannot be used: {why.lower()}", help=help)


def _close_to_others(state: Path, say: Say) -> None:
    """Close a folder that others could read, which holds inputs and outputs of runs; say so where they could write."""
    others_wrote = state.stat().st_mode & 0o022
    try:
        if close_folder(state) and others_wrote:
            say(f"{state} was open to other users of this machine, and is closed now")
    except CyberflowError as error:
        say(f"{state} is open to other users of this machine and cannot be closed: {error.message.rpartition(': ')[2]}")


def state_folder(root: Path) -> Path:
    """The project's `.cyberflow`, made when it is not there."""
    return private_folder(root / STATE)


def dev_address(state: Path) -> PlatformAddress | None:
    try:
        data = parse_json((state / DEV).read_text(encoding="utf-8"))
        return PlatformAddress(str(data["url"]), str(data["token"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _lock_holder(state: Path) -> str:
    try:
        data = parse_json((state / HOLDER).read_text(encoding="utf-8"))
        return f"`{data['who']}` (process {data['pid']})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another cyberflow"
