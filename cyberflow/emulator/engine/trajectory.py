"""Trajectories: what a successful run did, kept per workflow so that later runs can replay it once it is approved."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from cyberflow.emulator.contract.clock import stamp
from cyberflow.emulator.engine import history
from cyberflow.emulator.store.runs import RunRow
from cyberflow.emulator.store.store import Document, Store, field, new_id

DIMENSIONS = {"width": 1280, "height": 800}
OF_WORKFLOW: Final = "workflow-approved"
OF_RUN: Final = "run-trajectory"


def record(store: Store, run: RunRow, at: datetime) -> None:
    """Keep what a run did. It stands for nobody but its run until it is generated, and replays once approved."""
    fields: Document = {
        "workflow_id": run.workflow_id,
        "trajectory_data": list(history.actions(run)),
        "dimensions": DIMENSIONS,
        "name": run.plan["workflow_name"],
        "description": None,
        "run_id": run.id,
        "original_input_values": run.doc["input_values"],
        "is_approved": False,
    }
    keep(store, fields, at)


def keep(store: Store, fields: Document, at: datetime, **flags: Any) -> Document:
    document = fields | {
        "id": new_id(),
        "has_been_approved": fields["is_approved"],
        "is_generated": False,
        "is_main": False,
        "user_id": None,
        "organization_id": store.organisation,
        "created_at": stamp(at),
        "updated_at": stamp(at),
    }
    document |= flags
    store.add("trajectory", document, parent=document["workflow_id"])
    if document["run_id"]:
        store.link(OF_RUN, document["run_id"], document["id"])
    sync_approval(store, document)
    return document


def sync_approval(store: Store, document: Document) -> None:
    """Note whether it replays where that is looked up for every run."""
    if document["is_approved"]:
        store.link(OF_WORKFLOW, document["workflow_id"], document["id"])
    else:
        store.unlink(OF_WORKFLOW, document["workflow_id"], document["id"])


def can_replay(store: Store, workflow_id: str) -> bool:
    return store.is_linked(OF_WORKFLOW, workflow_id)


def of_run(store: Store, run_id: str) -> list[Document]:
    """The latest update first."""
    return store.targets(OF_RUN, run_id, "trajectory", f"ORDER BY {field('updated_at')} DESC, seq DESC")


def copy(store: Store, source: Document, at: datetime, **changes: Any) -> Document:
    fields = source | {"is_approved": False} | changes
    return keep(store, fields, at, is_generated=source["is_generated"])


def copy_all(store: Store, workflow_id: str, to: str, at: datetime) -> None:
    """Give another workflow the generated ones; what nobody has promoted stays behind."""
    for source in store.children("trajectory", workflow_id):
        if source["is_generated"]:
            flags = {name: source[name] for name in ("is_generated", "is_main", "has_been_approved")}
            keep(store, source | {"workflow_id": to, "run_id": None}, at, **flags)


def remove(store: Store, document: Document) -> None:
    store.unlink(OF_WORKFLOW, document["workflow_id"], document["id"])
    store.unlink(OF_RUN, None, document["id"])
    store.remove("trajectory", document["id"])


def detach_run(store: Store, run_id: str) -> None:
    """Keep the trajectories of a run that is deleted with its workflow alone."""
    for document in of_run(store, run_id):
        store.replace("trajectory", document | {"run_id": None})
    store.unlink(OF_RUN, run_id, None)
