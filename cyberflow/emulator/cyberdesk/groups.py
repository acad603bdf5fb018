"""/v1/workflow-tag-groups: sets of tags of which a workflow holds at most one."""

from __future__ import annotations

from cyberflow.emulator.contract.clock import stamp
from cyberflow.emulator.contract.errors import not_found
from cyberflow.emulator.contract.request_bodies import GroupCreate, GroupUpdate
from cyberflow.emulator.engine.store import Document, new_id
from cyberflow.emulator.http.dispatch import ApiCall


def create(call: ApiCall) -> Document:
    body: GroupCreate = call.body
    group = body.model_dump(mode="json") | {
        "id": new_id(),
        "organization_id": call.store.organisation,
        "order": max((group["order"] for group in call.store.every("group")), default=-1) + 1,
        "created_at": stamp(call.now),
        "updated_at": stamp(call.now),
    }
    call.store.add("group", group)
    return group


def list_all(call: ApiCall) -> list[Document]:
    return sorted(call.store.every("group"), key=lambda group: group["order"])


def get(call: ApiCall) -> Document:
    return _find(call, call.path_id("group_id"))


def update(call: ApiCall) -> Document:
    body: GroupUpdate = call.body
    sent = body.model_dump(mode="json", exclude_unset=True)
    if sent.get("name", "") is None:
        del sent["name"]
    group = get(call) | sent | {"updated_at": stamp(call.now)}
    call.store.replace("group", group)
    return group


def delete(call: ApiCall) -> None:
    """Its tags stay, without a group."""
    group = get(call)
    for tag in call.store.every("tag"):
        if tag["group_id"] == group["id"]:
            call.store.replace("tag", tag | {"group_id": None})
    call.store.remove("group", group["id"])


def reorder(call: ApiCall) -> None:
    for order, id in enumerate(str(id) for id in call.body.ids):
        call.store.replace("group", _find(call, id) | {"order": order})


def _find(call: ApiCall, id: str) -> Document:
    group = call.store.find("group", id)
    if group is None:
        raise not_found("Tag group")
    return group
