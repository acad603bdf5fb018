"""/v1/workflows: create, read, change with version history, delete with their runs."""

from __future__ import annotations

from typing import Any

from cyberflow.emulator.contract.clock import stamp
from cyberflow.emulator.contract.errors import not_found
from cyberflow.emulator.contract.request_bodies import WorkflowCreate, WorkflowUpdate
from cyberflow.emulator.cyberdesk import tags
from cyberflow.emulator.cyberdesk.runs import forget
from cyberflow.emulator.engine import checks, schemas, substitution, trajectory
from cyberflow.emulator.engine.runs import runs_of_workflow
from cyberflow.emulator.engine.store import Document, new_id
from cyberflow.emulator.http import query
from cyberflow.emulator.http.dispatch import ApiCall

NEVER_NULL = frozenset({"main_prompt", "includes_file_exports", "is_webhooks_enabled"})
HISTORY = (
    "name",
    "main_prompt",
    "input_schema",
    "output_schema",
    "includes_file_exports",
    "is_webhooks_enabled",
    "terminal_command_allowlist",
    "model_metadata",
    "post_run_check_failure_cleanup_prompt",
    "post_run_checks",
    "updated_at",
)
EVERYTHING = frozenset({"tags", "post_run_checks"})


def create(call: ApiCall) -> Document:
    body: WorkflowCreate = call.body
    _check_schemas(body)
    document = body.model_dump(mode="json") | {
        "id": new_id(),
        "user_id": None,
        "organization_id": call.store.organisation,
        "workflow_metadata": None,
        "post_run_checks": checks.reconcile(call.store.organisation, [], body.post_run_checks, call.now),
        "created_at": stamp(call.now),
        "updated_at": stamp(call.now),
    }
    call.store.add("workflow", document)
    return show(call, document, EVERYTHING)


def get(call: ApiCall) -> Document:
    include = query.words(call.query, "include") if "include" in call.query else EVERYTHING
    return show(call, find(call, call.path_id("workflow_id")), include) | {"included": None}


def list_page(call: ApiCall) -> Any:
    wanted = query.words(call.query, "include")
    if "include" not in call.query and query.flag(call.query, "include_tags"):
        wanted = {"tags"}
    window = query.Pagination.from_query(call.query)
    newest_first = _find_matching(call)[::-1]
    found = sorted(newest_first, key=lambda document: document["updated_at"], reverse=True)
    page = window.page(found, lambda document: show(call, document, wanted, versions=False))
    return page | {"included": None}


def _find_matching(call: ApiCall) -> list[Document]:
    search = call.query.get("search", "").casefold()
    tag_ids = query.uuids(call.query, "tag_ids")
    limits = {
        name: (query.moment(call.query, f"{name}_from"), query.moment(call.query, f"{name}_to"))
        for name in ("created_at", "updated_at")
    }
    found = call.store.every("workflow")
    if tag_ids:
        holders = [set(call.store.links_to("workflow-tag", tag)) for tag in tag_ids]
        found = [document for document in found if all(document["id"] in ids for ids in holders)]
    return [
        document
        for document in found
        if (not search or search in document["id"] or search in (document["name"] or "").casefold())
        and all(query.within(document[name], *limit) for name, limit in limits.items())
    ]


def update(call: ApiCall) -> Document:
    body: WorkflowUpdate = call.body
    before = find(call, call.path_id("workflow_id"))
    _check_schemas(body)
    sent = body.model_dump(mode="json", include=body.model_fields_set)
    after = before | {key: value for key, value in sent.items() if value is not None or key not in NEVER_NULL}
    if "post_run_checks" in sent:
        after["post_run_checks"] = checks.reconcile(
            call.store.organisation, before["post_run_checks"], body.post_run_checks, call.now
        )
    if "workflow_metadata" in sent:
        after["workflow_metadata"] = _merge_metadata(before, body)
    after["updated_at"] = stamp(call.now)
    keep_version(call, before)
    call.store.replace("workflow", after)
    return show(call, after, EVERYTHING)


def keep_version(call: ApiCall, before: Document) -> None:
    number = len(call.store.children("version", before["id"])) + 1
    version = {key: before[key] for key in HISTORY} | {"id": new_id(), "version": number, "created_at": stamp(call.now)}
    call.store.add("version", version, parent=before["id"])


def _merge_metadata(before: Document, body: WorkflowUpdate) -> Document | None:
    if body.workflow_metadata is None:
        return None
    patch = body.workflow_metadata.model_dump(mode="json", exclude_unset=True)
    merged = (before["workflow_metadata"] or {}) | patch
    return {key: value for key, value in merged.items() if value is not None} or None


def delete(call: ApiCall) -> None:
    remove(call, find(call, call.path_id("workflow_id")))


def remove(call: ApiCall, workflow: Document) -> None:
    """Takes its runs with it, the live ones too, and its trajectories."""
    for run in runs_of_workflow(call.store, workflow["id"]):
        forget(call, run)
    for found in call.store.children("trajectory", workflow["id"]):
        trajectory.remove(call.store, found)
    for version in call.store.children("version", workflow["id"]):
        call.store.remove("version", version["id"])
    call.store.unlink("workflow-tag", workflow["id"], None)
    call.store.remove("workflow", workflow["id"])


def versions(call: ApiCall) -> list[Document]:
    """Former states, the newest first."""
    return call.store.children("version", find(call, call.path_id("workflow_id"))["id"])[::-1]


def find(call: ApiCall, id: str) -> Document:
    document = call.store.find("workflow", id)
    if document is None:
        raise not_found("Workflow")
    return document


def show(call: ApiCall, document: Document, include: set[str] | frozenset[str], *, versions: bool = True) -> Document:
    shown = document | {
        "includes_input_variables": substitution.has_inputs(document["main_prompt"]),
        "tags": tags.of_workflow(call, document["id"]) if "tags" in include else None,
        "post_run_checks": document["post_run_checks"] if "post_run_checks" in include else None,
    }
    shown["old_versions"] = call.store.children("version", document["id"])[::-1] if versions else None
    return shown


def _check_schemas(body: WorkflowCreate | WorkflowUpdate) -> None:
    schemas.require_schema(body.input_schema, "input_schema")
    schemas.require_schema(body.output_schema, "output_schema", simplified=True)
