"""Sessions: the reservation of one machine for the runs that share an id, and what the end of one run means to the
others. A session exists only as `reserved_session_id` of a machine and `session_id` of runs.
"""

from __future__ import annotations

from datetime import datetime

from cyberflow.emulator.contract.clock import stamp
from cyberflow.emulator.engine import checks, webhooks
from cyberflow.emulator.store import runs
from cyberflow.emulator.store.runs import RunRow
from cyberflow.emulator.store.secret_store import SecretStore
from cyberflow.emulator.store.store import Document, Store, field


def machine_of(store: Store, session_id: str) -> Document | None:
    return next(iter(store.select("machine", {f"{field('reserved_session_id')} = ?": session_id})), None)


def reserve(store: Store, machine: Document, session_id: str) -> None:
    store.replace("machine", machine | {"reserved_session_id": session_id})


def release(store: Store, session_id: str) -> None:
    machine = machine_of(store, session_id)
    if machine is not None:
        store.replace("machine", machine | {"reserved_session_id": None})


def end_run(store: Store, secret_store: SecretStore, run: RunRow, status: str, at: datetime) -> None:
    """Bring a live run to its final status, and its session after it; its errors are already in it."""
    if run.session_id is not None and status != "success":
        run.doc["release_session_after"] = True
    _finish(store, secret_store, run, status, at)
    if run.session_id is not None and run.doc["release_session_after"]:
        _end_session(store, secret_store, run, at)


def cancel_run(store: Store, secret_store: SecretStore, run: RunRow, at: datetime, reason: str | None = None) -> None:
    if reason is not None:
        run.doc["error"] = [*(run.doc["error"] or []), reason]
    end_run(store, secret_store, run, "cancelled", at)


def abort(store: Store, secret_store: SecretStore, session_id: str, at: datetime, reason: str) -> None:
    """End a session by force: every live run is cancelled, the last first, and the machine is free."""
    for run in reversed(runs.live_of_session(store, session_id)):
        # Its end may have been told already by the one before it.
        if (current := runs.find(store, run.id)) and current.is_live:
            cancel_run(store, secret_store, current, at, reason)
    release(store, session_id)


def _finish(store: Store, secret_store: SecretStore, run: RunRow, status: str, at: datetime) -> None:
    run.status, run.ended_at, run.due_at = status, stamp(at), None
    run.doc["post_run_checks"] = checks.cancel_remaining(run.doc["post_run_checks"], at)
    secret_store.drop(run.id)
    runs.save(store, run)
    webhooks.announce_run_end(store, run, at)


def _end_session(store: Store, secret_store: SecretStore, ended: RunRow, at: datetime) -> None:
    """The session ends with this run: later ones are cancelled. Where an earlier one is still at work (a later step
    was cancelled), the session ends with that one instead.
    """
    session_id = ended.session_id or ""
    name = f"`{ended.session_alias}` ({ended.id})" if ended.session_alias else ended.id
    live = runs.live_of_session(store, session_id)
    for run in live:
        if run.queue > ended.queue:
            run.doc["error"] = [f"Cancelled: the session ended when run {name} ended in {ended.status}"]
            run.doc["release_session_after"] = run.doc["release_session_after"] or False
            _finish(store, secret_store, run, "cancelled", at)
    earlier = [run for run in live if run.queue < ended.queue]
    if earlier:
        earlier[-1].doc["release_session_after"] = True
        runs.save(store, earlier[-1])
    else:
        release(store, session_id)
