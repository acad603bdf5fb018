"""The account as evidence: runs, and what their workflows say and said. Nothing here reads an input or an output."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from cyberflow.client.cyberdesk.wire import Json, RunRecord, WorkflowRecord
from cyberflow.client.http.errors import ApiError
from cyberflow.evidence.facts import ContentState, RunFacts, in_order
from cyberflow.remote.canonical import FIELDS, MODEL_FIELDS, field_hash, wire_fields
from cyberflow.remote.html import canonical_html
from cyberflow.remote.identity import Marker, Owner, Ownership, ownership_of

if TYPE_CHECKING:
    from cyberflow.client.cyberdesk.client import Cyberdesk

RUN_FACTS = ("session_id", "machine_id", "started_at", "ended_at", "main_prompt", "model_metadata")
PAGE = 1000


async def read_runs(desk: Cyberdesk, id: str) -> list[RunRecord]:
    """The run of an id, or the runs of a session in their order; none where there is neither."""
    page = await desk.runs.page(session_id=id, limit=PAGE, fields=RUN_FACTS, sort_mode="created_at_desc")
    if page.items:
        return [*reversed(page.items)]
    page = await desk.runs.page(search=id, limit=PAGE, fields=RUN_FACTS, sort_mode="created_at_desc")
    return [run for run in page.items if run.id == id]


async def read_many_runs(desk: Cyberdesk, wanted: Collection[str]) -> list[RunRecord]:
    """Runs by their ids, in as few requests as paging allows, in the order of the ids; those that are gone are left
    out.
    """
    found: dict[str, RunRecord] = {}
    skip = 0
    while len(found) < len(wanted):
        page = await desk.runs.page(skip=skip, limit=PAGE, fields=RUN_FACTS, sort_mode="created_at_desc")
        found.update((run.id, run) for run in page.items if run.id in wanted)
        skip += len(page.items)
        if not page.items or skip >= page.total:
            break
    return [found[id] for id in wanted if id in found]


async def read_runs_since(desk: Cyberdesk, since: datetime) -> list[RunRecord]:
    """Every run made since a moment, oldest first."""
    found: dict[str, RunRecord] = {}
    while True:
        page = await desk.runs.page(
            skip=len(found), limit=PAGE, fields=RUN_FACTS, sort_mode="created_at_desc", created_at_from=since
        )
        known = len(found)
        found.update((run.id, run) for run in page.items)
        if len(found) >= page.total or len(found) == known:
            return [*reversed(found.values())]


async def read_states(desk: Cyberdesk, now: WorkflowRecord) -> tuple[ContentState, ...]:
    """What a workflow said over time, oldest first and the present state last; none where the service does not say."""
    try:
        versions = await desk.workflows.versions(now.id)
    except ApiError:
        return ()
    former = [_state(one, now.id) for one in versions]
    return in_order([*former, _state_of(now)])


def _state(version: Json, id: str) -> ContentState:
    """A former version: a free-form object, which may lack anything."""
    since, schema = version.get("updated_at"), version.get("input_schema")
    content = field_hash(version) if all(name in version for name in FIELDS) else None
    return _marked(str(since or ""), content, schema if isinstance(schema, str) else None, id)


def _state_of(now: WorkflowRecord) -> ContentState:
    return _marked(now.updated_at, field_hash(wire_fields(now)), now.input_schema, now.id)


def _marked(since: str, content: str | None, schema: str | None, id: str) -> ContentState:
    marker = Marker.find_in(schema)
    own = marker is not None and marker.id == id
    commit = marker.commit if marker is not None and own and marker.hash == content else None
    return ContentState(since, content, commit, own)


def facts_of(run: RunRecord, workflow: WorkflowRecord | None, owner: Owner) -> RunFacts:
    """What is said of a run; `workflow` is as it is now."""
    return RunFacts(
        run.id,
        workflow_name(workflow, owner) if workflow else run.workflow_id,
        run.workflow_id,
        run.status,
        run.created_at,
        run.started_at,
        run.ended_at,
        run.session_id,
        run.machine_id,
        tuple(_overrides(run, workflow)),
    )


def workflow_name(workflow: WorkflowRecord, owner: Owner) -> str:
    """The declared name of a workflow that is ours, else its title."""
    marker = Marker.find_in(workflow.input_schema)
    ours = ownership_of(workflow, owner) in {Ownership.MANAGED, Ownership.LOST}
    return marker.name if marker and ours else workflow.name or workflow.id


def _overrides(run: RunRecord, workflow: WorkflowRecord | None) -> Iterable[str]:
    """What a run had of its own. A service that repeats there what the workflow says overrides nothing."""
    if run.main_prompt and (
        workflow is None or canonical_html(run.main_prompt) != canonical_html(workflow.main_prompt)
    ):
        yield "prompt"
    own = _model_ids(run.model_metadata.to_json() if run.model_metadata else {})
    there = workflow.model_metadata if workflow is not None else None
    if own and own != _model_ids(there.to_json() if there else {}):
        yield "model"


def _model_ids(metadata: Mapping[str, Any]) -> dict[str, str]:
    return {name: metadata[name] for name in MODEL_FIELDS if metadata.get(name)}
