"""/v1/run-attachments: the files of runs, in and out."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from cyberflow.emulator.contract.clock import stamp
from cyberflow.emulator.contract.errors import ApiResponse, not_found
from cyberflow.emulator.contract.run_bodies import AttachmentCreate, AttachmentUpdate
from cyberflow.emulator.cyberdesk.runs import find as find_run
from cyberflow.emulator.engine import files, runs, signed_urls
from cyberflow.emulator.engine.store import Document
from cyberflow.emulator.http import query
from cyberflow.emulator.http.dispatch import ApiCall

KINDS = ("input", "output")


def create(call: ApiCall) -> Document:
    body: AttachmentCreate = call.body
    run = find_run(call, str(body.run_id))
    file = files.AttachmentFile(
        body.filename,
        files.decode_base64(body.content, "content"),
        body.content_type,
        body.target_path,
        body.cleanup_imports_after_run,
    )
    attachment = files.add_attachment(call.store, run.id, file, body.attachment_type, call.now)
    attachment["expires_at"] = stamp(body.expires_at) if body.expires_at else None
    call.store.replace("attachment", attachment)
    name = f"{body.attachment_type}_attachment_ids"
    run.doc[name] = [*(run.doc[name] or []), attachment["id"]]
    runs.save(call.store, run)
    return attachment


def list_page(call: ApiCall) -> Any:
    run_id = query.uuid(call.query, "run_id")
    kind = query.choice(call.query, "attachment_type", KINDS)
    found = call.store.children("attachment", run_id) if run_id else call.store.every("attachment")
    found = [item for item in found if kind is None or item["attachment_type"] == kind]
    return query.Pagination.from_query(call.query).page(found, lambda item: item)


def get(call: ApiCall) -> Document:
    found = call.store.find("attachment", call.path_id("attachment_id"))
    if found is None:
        raise not_found("Run attachment")
    return found


def update(call: ApiCall) -> Document:
    body: AttachmentUpdate = call.body
    attachment = get(call)
    if "expires_at" in body.model_fields_set:
        attachment["expires_at"] = stamp(body.expires_at) if body.expires_at else None
        call.store.replace("attachment", attachment)
    return attachment


def delete(call: ApiCall) -> None:
    attachment = get(call)
    call.store.remove("attachment", attachment["id"])
    run = find_run(call, attachment["run_id"])
    name = f"{attachment['attachment_type']}_attachment_ids"
    run.doc[name] = [id for id in run.doc[name] or [] if id != attachment["id"]] or None
    runs.save(call.store, run)


def download(call: ApiCall) -> ApiResponse:
    attachment = get(call)
    plain = re.sub(r"[^\x20-\x7e]|[\"\\]", "_", attachment["filename"])
    disposition = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(attachment['filename'], safe='')}"
    return ApiResponse(
        200,
        content=call.store.content(attachment["id"]),
        content_type="application/octet-stream",
        headers=(("Content-Disposition", disposition),),
    )


def download_url(call: ApiCall) -> Document:
    attachment = get(call)
    seconds = query.integer(call.query, "expires_in", 300, 10, 3600)
    url = signed_urls.sign_for_seconds(call.store, call.base_url, attachment["storage_path"], call.now, seconds)
    return {"url": url, "expires_in": seconds}
