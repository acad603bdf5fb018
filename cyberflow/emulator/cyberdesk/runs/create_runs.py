"""What making a run means, however it is asked for: its workflow, place and secrets are looked at, its inputs are
validated as far as they can be, its files are kept, and its row is written in status `scheduling`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cyberflow.emulator.contract.clock import stamp
from cyberflow.emulator.contract.errors import InvalidRequest, violation
from cyberflow.emulator.contract.run_bodies import FileInput, SubmissionBody
from cyberflow.emulator.cyberdesk.machines.membership import MACHINES, POOLS
from cyberflow.emulator.cyberdesk.runs import scripts
from cyberflow.emulator.engine import checks, inputs, sessions
from cyberflow.emulator.engine.schemas import SchemaViolation
from cyberflow.emulator.files import attachment_files
from cyberflow.emulator.http.dispatch import ApiCall
from cyberflow.emulator.store import runs
from cyberflow.emulator.store.runs import RunRow
from cyberflow.emulator.store.secret_store import secret_aliases
from cyberflow.emulator.store.store import Document, new_id


@dataclass(frozen=True, slots=True)
class MachinePlacement:
    """Where a run may go. With a session the rest is ignored."""

    machine_id: str | None = None
    pool_ids: tuple[str, ...] = ()
    session_id: str | None = None


@dataclass(frozen=True, slots=True)
class NewRun:
    """One run to be made; `loc` is where its inputs stand in the body."""

    workflow: Document
    placement: MachinePlacement
    inputs: Mapping[str, Any] | None = None
    secrets: Mapping[str, Any] | None = None
    loc: tuple[str | int, ...] = ("body",)
    field_names: tuple[str, str] = ("input_values", "sensitive_input_values")
    alias: str | None = None
    is_priority: bool = False
    release: bool | None = None
    main_prompt: str | None = None
    model_metadata: Document | None = None
    id: str = field(default_factory=new_id)


def resolve_placement(
    call: ApiCall, machine_id: Any, pool_ids: Sequence[Any] | None, session_id: Any
) -> MachinePlacement:
    """Precedence: session, machine, pools, any. What is named has to exist."""
    if session_id is not None:
        return MachinePlacement(session_id=str(session_id))
    pools = tuple(POOLS.require(call, id)["id"] for id in pool_ids or ())
    return MachinePlacement(MACHINES.require(call, machine_id)["id"] if machine_id is not None else None, pools)


def check_session_choice(body: SubmissionBody) -> None:
    if body.start_session and body.session_id is not None:
        raise InvalidRequest([violation(["body", "start_session"], "start_session and session_id exclude each other")])


def validate(call: ApiCall, request: NewRun) -> list[dict[str, Any]]:
    """The violations that are certain already, each at its place in the body."""
    where = request.placement
    machine = call.store.find("machine", where.machine_id) if where.machine_id else None
    if where.session_id:
        machine = sessions.machine_of(call.store, where.session_id)
    secrets = request.secrets or {}
    given = inputs.SubmittedInputs(
        request.inputs or {}, secrets, [key for key in secrets if inputs.has_value(secrets[key])]
    )
    payload = inputs.gather(call.store, call.secret_store, given, machine, where.pool_ids)
    return [_violation(request, flaw) for flaw in inputs.violations(request.workflow["input_schema"], payload)]


def submit(call: ApiCall, request: NewRun) -> RunRow:
    """Write the run; its secrets are held once the request is committed."""
    secrets = {key: value for key, value in (request.secrets or {}).items() if inputs.has_value(value)}
    where = request.placement
    run = RunRow(
        id=request.id,
        queue=runs.next_queue(call.store),
        workflow_id=request.workflow["id"],
        machine_id=None,
        wanted_machine=where.machine_id,
        session_id=where.session_id,
        session_alias=request.alias,
        status="scheduling",
        is_priority=request.is_priority,
        created_at=stamp(call.now),
        started_at=None,
        ended_at=None,
        due_at=None,
        doc=_document(call, request, secrets),
        plan={"attempt": 1, "script": scripts.step_for_run(scripts.script_for(call), request.alias, request.workflow)},
    )
    runs.insert(call.store, run)
    call.pending_secrets[run.id] = secrets
    return run


def attach_files(call: ApiCall, run: RunRow, given: Sequence[FileInput] | None, *loc: str | int) -> None:
    """Keep the files of a submission as input attachments of a run."""
    kept = []
    for index, item in enumerate(given or ()):
        content = attachment_files.decode_base64(item.content, *loc, index, "content")
        kind = attachment_files.content_type_of(item.filename)
        file = attachment_files.AttachmentFile(
            item.filename, content, kind, item.target_path, item.cleanup_imports_after_run
        )
        kept.append(attachment_files.add_attachment(call.store, run.id, file, "input", call.now)["id"])
    run.doc["input_attachment_ids"] = kept or None
    runs.save(call.store, run)


def _document(call: ApiCall, request: NewRun, secrets: Mapping[str, Any]) -> Document:
    return {
        "user_id": None,
        "organization_id": call.store.organisation,
        "error": None,
        "output_data": None,
        "input_attachment_ids": None,
        "output_attachment_ids": None,
        "run_message_history": None,
        "input_values": None if request.inputs is None else dict(request.inputs),
        "main_prompt": request.main_prompt or None,
        "model_metadata": request.model_metadata,
        "pool_ids": list(request.placement.pool_ids) or None,
        "sensitive_input_aliases": secret_aliases(request.id, secrets),
        "usage_metadata": None,
        "post_run_checks": checks.snapshots(request.workflow["post_run_checks"]),
        "release_session_after": request.release,
    }


def _violation(request: NewRun, flaw: SchemaViolation) -> dict[str, Any]:
    plain, sensitive = request.field_names
    path = list(flaw.path)
    root = path[0] if path else flaw.missing or ""
    field_name = plain
    if isinstance(root, str) and root.startswith("$"):
        field_name = sensitive
        if path:
            path[0] = root.removeprefix("$")
    return violation([*request.loc, field_name, *path], flaw.message, f"input_schema.{flaw.keyword}")


def raise_violations(violations: Sequence[dict[str, Any]]) -> None:
    if violations:
        raise InvalidRequest(violations)
