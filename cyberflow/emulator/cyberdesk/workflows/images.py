"""Prompt images: assets of the organisation, known by content, under a stable `supabase://` address."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Final

from cyberflow.emulator.contract.clock import stamp
from cyberflow.emulator.contract.errors import HttpError
from cyberflow.emulator.cyberdesk.resource import Resource
from cyberflow.emulator.files import signed_urls
from cyberflow.emulator.http import query
from cyberflow.emulator.http.dispatch import ApiCall
from cyberflow.emulator.http.upload import MultipartFile
from cyberflow.emulator.store.store import Document

IMAGES: Final = Resource("image", "Prompt image", "path")
BUCKET = "workflow-prompt-images"
SIGNED_SECONDS = 3600
_ADDRESS = re.compile(rf"{signed_urls.SCHEME}{BUCKET}/([^\"'\s<>]+)")


def upload(call: ApiCall) -> Document:
    """The same bytes under the same name are one image; other bytes get a number added to the name."""
    body: MultipartFile = call.body
    kind = sniff(body.content)
    if kind is None:
        raise HttpError(400, "Unsupported image: PNG, JPEG, GIF or WebP")
    image = _add_image(call, safe_name(body.filename), kind, body.content)
    return _sign(call, image) | {
        "filename": image["filename"],
        "content_type": kind,
        "size_bytes": image["size_bytes"],
    }


def list_items(call: ApiCall) -> list[Document]:
    return [
        {
            "supabase_url": address(image),
            "path": image["id"],
            "filename": image["filename"],
            "created_at": image["created_at"],
            "size_bytes": image["size_bytes"],
        }
        for image in call.store.every("image")
    ]


def get_signed_url(call: ApiCall) -> Document:
    return _sign(call, _find(call)) | {"expires_in": SIGNED_SECONDS}


def _sign(call: ApiCall, image: Document) -> Document:
    place = f"{BUCKET}/{image['id']}"
    signed = signed_urls.sign_for_seconds(call.store, call.base_url, place, call.now, SIGNED_SECONDS)
    return {"supabase_url": address(image), "signed_url": signed}


def delete(call: ApiCall) -> None:
    call.store.remove("image", _find(call)["id"])


def copy_images(call: ApiCall, prompt: str) -> str:
    """Copy every image that a prompt shows to a path of its own; the prompt comes back with the new addresses."""

    def copy_image(found: re.Match[str]) -> str:
        image = call.store.find("image", found[1])
        if image is None:
            return found[0]
        content = call.store.content(image["id"])
        return address(_add_image(call, f"copy-{image['filename']}", image["content_type"], content, shared=False))

    return _ADDRESS.sub(copy_image, prompt)


def address(image: Document) -> str:
    return f"{signed_urls.SCHEME}{BUCKET}/{image['id']}"


def sniff(content: bytes) -> str | None:
    """The type by content, whatever the name says."""
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return None


def safe_name(name: str) -> str:
    """The base name, in letters, digits, dot, dash and underscore, at most 128 long."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    kept = re.sub(r"[^A-Za-z0-9._-]+", "-", last).strip(".-")
    return kept[-128:].lstrip(".-") or "image"


def _add_image(call: ApiCall, name: str, kind: str, content: bytes, *, shared: bool = True) -> Document:
    folder = f"{call.store.organisation}/prompt-assets"
    stem, suffix = PurePosixPath(name).stem, PurePosixPath(name).suffix
    path, number = f"{folder}/{name}", 0
    while (there := call.store.find("image", path)) is not None:
        if shared and call.store.content(path) == content:
            return there
        number += 1
        path = f"{folder}/{stem}-{number}{suffix}"
    image = {
        "id": path,
        "filename": path.rsplit("/", 1)[-1],
        "content_type": kind,
        "size_bytes": len(content),
        "created_at": stamp(call.now),
    }
    call.store.add("image", image)
    call.store.keep_content(path, content)
    return image


def _find(call: ApiCall) -> Document:
    return IMAGES.require(call, query.require_text(call.query, "path"))
