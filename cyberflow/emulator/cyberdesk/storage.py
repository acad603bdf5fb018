"""The objects behind signed URLs: prompt images, attachments, and screenshots, which are drawn when fetched."""

from __future__ import annotations

import re

from cyberflow.emulator.contract.errors import ApiResponse, not_found
from cyberflow.emulator.cyberdesk.workflows import images
from cyberflow.emulator.engine import history
from cyberflow.emulator.files import attachment_files, screenshot, signed_urls
from cyberflow.emulator.http.dispatch import ApiCall
from cyberflow.emulator.store import runs

_SCREENSHOT = re.compile(r"message-history/[^/]+/(?P<run>[0-9a-f-]{36})_\d+_\d+\.png")


def fetch(call: ApiCall) -> ApiResponse:
    bucket, path = call.params["bucket"], call.params["path"]
    signed_urls.verify(call.store, f"{bucket}/{path}", call.query.get("token", ""), call.now)
    if bucket == images.BUCKET:
        image = call.store.find("image", path)
        if image is not None:
            return ApiResponse(200, content=call.store.content(path), content_type=image["content_type"])
    elif bucket == attachment_files.BUCKET:
        attachment = call.store.find("attachment", path.rsplit("/", 1)[-1])
        if attachment is not None:
            content = call.store.content(attachment["id"])
            headers = (attachment_files.content_disposition(attachment["filename"]),)
            return ApiResponse(200, content=content, content_type=attachment["content_type"], headers=headers)
    elif bucket == history.BUCKET and (named := _SCREENSHOT.fullmatch(path)):
        return _screenshot(call, named["run"], path)
    raise not_found("Object")


def _screenshot(call: ApiCall, run_id: str, path: str) -> ApiResponse:
    run = runs.find(call.store, run_id)
    taken = history.frames(run, call.now) if run else []
    for frame in taken:
        if run and history.image_path(run, call.store.organisation, frame) == path:
            return ApiResponse(200, content=screenshot.render(run, frame), content_type="image/png")
    raise not_found("Object")
