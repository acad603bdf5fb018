"""`cyberflow dev`: the local platform on a port of this machine, with its web page."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cyberflow.cli.interrupts import SIGNALS
from cyberflow.cli.options import common_options
from cyberflow.errors import CyberflowError, UsageError
from cyberflow.storage import write_text
from cyberflow.targets.local_platform import DATABASE, DEV, PlatformAddress, state_folder, take_lock

if TYPE_CHECKING:
    from cyberflow.emulator.platform import Platform

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("dev")
@common_options()
@click.option("--port", type=click.IntRange(0, 65535), default=7700, show_default=True, help="0 picks a free one.")
@click.option("--api-key", metavar="KEY", help="The bearer key to accept; by default one is made and printed.")
@click.option("--open", "is_open", is_flag=True, help="Accept any bearer key.")
@click.option("--faults", type=_FILE, metavar="FILE", help="A JSON plan of what goes wrong; see the manual.")
@click.option("--webhook", "webhooks", multiple=True, metavar="URL", help="An endpoint for events; can be repeated.")
@click.option(
    "--webhook-secret",
    envvar="CYBERFLOW_WEBHOOK_SECRET",
    metavar="whsec_…",
    help="What signs the events; by default each endpoint has its own, printed at the start.",
)
def command(*, project: Path | None, port: int, quiet: bool, api_key: str | None, is_open: bool, **served: Any) -> int:
    """Serve the local platform on this machine.

    The Cyberdesk API under /v1, with a simulated agent and one connected machine, `local-1`; the official SDK can use
    it. Cyberun under /api/v1, with simulated tasks. A web page at / shows runs, workflows and machines. While it runs
    for a project, the project's target `local` talks to it. Outside a project it keeps nothing.

    \b
    Example:
      cyberflow dev
      cyberflow dev --port 0 --api-key test
      cyberflow dev --open
      cyberflow dev --webhook http://127.0.0.1:9000/hook --faults bad-day.json
    """
    if api_key is not None and is_open:
        raise UsageError("`--open` and `--api-key` exclude each other")
    key = api_key or secrets.token_urlsafe(24)
    with ExitStack() as stack:
        listening = stack.enter_context(_listen(port))
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        database = _claim_database(project, url, key, stack)
        platform = _open_platform(database, api_key=None if is_open else key, **served)
        banner = [] if quiet else _banner(url, None if is_open else key, database)
        where = database and database.parent, None if is_open else key
        _serve(listening, platform, banner, served["webhooks"], where)
    return 0


def _banner(url: str, key: str | None, database: Path | None) -> list[str]:
    where = "in memory" if database is None else f"in {database}"
    first = f"cyberflow dev: {url}  (API {url}/v1, data {where}, Ctrl-C ends it)"
    return [first, "key: any"] if key is None else [first, f"key: {key}", f"page: {url}/#key={key}"]


def _listen(port: int) -> socket.socket:
    listening = socket.socket(
        socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP
    )  # named, else asyncio keeps Nagle on
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(("127.0.0.1", port))
        listening.listen()
    except OSError as error:
        listening.close()
        help = "choose another with --port, or let 0 find one"
        raise CyberflowError(f"port {port} cannot be used: {(error.strerror or '').lower()}", help=help) from error
    return listening


def _claim_database(project: Path | None, url: str, key: str, stack: ExitStack) -> Path | None:
    """The database of the project, locked and announced; None outside a project."""
    from cyberflow.language.discovery import find_root

    try:
        root = find_root(project or Path.cwd())
    except UsageError:
        if project is not None:
            raise
        return None
    lock = take_lock(root, "cyberflow dev", lambda text: click.echo(text, err=True))
    assert not isinstance(lock, PlatformAddress)  # noqa: S101 - only who may share gets an address
    stack.callback(lock.release)
    state = state_folder(root)
    announcement = state / DEV
    write_text(announcement, json.dumps({"url": url, "token": key, "pid": os.getpid()}))
    stack.callback(announcement.unlink, missing_ok=True)
    return state / DATABASE


def _open_platform(
    database: Path | None,
    *,
    api_key: str | None,
    faults: Path | None,
    webhooks: tuple[str, ...],
    webhook_secret: str | None,
) -> Platform:
    from cyberflow.emulator.http.fault_plan import load_faults
    from cyberflow.emulator.platform import Platform
    from cyberflow.emulator.seeds import Seeds
    from cyberflow.language.project.load import read_project
    from cyberflow.targets.local_names import names_of

    plan = load_faults(faults) if faults else ()
    hooks = dict.fromkeys(webhooks, webhook_secret) if webhook_secret else webhooks
    seeds = Seeds.model_validate(names_of(read_project(database.parent.parent)) if database else {})
    return Platform.open(database or ":memory:", api_key=api_key, faults=plan, webhooks=hooks, seeds=seeds)


def _serve(
    listening: socket.socket,
    platform: Platform,
    banner: list[str],
    webhooks: tuple[str, ...],
    where: tuple[Path | None, str | None],
) -> None:
    """`where` is the project's state folder, and the key that is asked for."""
    from cyberflow.web.project.routes import dev_site
    from cyberflow.web.server import Host, serve

    ending = _Ending()
    with platform:
        for line in banner:
            click.echo(line)
        for hook in webhooks:
            click.echo(f"webhook {hook}: secret {platform.webhook_sender.signing_secret(hook)}")
        if webhooks:
            platform.webhook_sender.start()
        host = Host(lambda: ending.is_asked, _ProjectWatcher(platform, where[0]).look, platform.end_streams)
        serve(dev_site(platform, *where), listening, host)


class _Ending:
    """Remembers that a signal came. The one that Python raises for it gets lost where it meets the wrong moment."""

    def __init__(self) -> None:
        self.is_asked = False
        for number in (signal.SIGINT, *SIGNALS):
            signal.signal(number, self._note)

    def _note(self, _number: int, _frame: object) -> None:
        self.is_asked = True


class _ProjectWatcher:
    """Says once that the data of the platform were removed while it runs."""

    def __init__(self, platform: Platform, state: Path | None) -> None:
        self._platform, self._state = platform, state

    def look(self) -> None:
        if self._state is not None and self._platform.is_gone():
            text = f"{self._state} was removed: what this platform holds ends with it, and `local` does not find it"
            click.echo(f"cyberflow dev: {text}; end it and start it anew", err=True)
            self._state = None
