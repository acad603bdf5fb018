"""/v1/trajectories, and the latest one of a run or a workflow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cyberflow.emulator.contract.errors import HttpError, not_found
from cyberflow.emulator.contract.trajectory_bodies import TrajectoryCreate, TrajectoryUpdate
from cyberflow.emulator.cyberdesk.resource import (
    LATEST_FIRST,
    WORKFLOWS,
    Resource,
    include,
    include_workflow,
    search_filter,
    time_filters,
)
from cyberflow.emulator.cyberdesk.runs.runs import find as find_run
from cyberflow.emulator.engine import trajectory
from cyberflow.emulator.http import query
from cyberflow.emulator.http.dispatch import ApiCall
from cyberflow.emulator.store.store import Document, field, targets_of

NEVER_NULL = frozenset({"trajectory_data", "is_approved", "is_main"})
TRAJECTORIES: Final = Resource("trajectory", "Trajectory", "trajectory_id", NEVER_NULL)
INCLUDES: Mapping[str, Any] = {"workflow": include_workflow}


def create(call: ApiCall) -> Document:
    body: TrajectoryCreate = call.body
    WORKFLOWS.require(call, body.workflow_id)
    if body.run_id is not None and find_run(call, str(body.run_id)).workflow_id != str(body.workflow_id):
        raise HttpError(400, "The run belongs to another workflow")
    return trajectory.keep(call.store, body.model_dump(mode="json"), call.now)


def list_items(call: ApiCall) -> Document:
    """Only generated ones unless `is_generated` says otherwise."""
    run_id, approved = query.uuid(call.query, "run_id"), "is_approved" in call.query
    asked = {
        targets_of(trajectory.OF_RUN): run_id,
        "parent = ?": query.uuid(call.query, "workflow_id"),
        f"{field('is_generated')} = ?": query.flag(call.query, "is_generated", default=True),
        f"{field('is_approved')} = ?": query.flag(call.query, "is_approved") if approved else None,
        **time_filters(call, "created_at", "updated_at"),
        **search_filter(call, "name", "description"),
    }
    page = TRAJECTORIES.page(call, asked, order=LATEST_FIRST)
    return page | {"included": include(call, page["items"], INCLUDES)}


def get(call: ApiCall) -> Document:
    found = TRAJECTORIES.of_path(call)
    return found | {"included": include(call, [found], INCLUDES)}


def update(call: ApiCall) -> Document:
    body: TrajectoryUpdate = call.body
    before = TRAJECTORIES.of_path(call)
    after = TRAJECTORIES.patch(before, body)
    after["has_been_approved"] = before["has_been_approved"] or after["is_approved"]
    if after["is_main"] and not before["is_main"]:
        _clear_main(call, after)
    after = TRAJECTORIES.replace(call, before, after)
    trajectory.sync_approval(call.store, after)
    return after


def _clear_main(call: ApiCall, chosen: Document) -> None:
    for other in call.store.children("trajectory", chosen["workflow_id"]):
        if other["is_main"]:
            call.store.replace("trajectory", other | {"is_main": False})


def delete(call: ApiCall) -> None:
    trajectory.remove(call.store, TRAJECTORIES.of_path(call))


def duplicate(call: ApiCall) -> Document:
    source = TRAJECTORIES.of_path(call)
    return trajectory.copy(call.store, source, call.now, name=f"(Copy) {source['name'] or 'Untitled'}")


def of_run(call: ApiCall) -> Document:
    """The latest; there is one for each success, so that a retry leaves several."""
    return _require_latest(trajectory.of_run(call.store, find_run(call, call.path_id("run_id")).id))


def generate(call: ApiCall) -> Document:
    """Promote the run's latest to what users see and approve."""
    return TRAJECTORIES.replace(call, of_run(call), {"is_generated": True})


def of_workflow(call: ApiCall) -> Document:
    workflow = WORKFLOWS.of_path(call)
    return _require_latest(
        call.store.select("trajectory", {"parent = ?": workflow["id"]}, f"{LATEST_FIRST} LIMIT ?", 1)
    )


def _require_latest(found: list[Document]) -> Document:
    if not found:
        raise not_found("Trajectory")
    return found[0]
