"""What making a run means, however it is asked for: its workflow, place and secrets are looked at, its inputs are
validated as far as they can be, its files are kept, and its row is written in status `scheduling`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cyberflow.emulator.contract.clock import stamp
from cyberflow.emulator.contract.errors import InvalidRequest, not_found, violation
from cyberflow.emulator.contract.run_bodies import FileInput
from cyberflow.emulator.cyberdesk import scripts
from cyberflow.emulator.engine import checks, files, inputs, runs, sessions
from cyberflow.emulator.engine.runs import Run
from cyberflow.emulator.engine.schemas import SchemaViolation
from cyberflow.emulator.engine.store import Document, new_id
from cyberflow.emulator.http.dispatch import ApiCall


@dataclass(frozen=True, slots=True)
class Site:
    """Where a run may go. With a session the rest is ignored."""

    machine_id: str | None = None
    pool_ids: tuple[str, ...] = ()
    session_id: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """One run to be made; `loc` is where its inputs stand in the body."""

    workflow: Document
    site: Site
    inputs: Mapping[str, Any] | None = None
    secrets: Mapping[str, Any] | None = None
    loc: tuple[str | int, ...] = ("body",)
    names: tuple[str, str] = ("input_values", "sensitive_input_values")
    alias: str | None = None
    is_priority: bool = False
    release: bool | None = None
    main_prompt: str | None = None
    model_metadata: Document | None = None
    id: str = field(default_factory=new_id)


def site(call: ApiCall, machine_id: Any, pool_ids: Sequence[Any] | None, session_id: Any) -> Site:
    """Precedence: session, machine, pools, any. What is named has to exist."""
    if session_id is not None:
        return Site(session_id=str(session_id))
    if machine_id is not None:
        if call.store.find("machine", str(machine_id)) is None:
            raise not_found("Machine")
        return Site(machine_id=str(machine_id), pool_ids=_require_pools(call, pool_ids))
    return Site(pool_ids=_require_pools(call, pool_ids))


def workflow(call: ApiCall, id: Any) -> Document:
    found = call.store.find("workflow", str(id))
    if found is None:
        raise not_found("Workflow")
    return found


def validate(call: ApiCall, request: Request) -> list[dict[str, Any]]:
    """The violations that are certain already, each at its place in the body."""
    where = request.site
    machine = call.store.find("machine", where.machine_id) if where.machine_id else None
    if where.session_id:
        machine = sessions.machine_of(call.store, where.session_id)
    secrets = request.secrets or {}
    given = inputs.Given(request.inputs or {}, secrets, [key for key in secrets if inputs.is_given(secrets[key])])
    payload = inputs.gather(call.store, call.vault, given, machine, where.pool_ids)
    return [_violation(request, flaw) for flaw in inputs.flaws(request.workflow["input_schema"], payload)]


def submit(call: ApiCall, request: Request) -> Run:
    """Write the run; its secrets go to the vault when the request is committed."""
    secrets = {key: value for key, value in (request.secrets or {}).items() if inputs.is_given(value)}
    where = request.site
    run = Run(
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
        plan={"attempt": 1, "script": scripts.part(scripts.of(call), request.alias, request.workflow)},
    )
    runs.insert(call.store, run)
    call.secrets[run.id] = secrets
    return run


def attach(call: ApiCall, run: Run, given: Sequence[FileInput] | None, *loc: str | int) -> None:
    """Keep the files of a submission as input attachments of a run."""
    kept = []
    for index, item in enumerate(given or ()):
        content = files.decoded(item.content, *loc, index, "content")
        kind = files.type_of(item.filename)
        file = files.File(item.filename, content, kind, item.target_path, item.cleanup_imports_after_run)
        kept.append(files.keep(call.store, run.id, file, "input", call.now)["id"])
    run.doc["input_attachment_ids"] = kept or None
    runs.save(call.store, run)


def aliases(run_id: str, secrets: Mapping[str, Any]) -> dict[str, str] | None:
    return {name: f"vault:{run_id}:{name}" for name in secrets} or None


def _document(call: ApiCall, request: Request, secrets: Mapping[str, Any]) -> Document:
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
        "pool_ids": list(request.site.pool_ids) or None,
        "sensitive_input_aliases": aliases(request.id, secrets),
        "usage_metadata": None,
        "post_run_checks": checks.snapshots(request.workflow["post_run_checks"]),
        "release_session_after": request.release,
    }


def _require_pools(call: ApiCall, pool_ids: Sequence[Any] | None) -> tuple[str, ...]:
    ids = tuple(str(id) for id in pool_ids or ())
    if any(call.store.find("pool", id) is None for id in ids):
        raise not_found("Pool")
    return ids


def _violation(request: Request, flaw: SchemaViolation) -> dict[str, Any]:
    plain, sensitive = request.names
    path = list(flaw.path)
    root = path[0] if path else flaw.missing or ""
    field_name = plain
    if isinstance(root, str) and root.startswith("$"):
        field_name = sensitive
        if path:
            path[0] = root.removeprefix("$")
    return violation([*request.loc, field_name, *path], flaw.message, f"input_schema.{flaw.keyword}")


def refuse(violations: Sequence[dict[str, Any]]) -> None:
    if violations:
        raise InvalidRequest(violations)
