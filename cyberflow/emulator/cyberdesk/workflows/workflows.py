"""/v1/workflows: create, read, change with version history, delete with their runs."""

from __future__ import annotations

from collections.abc import Collection

from cyberflow.emulator.contract.clock import stamp
from cyberflow.emulator.contract.request_bodies import WorkflowCreate, WorkflowFields, WorkflowUpdate
from cyberflow.emulator.cyberdesk.resource import (
    LATEST_FIRST,
    NEWEST_FIRST,
    WORKFLOWS,
    search_filter,
    time_filters,
)
from cyberflow.emulator.cyberdesk.runs.runs import forget
from cyberflow.emulator.cyberdesk.workflows import tags
from cyberflow.emulator.engine import checks, schemas, substitution, trajectory
from cyberflow.emulator.http import query
from cyberflow.emulator.http.dispatch import ApiCall
from cyberflow.emulator.store.runs import runs_of_workflow
from cyberflow.emulator.store.store import Document, new_id

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
    fields = body.model_dump(mode="json") | {"user_id": None, "workflow_metadata": None}
    fields["post_run_checks"] = checks.reconcile(call.store.organisation, [], body.post_run_checks, call.now)
    return show(call, WORKFLOWS.add(call.store, call.now, fields), EVERYTHING)


def get(call: ApiCall) -> Document:
    include = query.words(call.query, "include") if "include" in call.query else EVERYTHING
    return show(call, WORKFLOWS.of_path(call), include) | {"included": None}


def list_items(call: ApiCall) -> Document:
    wanted = query.words(call.query, "include")
    if "include" not in call.query and query.flag(call.query, "include_tags"):
        wanted = {"tags"}
    asked = time_filters(call, "created_at", "updated_at") | search_filter(call, "name")
    if tag_ids := set(query.uuids(call.query, "tag_ids")):
        held = "SELECT count(*) FROM links WHERE kind = 'workflow-tag' AND a = documents.id AND instr(?, b)"
        asked[f"({held}) = {len(tag_ids)}"] = " ".join(tag_ids)
    counted: dict[str, Document] = {}
    page = WORKFLOWS.page(call, asked, lambda document: show(call, document, wanted, counted), LATEST_FIRST)
    return page | {"included": None}


def update(call: ApiCall) -> Document:
    body: WorkflowUpdate = call.body
    before = WORKFLOWS.of_path(call)
    _check_schemas(body)
    after = WORKFLOWS.patch(before, body, "workflow_metadata", "post_run_checks")
    if "post_run_checks" in body.model_fields_set:
        after["post_run_checks"] = checks.reconcile(
            call.store.organisation, before["post_run_checks"], body.post_run_checks, call.now
        )
    if "workflow_metadata" in body.model_fields_set:
        after["workflow_metadata"] = _merge_metadata(before, body)
    keep_version(call, before)
    return show(call, WORKFLOWS.replace(call, before, after), EVERYTHING)


def keep_version(call: ApiCall, before: Document) -> None:
    number = (call.store.measure("version", {"parent = ?": before["id"]}) or 0) + 1
    version = {key: before[key] for key in HISTORY} | {"id": new_id(), "version": number, "created_at": stamp(call.now)}
    call.store.add("version", version, parent=before["id"])


def _merge_metadata(before: Document, body: WorkflowUpdate) -> Document | None:
    if body.workflow_metadata is None:
        return None
    patch = body.workflow_metadata.model_dump(mode="json", exclude_unset=True)
    merged = (before["workflow_metadata"] or {}) | patch
    return {key: value for key, value in merged.items() if value is not None} or None


def delete(call: ApiCall) -> None:
    remove(call, WORKFLOWS.of_path(call))


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
    return call.store.select("version", {"parent = ?": WORKFLOWS.of_path(call)["id"]}, NEWEST_FIRST)


def show(
    call: ApiCall, document: Document, include: Collection[str], counted: dict[str, Document] | None = None
) -> Document:
    """A workflow with what is included of it; with `counted` as one of a list, without its versions."""
    former = None
    if counted is None:
        former = call.store.select("version", {"parent = ?": document["id"]}, NEWEST_FIRST)
    return document | {
        "includes_input_variables": substitution.has_inputs(document["main_prompt"]),
        "tags": tags.of_workflow(call, document["id"], counted) if "tags" in include else None,
        "post_run_checks": document["post_run_checks"] if "post_run_checks" in include else None,
        "old_versions": former,
    }


def _check_schemas(body: WorkflowFields) -> None:
    schemas.require_schema(body.input_schema, "input_schema")
    schemas.require_schema(body.output_schema, "output_schema", simplified=True)
