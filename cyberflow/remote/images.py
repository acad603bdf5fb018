"""Prompt images of an account as deployments see them: which ones cyberflow uploaded, and which prompt shows which."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from cyberflow.client.cyberdesk.wire import Image, WorkflowRecord
from cyberflow.compiler.bundle import Asset

if TYPE_CHECKING:
    from cyberflow.client.cyberdesk.client import Cyberdesk

AT_ONCE = 8
MOST = 100
"""Images that one snapshot looks into."""

BUCKET = "supabase://workflow-prompt-images/"
_OURS = re.compile(r".+-[0-9a-f]{16}(?:-[0-9]+)?\.(?:png|jpg|gif|webp)")
_ADDRESS = re.compile(r"supabase://[^\"'\s<>\\]+")


def is_our_upload(image: Image) -> bool:
    """Whether its name is one that cyberflow gives: a slug and half of the content's hash."""
    return _OURS.fullmatch(image.filename) is not None


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
    gate = asyncio.Semaphore(AT_ONCE)

    async def fetch_one(number: int, url: str, folder: Path) -> bytes:
        async with gate:
            signed = await desk.images.signed_url(image_path(url))
            path = await desk.download(signed.signed_url, folder / str(number))
        return path.read_bytes()

    if not urls:
        return {}
    with TemporaryDirectory() as name:
        jobs = [fetch_one(number, url, Path(name)) for number, url in enumerate(urls)]
        return dict(zip(urls, await asyncio.gather(*jobs), strict=True))


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
