"""/v1/runs/…: make one or many of a kind, read, change, cancel, delete, and the signed URLs of their screenshots."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from cyberflow.emulator.contract.clock import stamp
from cyberflow.emulator.contract.errors import HttpError, not_found
from cyberflow.emulator.contract.run_bodies import RunBulk, RunCreate, RunUpdate
from cyberflow.emulator.cyberdesk.machines.membership import include_machine, include_machine_and_pools
from cyberflow.emulator.cyberdesk.resource import WORKFLOWS, include, include_workflow
from cyberflow.emulator.cyberdesk.runs import create_runs
from cyberflow.emulator.engine import history, sessions, trajectory
from cyberflow.emulator.files import signed_urls
from cyberflow.emulator.http import query
from cyberflow.emulator.http.dispatch import ApiCall
from cyberflow.emulator.store import runs
from cyberflow.emulator.store.runs import RunRow
from cyberflow.emulator.store.store import Document, new_id

BASE = frozenset({"id", "workflow_id", "machine_id", "status", "created_at"})
INCLUDES: Mapping[str, Any] = {
    "workflow": include_workflow,
    "machine": include_machine,
    "machine.pools": include_machine_and_pools,
}
PATCHABLE = (
    "error",
    "output_data",
    "output_attachment_ids",
    "run_message_history",
    "input_values",
    "usage_metadata",
    "post_run_checks",
    "release_session_after",
)


def create(call: ApiCall) -> Document:
    body: RunCreate = call.body
    models = body.model_metadata.model_dump(mode="json") if body.model_metadata else None
    if body.main_agent_model_id is not None:
        models = (models or {}) | {"main_agent_model_id": str(body.main_agent_model_id)}
    request = replace(
        _new_run(call, body, is_priority=body.is_priority),
        alias=body.session_alias,
        release=body.release_session_after,
        main_prompt=body.main_prompt,
        model_metadata=models,
    )
    create_runs.raise_violations(create_runs.validate(call, request))
    run = create_runs.submit(call, request)
    create_runs.attach_files(call, run, body.file_inputs, "file_inputs")
    return show(call, run)


def create_many(call: ApiCall) -> Document:
    """All of one kind, in one transaction. They share the session that they begin."""
    body: RunBulk = call.body
    first = _new_run(call, body, is_priority=body.is_priority)
    create_runs.raise_violations(create_runs.validate(call, first))
    if body.start_session:
        first = replace(first, placement=replace(first.placement, session_id=new_id()))
    made: list[RunRow] = []
    for _ in range(body.count):
        run = create_runs.submit(call, replace(first, id=new_id()))
        create_runs.attach_files(call, run, body.file_inputs, "file_inputs")
        made.append(run)
    return {"created_runs": [show(call, run) for run in made], "failed_count": 0, "errors": []}


def get(call: ApiCall) -> Document:
    shown = show(call, find(call, call.path_id("run_id")))
    return shown | {"included": include(call, [shown], INCLUDES)}


def update(call: ApiCall) -> Document:
    """Of statuses only `cancelled` can be set, and only on a live run; the rest are fields of the row."""
    body: RunUpdate = call.body
    run = find(call, call.path_id("run_id"))
    sent = body.model_dump(mode="json", include=body.model_fields_set)
    status = sent.get("status")
    if status not in {None, run.status} and (status != "cancelled" or not run.is_live):
        raise HttpError(400, f"A run in status {run.status} cannot be set to {status}")
    run.doc |= {key: sent[key] for key in PATCHABLE if key in sent}
    for name, value in (("started_at", body.started_at), ("ended_at", body.ended_at)):
        if value is not None and not run.is_live:
            setattr(run, name, stamp(value))
    runs.save(call.store, run)
    if status == "cancelled" and run.is_live:
        sessions.cancel_run(call.store, call.secret_store, run, call.now)
    return show(call, find(call, run.id))


def delete(call: ApiCall) -> None:
    forget(call, find(call, call.path_id("run_id")))


def forget(call: ApiCall, run: RunRow) -> None:
    """Remove a run with its files; a live one is cancelled first, so that its session learns of it."""
    if run.is_live:
        sessions.cancel_run(call.store, call.secret_store, run, call.now)
    for attachment in call.store.children("attachment", run.id):
        call.store.remove("attachment", attachment["id"])
    trajectory.detach_run(call.store, run.id)
    runs.remove(call.store, run.id)


def image_url(call: ApiCall) -> Document:
    run = find(call, call.path_id("run_id"))
    url = query.require_text(call.query, "image_url")
    seconds = query.integer(call.query, "expires_in", 3600, 10, 3600)
    bucket, slash, path = url.removeprefix(signed_urls.SCHEME).partition("/")
    if not url.startswith(signed_urls.SCHEME) or not bucket or not slash or not path:
        raise HttpError(400, "Invalid Supabase URL")
    if bucket != history.BUCKET:
        raise HttpError(400, "Only run-images URLs are supported")
    if url not in history.image_urls(run, call.store.organisation, call.now):
        raise HttpError(403, "Image URL is not present in this run's message history")
    if not path.startswith(f"message-history/{call.store.organisation}/"):
        raise HttpError(403, "Image URL does not belong to the organization")
    signed = signed_urls.sign_for_seconds(call.store, call.base_url, f"{bucket}/{path}", call.now, seconds)
    return {"supabase_url": url, "signed_url": signed, "expires_in": seconds}


def find(call: ApiCall, id: str) -> RunRow:
    run = runs.find(call.store, id)
    if run is None:
        raise not_found("Run")
    return run


def show(call: ApiCall, run: RunRow, fields: list[str] | None = None) -> Document:
    """The public form; with a projection only the base fields and those asked for."""
    shown = runs.public_fields(run)
    if fields:
        shown = {key: value for key, value in shown.items() if key in BASE or key in fields}
    if "run_message_history" in shown and shown["run_message_history"] is None:
        shown["run_message_history"] = history.messages(run, call.store.organisation, call.now)
    return shown


def _new_run(call: ApiCall, body: RunCreate | RunBulk, *, is_priority: bool) -> create_runs.NewRun:
    create_runs.check_session_choice(body)
    id = new_id()
    place = create_runs.resolve_placement(call, body.machine_id, body.pool_ids, body.session_id)
    if body.start_session:
        place = replace(place, session_id=id)
    return create_runs.NewRun(
        WORKFLOWS.require(call, body.workflow_id),
        place,
        body.input_values,
        body.sensitive_input_values,
        is_priority=is_priority,
        id=id,
    )
