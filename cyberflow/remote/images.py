"""The prompt images of an account: which ones cyberflow uploaded, and which prompt shows which."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from hashlib import sha256
from io import BytesIO
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from cyberflow.client.cyberdesk.wire import Image, WorkflowRecord
from cyberflow.compiler.bundle import Asset
from cyberflow.remote.concurrency import run_concurrently

if TYPE_CHECKING:
    from cyberflow.client.cyberdesk.client import Cyberdesk

MOST = 100
"""Images that one snapshot looks into."""

BUCKET = "supabase://workflow-prompt-images/"
_OUR_NAME = re.compile(r"(?P<slug>.+)-[0-9a-f]{16}(?:-[0-9]+)?(?P<ending>\.(?:png|jpg|gif|webp))")
_ADDRESS = re.compile(r"supabase://[^\"'\s<>\\]+")


def is_our_upload(image: Image) -> bool:
    """Whether its name is one that cyberflow gives: a slug and half of the content's hash."""
    return _OUR_NAME.fullmatch(image.filename) is not None


def name_without_hash(filename: str) -> str:
    """The readable part of a name that cyberflow gives; another name stays as it is."""
    return _OUR_NAME.sub(r"\g<slug>\g<ending>", filename) if _OUR_NAME.fullmatch(filename) else filename


async def hash_candidates(desk: Cyberdesk, images: Sequence[Image], assets: Iterable[Asset]) -> dict[str, str]:
    """The hashes of images that may be an asset which no name of ours leads to: those of its size, and few of them."""
    unknown = [one for one in assets if one.content_type.startswith("image/")]
    unknown = [one for one in unknown if not any(one.sha256[:16] in image.filename for image in images)]
    sizes = {one.size for one in unknown}
    alike = [one for one in images if one.size_bytes in sizes and not is_our_upload(one)]
    found = await fetch_images(desk, [one.supabase_url for one in alike[:MOST]])
    return {url: sha256(content).hexdigest() for url, content in found.items()}


async def fetch_images(desk: Cyberdesk, urls: Sequence[str]) -> dict[str, bytes]:
    """The images behind addresses, several at once, each through a signed url of its own."""

    async def fetch(url: str, to: Path) -> tuple[str, bytes]:
        signed = await desk.images.signed_url(image_path(url))
        return url, (await desk.download(signed.signed_url, to)).read_bytes()

    with TemporaryDirectory() as name:
        jobs = [partial(fetch, url, Path(name) / str(number)) for number, url in enumerate(urls)]
        found = dict([one async for one in run_concurrently(jobs)])
    return {url: found[url] for url in urls}


def find_image(content: str, name: str, images: Iterable[Image], contents: Mapping[str, str]) -> Image | None:
    """Find an upload by its name, which holds half of the content's hash (the service may have changed the rest), or
    one of somebody else's by its content; of several the oldest.
    """
    exact, alike = [], []
    for image in images:
        if image.filename == name:
            exact.append(image)
        elif content[:16] in PurePosixPath(image.filename).stem or contents.get(image.supabase_url) == content:
            alike.append(image)
    return min(exact or alike, key=lambda image: (image.created_at or "~", image.supabase_url), default=None)


def image_path(url: str) -> str:
    """What the service calls the path of an image, from its address."""
    return url.removeprefix(BUCKET)


def image_addresses(fields: Mapping[str, Any] | WorkflowRecord) -> frozenset[str]:
    """The addresses that stand anywhere in a workflow, in fields of no concern to us too."""
    whole = fields.to_json() if isinstance(fields, WorkflowRecord) else {**fields}
    whole.pop("old_versions", None)
    return frozenset(_ADDRESS.findall(json.dumps(whole)))


def orphans(images: Iterable[Image], used: Iterable[frozenset[str]]) -> tuple[Image, ...]:
    """The images of ours that none of the texts shows."""
    all_used = frozenset().union(*used)
    found = (one for one in images if is_our_upload(one) and one.supabase_url not in all_used)
    return tuple(sorted(found, key=lambda one: (one.filename, one.supabase_url)))


def pixel_digest(content: bytes) -> str:
    """The digest of what an image shows, whatever file holds it; that of the bytes for what cannot be read."""
    from PIL import Image as Picture
    from PIL import ImageSequence

    found = sha256()
    try:
        with Picture.open(BytesIO(content)) as picture:
            for frame in ImageSequence.Iterator(picture):
                found.update(repr((frame.size, frame.info.get("duration"))).encode())
                found.update(frame.convert("RGBA").tobytes())
    except (OSError, ValueError, SyntaxError, EOFError, Picture.DecompressionBombError):
        return sha256(content).hexdigest()
    return found.hexdigest()
