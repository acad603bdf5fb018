"""POST /v1/workflows/{id}/duplicate and /merge: to try a change on a copy, and to bring it back."""

from __future__ import annotations

from cyberflow.emulator.contract.clock import stamp
from cyberflow.emulator.contract.errors import HttpError
from cyberflow.emulator.contract.trajectory_bodies import WorkflowMerge
from cyberflow.emulator.cyberdesk.resource import WORKFLOWS
from cyberflow.emulator.cyberdesk.workflows import images, workflows
from cyberflow.emulator.engine import trajectory
from cyberflow.emulator.http.dispatch import ApiCall
from cyberflow.emulator.store.store import Document, new_id

MAX_NAME = 255
KEPT_BY_TARGET = frozenset(
    ("id", "name", "user_id", "organization_id", "workflow_metadata", "created_at", "updated_at")
)
"""What a merge leaves to the target."""


def duplicate(call: ApiCall) -> Document:
    """A copy with its own images, checks of its own, the same tags and schemas, and no history."""
    source = WORKFLOWS.of_path(call)
    stamps = {"created_at": stamp(call.now), "updated_at": stamp(call.now)}
    copy = source | {
        "id": new_id(),
        "name": f"(Copy) {source['name'] or 'Untitled'}"[:MAX_NAME],
        "workflow_metadata": None,
        "post_run_checks": [check | {"id": new_id()} | stamps for check in source["post_run_checks"]],
        **stamps,
    }
    for name in ("main_prompt", "post_run_check_failure_cleanup_prompt"):
        copy[name] = copy[name] and images.copy_images(call, copy[name])
    call.store.add("workflow", copy)
    _copy_tags(call, source["id"], copy["id"])
    if call.body is not None and call.body.include_trajectories:
        trajectory.copy_all(call.store, source["id"], copy["id"], call.now)
    return workflows.show(call, copy, workflows.EVERYTHING)


def merge(call: ApiCall) -> Document:
    """Put the source in place of the target, whose name and id stay, and delete the source with its runs."""
    body: WorkflowMerge = call.body
    source = WORKFLOWS.of_path(call)
    target = WORKFLOWS.require(call, body.target_workflow_id)
    if source["id"] == target["id"]:
        raise HttpError(400, "A workflow cannot be merged into itself")
    workflows.keep_version(call, target)
    merged = WORKFLOWS.replace(call, target, {key: value for key, value in source.items() if key not in KEPT_BY_TARGET})
    call.store.unlink("workflow-tag", target["id"], None)
    _copy_tags(call, source["id"], target["id"])
    if body.copy_trajectories:
        trajectory.copy_all(call.store, source["id"], target["id"], call.now)
    workflows.remove(call, source)
    return workflows.show(call, merged, workflows.EVERYTHING)


def _copy_tags(call: ApiCall, source: str, to: str) -> None:
    for tag in call.store.targets("workflow-tag", source, "tag"):
        call.store.link("workflow-tag", to, tag["id"])
