"""The ledgers of a project as the page shows them: batches, pipelines and scripts, what each did and what waits."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cyberflow.errors import CyberflowError
from cyberflow.run.work.entry import LedgerEntry, Stage
from cyberflow.run.work.ledger import Ledger
from cyberflow.sdk.runs.origins import UNREADABLE, ledger_paths, origins

MOST_ENTRIES, MOST_WAITS = 500, 3


def session_names(state: Path) -> dict[str, str]:
    """What was run in each session, or run alone, by its id: from the journal and the ledgers."""
    return {id: origin.declared for id, origin in origins(state).items() if origin.declared}


def list_ledgers(state: Path) -> list[dict[str, Any]]:
    """Every ledger, the newest first, with how many entries are how far."""
    found = sorted(ledger_paths(state).items(), key=lambda each: -each[1].stat().st_mtime)
    return [_summary(name, path) for name, path in found]


def show_ledger(path: Path, name: str) -> dict[str, Any]:
    """One ledger with its entries, failures and waits first, at most `MOST_ENTRIES`. Raises as `Ledger.open`."""
    with Ledger.open(path, shared=True) as ledger:
        answered = ledger.answers()
        found = sorted(ledger.entries(), key=lambda entry: (not _needs_someone(entry), entry.step, entry.number))
        shown = [_entry(entry, answered) for entry in found[:MOST_ENTRIES]]
        rest = {"entries": shown, "left_out": max(0, len(found) - MOST_ENTRIES), "steps": _step_states(found)}
        return _head(name, ledger) | rest


def find_ledger(state: Path, name: str) -> Path | None:
    return ledger_paths(state).get(name)


def _summary(name: str, path: Path) -> dict[str, Any]:
    try:
        with Ledger.open(path, shared=True) as ledger:
            return _head(name, ledger)
    except UNREADABLE as error:
        text = error.message if isinstance(error, CyberflowError) else f"{path} is damaged: {error}"
        return {"name": name, "path": str(path), "problem": text}


def _head(name: str, ledger: Ledger) -> dict[str, Any]:
    head, answered = ledger.head, ledger.answers()
    about = {"runs": head.name, "kind": head.kind, "target": head.target, "total": head.total}
    waits = [_wait(entry, answered) for entry in ledger.entries("accepted") if entry.is_open_wait]
    return {"name": name, "path": str(ledger.path), **about, "counts": ledger.counts(), "waits": waits[:MOST_WAITS]}


def _step_states(entries: list[LedgerEntry]) -> dict[str, str]:
    """Each step's state, in the service's words: that of its worst item, running while one is."""
    states: dict[str, str] = {}
    for entry in entries:
        state = entry.status or _STATES[entry.stage]
        if entry.step not in states or _RANK.get(state, 0) > _RANK.get(states[entry.step], 0):
            states[entry.step] = state
    return states


_STATES: dict[Stage, str] = {
    "waiting": "scheduling",
    "sending": "running",
    "accepted": "running",
    "ended": "success",
    "refused": "error",
    "unknown": "error",
}
_RANK = {
    state: rank for rank, state in enumerate(("success", "scheduling", "cancelled", "task_failed", "error", "running"))
}


def _needs_someone(entry: LedgerEntry) -> bool:
    return entry.has_failed or entry.stage == "unknown" or entry.is_open_wait


def _wait(entry: LedgerEntry, answered: Mapping[str, Any]) -> dict[str, Any]:
    """What an open wait waits for: an answer to its question, or a moment, in seconds of the epoch."""
    facts = {name: entry.facts.get(name) for name in ("question", "due", "outputs")}
    return {"id": entry.id, **facts, "is_answered": entry.id in answered}


def _entry(entry: LedgerEntry, answered: Mapping[str, Any]) -> dict[str, Any]:
    """What happened to it. Inputs and outputs stay out: a page of a thousand patients is nobody's wish."""
    return {
        "id": entry.id,
        "step": entry.step,
        "kind": entry.kind,
        "status": entry.display_status,
        "attempt": entry.attempt,
        "session_id": entry.session_id,
        "run_ids": list(entry.run_ids),
        "error": entry.error,
        "waits": _wait(entry, answered) if entry.is_open_wait else None,
    }
