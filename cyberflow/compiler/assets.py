"""Assets: files that go along with prompts and chains, known by their content and named by it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from cyberflow.compiler.bundle import ASSET, Asset
from cyberflow.diagnostics import Diagnostic
from cyberflow.language.files import Files, meant_path
from cyberflow.late import dataclass
from cyberflow.source import Place, Text

if TYPE_CHECKING:
    from cyberflow.language.prompt.sanitize import ImageRefusal

LARGEST_IMAGE = 10 * 1024 * 1024
_MAGIC = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png", "png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg", "jpg"),
    (re.compile(rb"GIF8[79]a"), "image/gif", "gif"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "image/webp", "webp"),
)


@dataclass
class AssetCollector:
    """Every asset of one compilation, by its sha256, and those that each file names."""

    files: Files
    by_digest: dict[str, Asset] = field(default_factory=dict)
    by_user: dict[str, dict[str, Asset]] = field(default_factory=dict)

    def add_image(self, prompt: Text, source: str, at: int) -> str | ImageRefusal:
        """What the bundle holds for an image that stands in a prompt at an offset, or why it cannot be used. Its path
        counts from the file that this part of the prompt was written in.
        """
        from cyberflow.language.prompt.sanitize import ImageRefusal

        file = self.files.find(source, prompt.place(at, at + 1))
        if isinstance(file, Diagnostic):
            message = file.message + (f" ({file.note})" if file.note else "")
            return ImageRefusal(message, file.help, meant_path(file) or None, file.fix is not None and file.fix.safe)
        try:
            kind = self._image_type(file)
            size = self.files.size(file)
            digest = "" if size > LARGEST_IMAGE else self.files.sha256(file)
        except OSError as error:
            return ImageRefusal(f"`{source}` cannot be read ({error.strerror})")
        if kind is None:
            return ImageRefusal(
                f"`{source}` is not a PNG, JPEG, GIF or WebP", "the content decides, not the name of the file"
            )
        if not digest:
            self.files.distrust(prompt.place(at, at + 1).path)
            return ImageRefusal(f"`{source}` has {size:,} bytes; an image may have {LARGEST_IMAGE:,}")
        name = f"{_slug(PurePosixPath(file).stem)}-{digest[:16]}.{kind[1]}"
        self._add(prompt.place(at, at + 1).path, Asset(digest, name, kind[0], size), anew=True)
        return ASSET + digest

    def add_file(self, name: str, place: Place) -> str | Diagnostic:
        """What the bundle holds for a file of a chain or workflow, named at `place`."""
        path = self.files.find(name, place)
        if isinstance(path, Diagnostic):
            return path
        try:
            digest = self.files.sha256(path)
        except OSError as error:
            return Diagnostic("file-not-found", f"`{name}` cannot be read", place, note=error.strerror or "")
        content = Asset(digest, PurePosixPath(path).name, "application/octet-stream", self.files.size(path))
        self._add(place.path, content, anew=False)
        return ASSET + digest

    def _add(self, user: str, asset: Asset, *, anew: bool) -> None:
        """An image gives its name to what is sent; a file with the same content takes it."""
        for known in (self.by_digest, self.by_user.setdefault(user, {})):
            if anew or asset.sha256 not in known:
                known[asset.sha256] = asset

    def _image_type(self, file: str) -> tuple[str, str] | None:
        beginning = self.files.read_beginning(file)
        return next(((mime, ending) for magic, mime, ending in _MAGIC if magic.match(beginning)), None)

    def __iter__(self) -> Iterator[Asset]:
        return iter(sorted(self.by_digest.values(), key=lambda asset: (asset.filename, asset.sha256)))


def _slug(stem: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-") or "image"
