"""/v1/workflow-tags and the tags of a workflow. Of an exclusive group a workflow holds one: the last that was added."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from cyberflow.emulator.contract.errors import HttpError, not_found
from cyberflow.emulator.contract.request_bodies import BulkTags, TagCreate, TagIds, TagUpdate
from cyberflow.emulator.cyberdesk.resource import IN_ORDER, WORKFLOWS, Resource
from cyberflow.emulator.cyberdesk.workflows.groups import GROUPS
from cyberflow.emulator.http import query
from cyberflow.emulator.http.dispatch import ApiCall
from cyberflow.emulator.store.store import Document, field

TAGS: Final = Resource("tag", "Tag", "tag_id", frozenset({"name", "is_archived"}))
HELD: Final = "workflow-tag"


def create(call: ApiCall) -> Document:
    body: TagCreate = call.body
    _require_group(call, body.group_id)
    fields = body.model_dump(mode="json") | {"order": TAGS.next_order(call), "is_archived": False}
    return show(call, TAGS.add(call.store, call.now, fields))


def list_items(call: ApiCall) -> list[Document]:
    archived = None if query.flag(call.query, "include_archived") else False
    found = call.store.select("tag", {f"{field('is_archived')} = ?": archived}, IN_ORDER)
    return [show(call, tag) for tag in found]


def get(call: ApiCall) -> Document:
    return show(call, TAGS.of_path(call))


def update(call: ApiCall) -> Document:
    body: TagUpdate = call.body
    _require_group(call, body.group_id)
    tag = TAGS.of_path(call)
    return show(call, TAGS.replace(call, tag, TAGS.patch(tag, body)))


def archive(call: ApiCall) -> Document:
    return show(call, TAGS.replace(call, TAGS.of_path(call), {"is_archived": True}))


def unarchive(call: ApiCall) -> Document:
    return show(call, TAGS.replace(call, TAGS.of_path(call), {"is_archived": False}))


def delete(call: ApiCall) -> None:
    tag = TAGS.of_path(call)
    call.store.unlink(HELD, None, tag["id"])
    call.store.remove("tag", tag["id"])


def list_of_workflow(call: ApiCall) -> list[Document]:
    return of_workflow(call, WORKFLOWS.of_path(call)["id"])


def add_to_workflow(call: ApiCall) -> list[Document]:
    body: TagIds = call.body
    workflow = WORKFLOWS.of_path(call)["id"]
    _assign(call, [workflow], body.tag_ids)
    return of_workflow(call, workflow)


def add_to_many(call: ApiCall) -> None:
    body: BulkTags = call.body
    _assign(call, [WORKFLOWS.require(call, id)["id"] for id in body.workflow_ids], body.tag_ids)


def remove_from_workflow(call: ApiCall) -> None:
    workflow, tag = WORKFLOWS.of_path(call)["id"], call.path_id("tag_id")
    if not call.store.is_linked(HELD, workflow, tag):
        raise not_found("Tag")
    call.store.unlink(HELD, workflow, tag)


def of_workflow(call: ApiCall, id: str, counted: dict[str, Document] | None = None) -> list[Document]:
    """In order. `counted` are tags as this request has shown them already: who shows many workflows keeps them."""
    counted = {} if counted is None else counted
    held = call.store.targets(HELD, id, "tag", IN_ORDER)
    return [counted.get(tag["id"]) or counted.setdefault(tag["id"], show(call, tag)) for tag in held]


def show(call: ApiCall, tag: Document) -> Document:
    group = call.store.find("group", tag["group_id"]) if tag["group_id"] else None
    return tag | {"workflow_count": call.store.count_links(HELD, "b", tag["id"]), "group": group}


def _assign(call: ApiCall, workflows: Sequence[str], wanted: Sequence[Any]) -> None:
    tags = [TAGS.require(call, id) for id in wanted]
    if any(tag["is_archived"] for tag in tags):
        raise HttpError(400, "Archived tags cannot be assigned")
    for workflow in workflows:
        for tag in tags:
            for held in call.store.targets(HELD, workflow, "tag") if tag["group_id"] else ():
                if held["group_id"] == tag["group_id"]:
                    call.store.unlink(HELD, workflow, held["id"])
            call.store.link(HELD, workflow, tag["id"])


def _require_group(call: ApiCall, id: Any) -> None:
    if id is not None:
        GROUPS.require(call, id)
