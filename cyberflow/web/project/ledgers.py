"""The ledgers of a project as the page shows them: batches, pipelines and scripts, what each did and what waits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cyberflow.errors import CyberflowError
from cyberflow.run.work.entry import LedgerEntry, Stage
from cyberflow.run.work.journal import entries
from cyberflow.run.work.ledger import Ledger

FOLDER = "ledgers"
MOST_ENTRIES = 500


def session_names(state: Path) -> dict[str, str]:
    """What was run in each session, or run alone, by its id: from the journal and the ledgers of batches. The steps of
    a pipeline have names of their own.
    """
    names: dict[str, str] = {}
    found = [entry for path in _paths(state) for entry in _read_batch(path)] + entries(state)
    for entry in found:
        for id in (entry.session_id, *entry.run_ids):
            if id is not None and entry.step:
                names[id] = entry.step
    return names


def list_ledgers(state: Path) -> list[dict[str, Any]]:
    """Every ledger, the newest first, with how many entries are how far."""
    return [_summary(path) for path in sorted(_paths(state), key=lambda path: -path.stat().st_mtime)]


def show_ledger(path: Path) -> dict[str, Any]:
    """One ledger with its entries, failures and waits first, at most `MOST_ENTRIES`. Raises as `Ledger.open`."""
    with Ledger.open(path, shared=True) as ledger:
        answered = ledger.answers()
        found = sorted(ledger.entries(), key=lambda entry: (not _needs_someone(entry), entry.step, entry.number))
        shown = [_entry(entry) | {"answer": answered.get(entry.id)} for entry in found[:MOST_ENTRIES]]
        rest = {"entries": shown, "left_out": max(0, len(found) - MOST_ENTRIES), "steps": _step_states(found)}
        return _head(path, ledger) | rest


def find_ledger(state: Path, name: str) -> Path | None:
    return next((path for path in _paths(state) if path.stem == name), None)


def _paths(state: Path) -> list[Path]:
    return sorted((state / FOLDER).glob("*.db"))


def _read_batch(path: Path) -> Iterator[LedgerEntry]:
    """The entries of a batch; a ledger that cannot be read says nothing here, its own page says why."""
    try:
        with Ledger.open(path, shared=True) as ledger:
            if ledger.head.kind == "batch":
                yield from ledger.entries()
    except CyberflowError:
        return


def _summary(path: Path) -> dict[str, Any]:
    try:
        with Ledger.open(path, shared=True) as ledger:
            return _head(path, ledger)
    except CyberflowError as error:
        return {"name": path.stem, "path": str(path), "problem": error.message}


def _head(path: Path, ledger: Ledger) -> dict[str, Any]:
    head = ledger.head
    about = {"runs": head.name, "kind": head.kind, "target": head.target, "total": head.total}
    return {"name": path.stem, "path": str(path), **about, "counts": ledger.counts()}


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
    return entry.has_failed or entry.stage == "unknown" or (entry.kind == "wait" and not entry.is_over)


def _question(entry: LedgerEntry) -> dict[str, Any] | None:
    """What a person is asked, and what the answer holds; None where nobody is."""
    if entry.is_over or "question" not in entry.facts:
        return None
    return {name: entry.facts.get(name) for name in ("question", "due", "outputs")}


def _entry(entry: LedgerEntry) -> dict[str, Any]:
    """Inputs and outputs stay out: a page of a thousand patients is nobody's wish."""
    return {
        "id": entry.id,
        "step": entry.step,
        "kind": entry.kind,
        "status": entry.display_status,
        "attempt": entry.attempt,
        "session_id": entry.session_id,
        "run_ids": list(entry.run_ids),
        "error": entry.error,
        "asks": _question(entry),
    }
