"""/v1/run-attachments: the files of runs, in and out."""

from __future__ import annotations

from typing import Final

from cyberflow.emulator.contract.clock import stamp
from cyberflow.emulator.contract.errors import ApiResponse
from cyberflow.emulator.contract.run_bodies import AttachmentCreate, AttachmentUpdate
from cyberflow.emulator.cyberdesk.resource import Resource
from cyberflow.emulator.cyberdesk.runs.runs import find as find_run
from cyberflow.emulator.files import attachment_files, signed_urls
from cyberflow.emulator.http import query
from cyberflow.emulator.http.dispatch import ApiCall
from cyberflow.emulator.store import runs
from cyberflow.emulator.store.store import Document, field

ATTACHMENTS: Final = Resource("attachment", "Run attachment", "attachment_id")
TYPES = ("input", "output")


def create(call: ApiCall) -> Document:
    body: AttachmentCreate = call.body
    run = find_run(call, str(body.run_id))
    content = attachment_files.decode_base64(body.content, "content")
    file = attachment_files.AttachmentFile(
        body.filename, content, body.content_type, body.target_path, body.cleanup_imports_after_run
    )
    attachment = attachment_files.add_attachment(call.store, run.id, file, body.attachment_type, call.now)
    attachment["expires_at"] = stamp(body.expires_at) if body.expires_at else None
    call.store.replace("attachment", attachment)
    name = f"{body.attachment_type}_attachment_ids"
    run.doc[name] = [*(run.doc[name] or []), attachment["id"]]
    runs.save(call.store, run)
    return attachment


def list_items(call: ApiCall) -> Document:
    kind = query.choice(call.query, "attachment_type", TYPES)
    return ATTACHMENTS.page(
        call, {"parent = ?": query.uuid(call.query, "run_id"), f"{field('attachment_type')} = ?": kind}
    )


def get(call: ApiCall) -> Document:
    return ATTACHMENTS.of_path(call)


def update(call: ApiCall) -> Document:
    body: AttachmentUpdate = call.body
    attachment = ATTACHMENTS.of_path(call)
    expires = {"expires_at": stamp(body.expires_at) if body.expires_at else None}
    return ATTACHMENTS.replace(call, attachment, expires if "expires_at" in body.model_fields_set else {})


def delete(call: ApiCall) -> None:
    attachment = ATTACHMENTS.of_path(call)
    call.store.remove("attachment", attachment["id"])
    run = find_run(call, attachment["run_id"])
    name = f"{attachment['attachment_type']}_attachment_ids"
    run.doc[name] = [id for id in run.doc[name] or [] if id != attachment["id"]] or None
    runs.save(call.store, run)


def download(call: ApiCall) -> ApiResponse:
    attachment = ATTACHMENTS.of_path(call)
    return ApiResponse(
        200,
        content=call.store.content(attachment["id"]),
        content_type="application/octet-stream",
        headers=(attachment_files.content_disposition(attachment["filename"]),),
    )


def download_url(call: ApiCall) -> Document:
    attachment = ATTACHMENTS.of_path(call)
    seconds = query.integer(call.query, "expires_in", 300, 10, 3600)
    url = signed_urls.sign_for_seconds(call.store, call.base_url, attachment["storage_path"], call.now, seconds)
    return {"url": url, "expires_in": seconds}
