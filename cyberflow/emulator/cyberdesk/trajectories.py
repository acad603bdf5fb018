"""/v1/trajectories, and the latest one of a run or a workflow."""

from __future__ import annotations

from typing import Any

from cyberflow.emulator.contract.clock import stamp
from cyberflow.emulator.contract.errors import HttpError, not_found
from cyberflow.emulator.contract.trajectory_bodies import TrajectoryCreate, TrajectoryUpdate
from cyberflow.emulator.cyberdesk import workflows
from cyberflow.emulator.engine import runs, trajectory
from cyberflow.emulator.engine.store import Document
from cyberflow.emulator.http import query
from cyberflow.emulator.http.dispatch import ApiCall

NULLABLE = frozenset({"name", "description"})


def create(call: ApiCall) -> Document:
    body: TrajectoryCreate = call.body
    workflows.find(call, str(body.workflow_id))
    if body.run_id is not None:
        run = runs.find(call.store, str(body.run_id))
        if run is None:
            raise not_found("Run")
        if run.workflow_id != str(body.workflow_id):
            raise HttpError(400, "The run belongs to another workflow")
    return trajectory.keep(call.store, body.model_dump(mode="json"), call.now)


def list_page(call: ApiCall) -> Any:
    window = query.Pagination.from_query(call.query)
    found = trajectory.latest_first([item for item in _candidates(call) if _matches(call, item)])
    page = window.page(found, lambda item: item)
    return page | {"included": _include_workflows(call, page["items"])}


def _candidates(call: ApiCall) -> list[Document]:
    run_id, workflow_id = query.uuid(call.query, "run_id"), query.uuid(call.query, "workflow_id")
    if run_id is not None:
        found = trajectory.of_run(call.store, run_id)[::-1]
        return [item for item in found if workflow_id in {None, item["workflow_id"]}]
    if workflow_id is not None:
        return call.store.children("trajectory", workflow_id)
    return call.store.every("trajectory")


def _matches(call: ApiCall, item: Document) -> bool:
    """Only generated ones unless `is_generated` says otherwise."""
    search = call.query.get("search", "").casefold()
    generated = query.flag(call.query, "is_generated", default=True)
    approved = query.flag(call.query, "is_approved") if "is_approved" in call.query else None
    times = all(
        query.within(item[name], query.moment(call.query, f"{name}_from"), query.moment(call.query, f"{name}_to"))
        for name in ("created_at", "updated_at")
    )
    texts = (item[name] or "" for name in ("id", "name", "description"))
    return (
        times
        and item["is_generated"] == generated
        and approved in {None, item["is_approved"]}
        and (not search or any(search in text.casefold() for text in texts))
    )


def get(call: ApiCall) -> Document:
    found = _find(call)
    return found | {"included": _include_workflows(call, [found])}


def update(call: ApiCall) -> Document:
    body: TrajectoryUpdate = call.body
    before = _find(call)
    sent = body.model_dump(mode="json", exclude_unset=True)
    after = before | {key: value for key, value in sent.items() if value is not None or key in NULLABLE}
    after["has_been_approved"] = before["has_been_approved"] or after["is_approved"]
    after["updated_at"] = stamp(call.now)
    if after["is_main"] and not before["is_main"]:
        _clear_main(call, after)
    call.store.replace("trajectory", after)
    trajectory.sync_approval(call.store, after)
    return after


def _clear_main(call: ApiCall, chosen: Document) -> None:
    for other in call.store.children("trajectory", chosen["workflow_id"]):
        if other["is_main"]:
            call.store.replace("trajectory", other | {"is_main": False})


def delete(call: ApiCall) -> None:
    trajectory.remove(call.store, _find(call))


def duplicate(call: ApiCall) -> Document:
    source = _find(call)
    return trajectory.copy(call.store, source, call.now, name=f"(Copy) {source['name'] or 'Untitled'}")


def of_run(call: ApiCall) -> Document:
    return _require_latest(trajectory.of_run(call.store, _require_run(call)))


def generate(call: ApiCall) -> Document:
    """Promote the run's latest to what users see and approve."""
    found = _require_latest(trajectory.of_run(call.store, _require_run(call)))
    promoted = found | {"is_generated": True, "updated_at": stamp(call.now)}
    call.store.replace("trajectory", promoted)
    return promoted


def of_workflow(call: ApiCall) -> Document:
    workflow = workflows.find(call, call.path_id("workflow_id"))
    return _require_latest(trajectory.latest_first(call.store.children("trajectory", workflow["id"])))


def _require_run(call: ApiCall) -> str:
    id = call.path_id("run_id")
    if runs.find(call.store, id) is None:
        raise not_found("Run")
    return id


def _require_latest(found: list[Document]) -> Document:
    if not found:
        raise not_found("Trajectory")
    return found[0]


def _find(call: ApiCall) -> Document:
    found = call.store.find("trajectory", call.path_id("trajectory_id"))
    if found is None:
        raise not_found("Trajectory")
    return found


def _include_workflows(call: ApiCall, shown: list[Document]) -> list[Document] | None:
    if "workflow" not in query.words(call.query, "include"):
        return None
    ids = dict.fromkeys(item["workflow_id"] for item in shown)
    found = [call.store.find("workflow", id) for id in ids]
    return [{"type": "workflow", **workflow} for workflow in found if workflow]
