"""One file of a multipart request, with the limit of the service on its size."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

from cyberflow.emulator.contract.errors import HttpError, InvalidRequest, violation
from cyberflow.emulator.http.body import CLOSE, deadline

MAX_BYTES = 10 * 1024 * 1024
FRAMING = 64 * 1024
"""What boundaries and part headers may add to a file of exactly the limit."""


@dataclass(frozen=True, slots=True)
class MultipartFile:
    filename: str
    content: bytes

    def summary(self) -> dict[str, str]:
        """What identifies this body: the boundary and the part's headers do not."""
        return {"filename": self.filename, "sha256": hashlib.sha256(self.content).hexdigest()}


async def read_upload(request: Request) -> MultipartFile:
    too_large = HttpError(413, "File too large: at most 10 MB", headers=CLOSE)
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > MAX_BYTES + FRAMING:
        raise too_large
    try:
        async with deadline(), request.form(max_files=1, max_fields=8) as form:
            part = form.get("file")
            if not isinstance(part, UploadFile):
                raise InvalidRequest([violation(["body", "file"], "Field required", "missing")])
            content = await part.read(MAX_BYTES + 1)
            if len(content) > MAX_BYTES:
                raise too_large
            return MultipartFile(part.filename or "image", content)
    except HTTPException as error:
        raise HttpError(400, "The multipart body cannot be read") from error
