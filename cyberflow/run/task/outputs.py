"""The outputs of a task on this disk: under safe names made of their keys, with the ending that their content has. A
file appears whole, or not at all.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from cyberflow.errors import CyberflowError
from cyberflow.storage import make_folder, open_partial, safe_name, unique_path, write_errors

if TYPE_CHECKING:
    from cyberflow.client.cyberun.outputs import Outputs

_KINDS: tuple[tuple[bytes, int, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", 0, ".png"),
    (b"\xff\xd8\xff", 0, ".jpg"),
    (b"GIF8", 0, ".gif"),
    (b"WEBP", 8, ".webp"),
    (b"WAVE", 8, ".wav"),
    (b"ftyp", 4, ".mp4"),
    (b"\x1aE\xdf\xa3", 0, ".webm"),
    (b"glTF", 0, ".glb"),
    (b"ply\n", 0, ".ply"),
    (b"PK\x03\x04", 0, ".zip"),
    (b"%PDF-", 0, ".pdf"),
    (b"fLaC", 0, ".flac"),
    (b"OggS", 0, ".ogg"),
    (b"ID3", 0, ".mp3"),
    (b"II*\x00", 0, ".tif"),
    (b"v/1\x01", 0, ".exr"),
)
_SAME = ({".jpg", ".jpeg"}, {".tif", ".tiff"}, {".mp4", ".m4v", ".mov", ".m4a"}, {".zip", ".npz"})
_ENDING = re.compile(r"\.[A-Za-z][A-Za-z0-9]{0,7}")
_PLAIN = re.compile(r"[^\x00-\x08\x0e-\x1f\x7f]+")
_CUT = 3
"""Bytes that a character may lack at the end of the head."""
HEAD = 512


@dataclass(frozen=True)
class SavedOutput:
    """`path` is None where it could not be saved, for the reason in `failure`; `url` opens it for a while then."""

    key: str
    path: Path | None = None
    url: str | None = None
    failure: CyberflowError | None = None

    def to_json(self) -> dict[str, str]:
        return {"path": str(self.path)} if self.path else {"url": self.url} if self.url else {}


async def save_outputs(outputs: Outputs, folder: Path) -> AsyncIterator[SavedOutput]:
    """Read the result and save every output in a folder. What was there under such a name is replaced. One that cannot
    be saved keeps no other from it. Raises as the service does when the result cannot be read.
    """
    taken: set[str] = set()
    for output in await outputs.read():
        try:
            yield SavedOutput(output.key, await _save(outputs, output.key, folder, taken))
        except CyberflowError as error:
            yield SavedOutput(output.key, url=output.url, failure=error)


async def _save(outputs: Outputs, key: str, folder: Path, taken: set[str]) -> Path:
    with write_errors(folder), open_partial(make_folder(folder)) as part:
        await outputs.download(key, part.file)
        part.file.seek(0)
        to = unique_path(folder, file_name(key, part.file.read(HEAD)), taken)
        part.move_to(to)
    return to


def file_name(key: str, head: bytes) -> str:
    """A safe name for what the platform calls an output, with the ending that the first bytes ask for."""
    name = safe_name(key)
    suffix = PurePosixPath(name).suffix.lower()
    kind = next((ending for magic, at, ending in _KINDS if head[at : at + len(magic)] == magic), _text_ending(head))
    if kind is None:
        return name if _ENDING.fullmatch(suffix) else safe_name(f"{name}.bin")
    alike = next((group for group in _SAME if kind in group), {kind})
    if kind == ".txt" and _ENDING.fullmatch(suffix):
        return name  # `.csv`, `.md`, `.obj`: a text may be more than one
    return name if suffix in alike else safe_name(f"{name}{kind}")


def _text_ending(head: bytes) -> str | None:
    """The ending of a text; one that the head cuts a character of is one too."""
    text = head.decode("utf-8", "ignore")
    if not text.strip() or len(head) - len(text.encode()) > _CUT or not _PLAIN.fullmatch(text):
        return None
    return ".json" if text.lstrip()[0] in "{[" else ".txt"
