"""Brings the platform to the clock's now: runs that are due move on, and machines that are free get the next run.

Nothing here waits or remembers: the same rows and the same instant give the same state, whoever asks and how often.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from cyberflow.emulator.contract.clock import instant, stamp
from cyberflow.emulator.engine import agent, checks, sessions
from cyberflow.emulator.store import runs
from cyberflow.emulator.store.runs import RunRow
from cyberflow.emulator.store.secret_store import SecretStore
from cyberflow.emulator.store.store import Document, Store

CHECK_DURATION = timedelta(seconds=0.5)


def advance(store: Store, secret_store: SecretStore, now: datetime) -> None:
    """Let everything happen that was due by now, each thing at its own time."""
    if _next_due(store, now) is None:
        return
    with store.transaction():
        while (run := _next_due(store, now)) is not None:
            at = instant(run.due_at or "")
            _advance_run(store, secret_store, run, at)
            dispatch(store, secret_store, at)


def dispatch(store: Store, secret_store: SecretStore, at: datetime) -> None:
    """Start every run that can start. One that fails at its start frees its machine at once."""
    while (found := _next_start(store)) is not None:
        run, machine = found
        if run.session_id is not None:
            sessions.reserve(store, machine, run.session_id)
        run.machine_id, run.status, run.started_at = machine["id"], "running", stamp(at)
        errors = agent.begin(store, secret_store, run, machine)
        if errors:
            run.doc["error"] = errors
            sessions.end_run(store, secret_store, run, "error", at)
        else:
            run.due_at = stamp(at + timedelta(seconds=run.plan["seconds"]))
            runs.save(store, run)


def busy_machine_ids(store: Store) -> set[str]:
    rows = store.connection.execute(
        "SELECT machine_id FROM runs WHERE status IN ('running', 'running_checks')"
        " AND (status = 'running' OR session_id IS NOT NULL)"
    )
    return {row[0] for row in rows}


def _next_due(store: Store, now: datetime) -> RunRow | None:
    found = runs.select(store, "WHERE due_at IS NOT NULL AND due_at <= ? ORDER BY due_at, queue LIMIT 1", stamp(now))
    return found[0] if found else None


def _advance_run(store: Store, secret_store: SecretStore, run: RunRow, at: datetime) -> None:
    if run.status == "running":
        outcome = agent.finish(store, run, at)
        if outcome == "success" and run.doc["post_run_checks"]:
            run.status, run.due_at = "running_checks", stamp(at + CHECK_DURATION)
            run.doc["post_run_checks"] = checks.mark_running(run.doc["post_run_checks"], at)
            runs.save(store, run)
            return
        sessions.end_run(store, secret_store, run, outcome, at)
        return
    done = checks.evaluate(run.doc["post_run_checks"], run.plan, agent.evidence(store, run), at)
    run.doc["post_run_checks"] = done
    failed = checks.failures(done)
    run.doc["error"] = failed or run.doc["error"]
    sessions.end_run(store, secret_store, run, "error" if failed else "success", at)


def _next_start(store: Store) -> tuple[RunRow, Document] | None:
    """The run that starts next, with its machine: the head of a session that holds one, else by priority and age."""
    waiting = "SELECT 1 FROM runs WHERE status = 'scheduling' ORDER BY is_priority DESC, queue LIMIT 1"
    if store.connection.execute(waiting).fetchone() is None:
        return None
    busy = busy_machine_ids(store)
    machines = store.every("machine")
    idle = [m for m in machines if m["id"] not in busy and m["status"] == "connected" and m["is_enabled"]]
    for machine in idle:
        if machine["reserved_session_id"] is not None:
            live = runs.live_of_session(store, machine["reserved_session_id"])
            if live and live[0].status == "scheduling":
                return live[0], machine
    free = [machine for machine in idle if machine["reserved_session_id"] is None]
    if not free:
        return None
    held = {machine["reserved_session_id"] for machine in machines}
    return _first_fitting(store, free, held)


def _first_fitting(store: Store, free: Sequence[Document], held: set[Any]) -> tuple[RunRow, Document] | None:
    heads: dict[str, str] = {}
    rows = store.connection.execute(
        "SELECT id, session_id FROM runs WHERE status = 'scheduling' ORDER BY is_priority DESC, queue"
    )
    for id, session_id in rows:
        if session_id is not None:
            if session_id in held:
                continue
            if session_id not in heads:
                heads[session_id] = runs.live_of_session(store, session_id)[0].id
            if heads[session_id] != id:
                continue
        run = runs.find(store, id)
        machine = run and next((m for m in free if _fits(store, run, m)), None)
        if run and machine:
            return run, machine
    return None


def _fits(store: Store, run: RunRow, machine: Document) -> bool:
    if run.wanted_machine is not None:
        return bool(machine["id"] == run.wanted_machine)
    return all(store.is_linked("pool-machine", pool, machine["id"]) for pool in run.doc["pool_ids"] or ())
