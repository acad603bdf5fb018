"""/v1/workflow-tag-groups: sets of tags of which a workflow holds at most one."""

from __future__ import annotations

from typing import Final

from cyberflow.emulator.contract.request_bodies import GroupCreate, GroupUpdate
from cyberflow.emulator.cyberdesk.resource import IN_ORDER, Resource
from cyberflow.emulator.http.dispatch import ApiCall
from cyberflow.emulator.store.store import Document, field

GROUPS: Final = Resource("group", "Tag group", "group_id", frozenset({"name"}))


def create(call: ApiCall) -> Document:
    body: GroupCreate = call.body
    return GROUPS.add(call.store, call.now, body.model_dump(mode="json") | {"order": GROUPS.next_order(call)})


def list_items(call: ApiCall) -> list[Document]:
    return call.store.select("group", rest=IN_ORDER)


def get(call: ApiCall) -> Document:
    return GROUPS.of_path(call)


def update(call: ApiCall) -> Document:
    body: GroupUpdate = call.body
    group = GROUPS.of_path(call)
    return GROUPS.replace(call, group, GROUPS.patch(group, body))


def delete(call: ApiCall) -> None:
    """Its tags stay, without a group."""
    group = GROUPS.of_path(call)
    for tag in call.store.select("tag", {f"{field('group_id')} = ?": group["id"]}):
        call.store.replace("tag", tag | {"group_id": None})
    call.store.remove("group", group["id"])
