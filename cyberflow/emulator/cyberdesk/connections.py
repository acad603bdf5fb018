"""/v1/connections: the websockets of machine agents. A machine whose last one closes is down."""

from __future__ import annotations

from typing import Any

from cyberflow.emulator.contract.clock import stamp
from cyberflow.emulator.contract.errors import not_found
from cyberflow.emulator.contract.trajectory_bodies import ConnectionCreate, ConnectionUpdate
from cyberflow.emulator.cyberdesk import machines
from cyberflow.emulator.engine.store import Document, new_id
from cyberflow.emulator.http import query
from cyberflow.emulator.http.dispatch import ApiCall

OPEN = "connected"


def create(call: ApiCall) -> Document:
    """The agent is there: its machine is connected."""
    body: ConnectionCreate = call.body
    machine = machines.find(call, str(body.machine_id))
    connection = body.model_dump(mode="json") | {
        "id": new_id(),
        "status": OPEN,
        "connected_at": stamp(call.now),
        "last_ping": stamp(call.now),
        "disconnected_at": None,
    }
    call.store.add("connection", connection, parent=machine["id"])
    machines.set_status(call, machine, OPEN)
    return connection


def list_page(call: ApiCall) -> Any:
    machine_id = query.uuid(call.query, "machine_id")
    status = query.choice(call.query, "status", machines.STATUSES)
    found = call.store.children("connection", machine_id) if machine_id else call.store.every("connection")
    wanted = [item for item in found if status in {None, item["status"]}]
    return query.Pagination.from_query(call.query).page(wanted[::-1], lambda item: item)


def get(call: ApiCall) -> Document:
    found = call.store.find("connection", call.path_id("connection_id"))
    if found is None:
        raise not_found("Connection")
    return found


def update(call: ApiCall) -> Document:
    body: ConnectionUpdate = call.body
    before = get(call)
    after = before | ({"status": body.status} if body.status else {})
    if body.last_ping is not None:
        after["last_ping"] = stamp(body.last_ping)
    if "disconnected_at" in body.model_fields_set:
        after["disconnected_at"] = stamp(body.disconnected_at) if body.disconnected_at else None
    elif after["status"] != OPEN and before["disconnected_at"] is None:
        after["disconnected_at"] = stamp(call.now)
    call.store.replace("connection", after)
    if body.status:
        _update_machine_status(call, after)
    elif body.last_ping is not None:
        _touch_machine(call, after)
    return after


def delete(call: ApiCall) -> None:
    connection = get(call)
    call.store.remove("connection", connection["id"])
    if connection["status"] == OPEN:
        _update_machine_status(call, connection | {"status": "disconnected"})


def _update_machine_status(call: ApiCall, connection: Document) -> None:
    """Its machine is as good as the best of its connections."""
    machine = call.store.find("machine", connection["machine_id"])
    others = call.store.children("connection", connection["machine_id"])
    if machine is not None:
        is_open = any(item["status"] == OPEN for item in others)
        machines.set_status(call, machine, OPEN if is_open else connection["status"])


def _touch_machine(call: ApiCall, connection: Document) -> None:
    if machine := call.store.find("machine", connection["machine_id"]):
        call.store.replace("machine", machine | {"last_seen": connection["last_ping"]})
