"""The files of runs on this disk: what they exported and their screenshots, streamed, under names that lead nowhere
else. A file appears whole and of the promised size, or not at all.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from cyberflow.run.chain.events import ChainState
from cyberflow.storage import safe_name, unique_path

if TYPE_CHECKING:
    from cyberflow.client.cyberdesk.client import Cyberdesk

SCREENSHOTS = "screenshots"


def output_folder(name: str, id: str, below: Path | None = None) -> Path:
    """Where the files of one run go, which hold those of no other: `below` itself while that is new or empty, else a
    folder of the run's own in it; `outputs/NAME` where nothing is said.
    """
    if below is not None and (not below.exists() or (below.is_dir() and not any(below.iterdir()))):
        return below
    return (below or Path("outputs", safe_name(name))) / id[:8]


async def save_all(desk: Cyberdesk, state: ChainState, folder: Path) -> AsyncIterator[Path]:
    """Save the exports and screenshots of every step that has ended, each step in a folder of its own name.

    Raises CyberflowError for the disk and for a file of another size, ApiError and Unreachable as the service does.
    """
    for step in state.steps:
        if step.is_live:
            continue
        own = folder / safe_name(step.id)
        async for path in save_exports(desk, step.run_id, own):
            yield path
        async for path in save_screenshots(desk, step.run_id, own / SCREENSHOTS):
            yield path


async def save_exports(desk: Cyberdesk, run: str, folder: Path) -> AsyncIterator[Path]:
    """Save the output attachments of a run. What was there under such a name is replaced. Raises as `save_all`."""
    taken: set[str] = set()
    async for file in desk.attachments.list(run_id=run, attachment_type="output"):
        to = unique_path(folder, file.filename, taken)
        yield await desk.attachments.download(file.id, to, file.size_bytes)


async def save_screenshots(desk: Cyberdesk, run: str, folder: Path) -> AsyncIterator[Path]:
    """Save every image of a run's message history once, numbered in its order, each through a fresh signed url."""
    found = await desk.runs.get(run)
    taken: set[str] = set()
    for number, url in enumerate(dict.fromkeys(_image_urls(found.run_message_history)), 1):
        signed = await desk.runs.image_url(run, url)
        to = unique_path(folder, f"{number:03}{PurePosixPath(urlsplit(url).path).suffix or '.png'}", taken)
        await desk.download(signed.signed_url, to)
        yield to


def _image_urls(history: Any) -> Iterator[str]:
    for message in history if isinstance(history, list) else ():
        content = message.get("content") if isinstance(message, dict) else None
        for block in content if isinstance(content, list) else ():
            if isinstance(block, dict) and block.get("type") == "image" and isinstance(block.get("image_url"), str):
                yield block["image_url"]
