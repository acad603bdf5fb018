"""Answers to what a pipeline waits for: held against their types, the first one wins, whoever runs it or nobody."""

from __future__ import annotations

import getpass
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cyberflow.diagnostics import did_you_mean
from cyberflow.errors import ConflictError, UsageError
from cyberflow.run.inputs.hints import join_texts
from cyberflow.run.inputs.inputs import read_inputs
from cyberflow.run.work.entry import LedgerEntry
from cyberflow.run.work.ledger import Ledger


@dataclass(frozen=True)
class _Question:
    """What an answer is held against: the declared outputs of a wait, as if they were inputs."""

    name: str
    inputs: Mapping[str, Any]
    secrets: Mapping[str, Any] = field(default_factory=dict)
    from_machine: Sequence[str] = ()


def signal(
    ledger: Path,
    step: str,
    inputs: Sequence[str] = (),
    document: Mapping[str, Any] | None = None,
    *,
    who: str | None = None,
    wall: Callable[[], float] = time.time,
) -> LedgerEntry:
    """Answer a wait, and give its entry. Raises UsageError for what is not asked there or does not fit, ConflictError
    where nothing waits any more: somebody was first, or the time is over.
    """
    with Ledger.open(ledger, shared=True) as opened, opened.transaction():
        entry = _find_wait(opened, step)
        answer = opened.answers().get(step)
        if answer is not None:
            raise ConflictError(f"`{step}` was answered already, by {answer['who']}", help="the first answer wins")
        if entry.stage != "accepted" or (entry.facts.get("due") or wall() + 1) <= wall():
            why = "its time is over" if entry.stage == "accepted" else f"it is `{entry.display_status}`"
            raise ConflictError(f"`{step}` waits no more: {why}", help="nothing was answered")
        question = _Question(step, entry.facts.get("outputs") or {})
        found = read_inputs(question, inputs, document)
        if found.problems:
            text = join_texts(f"the answer to `{step}` does not fit:", [one.text for one in found.problems], "\n  ")
            raise UsageError(text, help="nothing was answered")
        opened.answer(step, found.values, who or _user(), wall())
        return entry


def adopt_task(ledger: Path, step: str, task_id: str, *, wall: Callable[[], float] = time.time) -> LedgerEntry:
    """Say which task is the one whose answer was lost: the next start follows it. Raises UsageError and ConflictError,
    CyberflowError while the pipeline is run.
    """
    with Ledger.open(ledger) as opened:
        entry = opened.find(step)
        if entry is None or entry.kind != "task":
            raise UsageError(f"the ledger has no task `{step}`")
        if entry.stage not in ("sending", "unknown"):
            raise ConflictError(f"the fate of `{step}` is known: it is `{entry.display_status}`")
        facts = {**entry.facts, "adopted_at": wall()}
        adopted = replace(entry, stage="accepted", run_ids=(task_id,), error=None, facts=facts)
        with opened.transaction():
            opened.write([adopted])
        return adopted


def _find_wait(ledger: Ledger, step: str) -> LedgerEntry:
    entry = ledger.find(step)
    if entry is not None and entry.kind == "wait" and "question" in entry.facts:
        return entry
    waits = [one.id for one in ledger.entries() if one.kind == "wait" and "question" in one.facts]
    if entry is None and step in ledger.head.options.get("steps", {}):
        raise ConflictError(f"`{step}` does not wait yet: the pipeline has not come to it")
    help = did_you_mean(step, waits) or "it asks nothing"
    raise UsageError(f"`{ledger.head.name}` asks nothing at `{step}`", help=help)


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "somebody"
