"""/v1/connections: the websockets of machine agents. A machine whose last one closes is down."""

from __future__ import annotations

from typing import Final

from cyberflow.emulator.contract.clock import stamp
from cyberflow.emulator.contract.trajectory_bodies import ConnectionCreate, ConnectionUpdate
from cyberflow.emulator.cyberdesk.machines import machines
from cyberflow.emulator.cyberdesk.machines.membership import MACHINES
from cyberflow.emulator.cyberdesk.resource import NEWEST_FIRST, Resource
from cyberflow.emulator.http import query
from cyberflow.emulator.http.dispatch import ApiCall
from cyberflow.emulator.store.store import Document, field, new_id

CONNECTIONS: Final = Resource("connection", "Connection", "connection_id")
OPEN = "connected"


def create(call: ApiCall) -> Document:
    """The agent is there: its machine is connected."""
    body: ConnectionCreate = call.body
    machine = MACHINES.require(call, body.machine_id)
    now = stamp(call.now)
    times = {"connected_at": now, "last_ping": now, "disconnected_at": None}
    connection = body.model_dump(mode="json") | {"id": new_id(), "status": OPEN, **times}
    call.store.add("connection", connection, parent=machine["id"])
    machines.set_status(call, machine, OPEN)
    return connection


def list_items(call: ApiCall) -> Document:
    status = query.choice(call.query, "status", machines.STATUSES)
    asked = {"parent = ?": query.uuid(call.query, "machine_id"), f"{field('status')} = ?": status}
    return CONNECTIONS.page(call, asked, order=NEWEST_FIRST)


def get(call: ApiCall) -> Document:
    return CONNECTIONS.of_path(call)


def update(call: ApiCall) -> Document:
    body: ConnectionUpdate = call.body
    before = CONNECTIONS.of_path(call)
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
    connection = CONNECTIONS.of_path(call)
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
