"""/v1/workflow-tags and the tags of a workflow. Of an exclusive group a workflow holds one: the last that was added."""

from __future__ import annotations

from typing import Any

from cyberflow.emulator.contract.clock import stamp
from cyberflow.emulator.contract.errors import HttpError, not_found
from cyberflow.emulator.contract.request_bodies import BulkTags, TagCreate, TagIds, TagUpdate
from cyberflow.emulator.engine.store import Document, new_id
from cyberflow.emulator.http import query
from cyberflow.emulator.http.dispatch import ApiCall


def create(call: ApiCall) -> Document:
    body: TagCreate = call.body
    fields = body.model_dump(mode="json")
    _require_group(call, fields["group_id"])
    order = max((tag["order"] for tag in call.store.every("tag")), default=-1) + 1
    tag = fields | {
        "id": new_id(),
        "organization_id": call.store.organisation,
        "order": order,
        "is_archived": False,
        "created_at": stamp(call.now),
        "updated_at": stamp(call.now),
    }
    call.store.add("tag", tag)
    return show(call, tag)


def list_all(call: ApiCall) -> list[Document]:
    archived = query.flag(call.query, "include_archived")
    found = [tag for tag in call.store.every("tag") if archived or not tag["is_archived"]]
    return [show(call, tag) for tag in sorted(found, key=lambda tag: tag["order"])]


def get(call: ApiCall) -> Document:
    return show(call, _find(call, call.path_id("tag_id")))


def update(call: ApiCall) -> Document:
    body: TagUpdate = call.body
    sent = body.model_dump(mode="json", exclude_unset=True)
    _require_group(call, sent.get("group_id"))
    for name in ("name", "is_archived"):
        if sent.get(name, "") is None:
            del sent[name]
    return _change(call, sent)


def archive(call: ApiCall) -> Document:
    return _change(call, {"is_archived": True})


def unarchive(call: ApiCall) -> Document:
    return _change(call, {"is_archived": False})


def delete(call: ApiCall) -> None:
    tag = _find(call, call.path_id("tag_id"))
    call.store.unlink("workflow-tag", None, tag["id"])
    call.store.remove("tag", tag["id"])


def reorder(call: ApiCall) -> None:
    for order, id in enumerate(str(id) for id in call.body.ids):
        call.store.replace("tag", _find(call, id) | {"order": order})


def list_of_workflow(call: ApiCall) -> list[Document]:
    return of_workflow(call, _require_workflow(call, call.path_id("workflow_id")))


def add_to_workflow(call: ApiCall) -> list[Document]:
    body: TagIds = call.body
    id = _require_workflow(call, call.path_id("workflow_id"))
    _assign(call, [id], [str(tag) for tag in body.tag_ids])
    return of_workflow(call, id)


def add_to_many(call: ApiCall) -> None:
    body: BulkTags = call.body
    ids = [_require_workflow(call, str(id)) for id in body.workflow_ids]
    _assign(call, ids, [str(tag) for tag in body.tag_ids])


def remove_from_workflow(call: ApiCall) -> None:
    id, tag = _require_workflow(call, call.path_id("workflow_id")), call.path_id("tag_id")
    if tag not in call.store.links_from("workflow-tag", id):
        raise not_found("Tag")
    call.store.unlink("workflow-tag", id, tag)


def of_workflow(call: ApiCall, id: str) -> list[Document]:
    held = set(call.store.links_from("workflow-tag", id))
    found = [tag for tag in call.store.every("tag") if tag["id"] in held] if held else []
    return [show(call, tag) for tag in sorted(found, key=lambda tag: tag["order"])]


def show(call: ApiCall, tag: Document) -> Document:
    group = call.store.find("group", tag["group_id"]) if tag["group_id"] else None
    return tag | {"workflow_count": len(call.store.links_to("workflow-tag", tag["id"])), "group": group}


def _assign(call: ApiCall, workflows: list[str], wanted: list[str]) -> None:
    tags = [_find(call, id) for id in wanted]
    if any(tag["is_archived"] for tag in tags):
        raise HttpError(400, "Archived tags cannot be assigned")
    groups = {tag["id"]: tag["group_id"] for tag in call.store.every("tag")}
    for workflow in workflows:
        for tag in tags:
            if tag["group_id"]:
                for held in call.store.links_from("workflow-tag", workflow):
                    if groups[held] == tag["group_id"]:
                        call.store.unlink("workflow-tag", workflow, held)
            call.store.link("workflow-tag", workflow, tag["id"])


def _change(call: ApiCall, fields: dict[str, Any]) -> Document:
    tag = _find(call, call.path_id("tag_id")) | fields | {"updated_at": stamp(call.now)}
    call.store.replace("tag", tag)
    return show(call, tag)


def _find(call: ApiCall, id: str) -> Document:
    tag = call.store.find("tag", id)
    if tag is None:
        raise not_found("Tag")
    return tag


def _require_workflow(call: ApiCall, id: str) -> str:
    if call.store.find("workflow", id) is None:
        raise not_found("Workflow")
    return id


def _require_group(call: ApiCall, id: str | None) -> None:
    if id is not None and call.store.find("group", id) is None:
        raise not_found("Tag group")
