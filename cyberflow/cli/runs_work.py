"""What `cyberflow runs` does with a service: sessions read back as states, files fetched, machines freed."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from cyberflow.errors import CyberflowError, UsageError
from cyberflow.run import LOCAL, REMOTE, State, Step, Watch, advance, cancel
from cyberflow.service import ApiError
from cyberflow.service.wire import Run

if TYPE_CHECKING:
    from cyberflow.service import Cyberdesk

FIELDS = ("session_id", "session_alias", "started_at", "ended_at", "error")
NO_SUCH_ID = frozenset({404, 422})
_UNSAFE = re.compile(r"[^\w.() -]+")


@dataclass(frozen=True)
class Session:
    """A session, or a single run, as a state that can be followed."""

    state: State


async def table(desk: Cyberdesk, limit: int, status: str | None) -> list[dict[str, Any]]:
    """The newest runs, a row each, with the names of their workflows."""
    page = await desk.runs.page(
        limit=limit, sort_mode="created_at_desc", fields=FIELDS, include=("workflow",), status=status
    )
    names = _workflows(page.included)
    return [
        {
            "id": run.id,
            "status": run.status,
            "workflow": names.get(run.workflow_id, run.workflow_id),
            "session_id": run.session_id,
            "session_alias": run.session_alias,
            "created_at": run.created_at,
        }
        for run in page.items
    ]


async def read_session(desk: Cyberdesk, id: str) -> Session:
    """Find the runs of a session by its id or by that of one of its runs. Raises UsageError when there is none."""
    page = await desk.runs.page(
        session_id=id, limit=1000, sort_mode="created_at_desc", fields=FIELDS, include=("workflow",)
    )
    runs, names = list(page.items), _workflows(page.included)
    if not runs:
        run = await read_run(desk, id)
        names = _workflows(run.included)
        if run.session_id is not None:
            return await read_session(desk, run.session_id)
        return Session(State(names.get(run.workflow_id, "run"), (_step(run, names),)))
    steps = tuple(_step(run, names) for run in reversed(runs))
    return Session(State("session", steps, runs[0].session_id, {} if len(steps) > 1 else None))


async def read_run(desk: Cyberdesk, id: str) -> Run:
    """Read a run with its workflow. Raises UsageError when there is none of that id."""
    try:
        return await desk.runs.get(id, include=("workflow",))
    except ApiError as error:
        if error.status in NO_SUCH_ID:
            raise UsageError(
                f"there is no session and no run `{id}`", help="`cyberflow runs list` shows them"
            ) from None
        raise


def _step(run: Run, names: dict[str, str]) -> Step:
    workflow = names.get(run.workflow_id, run.workflow_id)
    error = tuple(str(text) for text in run.error or ())
    alias = run.session_alias or workflow
    return Step(alias, workflow, run.id, run.status, None, error, run.machine_id, run.started_at, run.ended_at)


def _workflows(included: list[Any] | None) -> dict[str, str]:
    """The names of included workflows by id."""
    found = (item for item in included or () if item.get("type") == "workflow")
    return {str(item["id"]): str(item.get("name") or item["id"]) for item in found}


async def cancel_session(desk: Cyberdesk, session: Session, *, local: bool) -> Session:
    state = session.state
    async for event in cancel(desk, state, Watch(LOCAL if local else REMOTE)):
        state, _ = advance(state, event)
    return Session(state)


async def release(desk: Cyberdesk, id: str, agree: Callable[[str], None], tell: Callable[[str], None]) -> int:
    """Free the machine of a session, after a yes that knows what it cancels."""
    machines = [machine async for machine in desk.machines.list() if machine.reserved_session_id == id]
    if not machines:
        raise UsageError(f"no machine is reserved for a session `{id}`", help="a session that ended holds none")
    state = (await read_session(desk, id)).state
    live = ", ".join(f"{step.id} ({step.status})" for step in state.live)
    names = ", ".join(machine.name or machine.id for machine in machines)
    agree(f"free {names}" + (f" and cancel {live}?" if live else "? nothing is live there"))
    for machine in machines:
        await desk.machines.update(machine.id, {"reserved_session_id": None})
    tell(f"{names} is free" + (f"; cancelled: {live}" if live else ""))
    return 0


async def download(desk: Cyberdesk, run: str, folder: Path) -> AsyncIterator[Path]:
    """Save the output attachments of a run; the size must be what the service said."""
    taken: set[str] = set()
    async for file in desk.attachments.list(run_id=run, attachment_type="output"):
        to = _place(folder, file.filename, taken)
        await desk.attachments.download(file.id, to)
        if to.stat().st_size != file.size_bytes:
            raise CyberflowError(f"{to} has {to.stat().st_size} bytes, the service said {file.size_bytes}")
        yield to


async def screenshots(desk: Cyberdesk, run: str, folder: Path) -> AsyncIterator[Path]:
    """Save every image of the message history of a run, each once, in its order."""
    found = await desk.runs.get(run)
    taken: set[str] = set()
    for number, url in enumerate(dict.fromkeys(_images(found.run_message_history)), 1):
        signed = await desk.runs.image_url(run, url)
        to = _place(folder, f"{number:03}{PurePosixPath(urlsplit(url).path).suffix or '.png'}", taken)
        await desk.download(signed.signed_url, to)
        yield to


def _images(history: Any) -> Iterator[str]:
    for message in history if isinstance(history, list) else ():
        content = message.get("content") if isinstance(message, dict) else None
        for block in content if isinstance(content, list) else ():
            if isinstance(block, dict) and block.get("type") == "image" and isinstance(block.get("image_url"), str):
                yield block["image_url"]


def _place(folder: Path, name: str, taken: set[str]) -> Path:
    """A path for a name that the platform gave: its base name, without what could lead elsewhere, and not taken."""
    base = _UNSAFE.sub("_", name.replace("\\", "/").rsplit("/", 1)[-1]).strip(". ") or "file"
    path = PurePosixPath(base)
    unique, number = base, 1
    while unique.casefold() in taken:
        number += 1
        unique = f"{path.stem}-{number}{path.suffix}"
    taken.add(unique.casefold())
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CyberflowError(f"{folder} cannot be made: {error.strerror}") from error
    return folder / unique
