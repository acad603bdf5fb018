"""Waits: for a while, until a moment, for somebody's answer. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from cyberflow.compiler.pipeline.form import BundledWait
from cyberflow.run.inputs.durations import parse_duration
from cyberflow.run.pipeline.values import StepValues
from cyberflow.run.work.entry import LedgerEntry


def open_wait(entry: LedgerEntry, wait: BundledWait, filler: StepValues, now: float) -> LedgerEntry:
    """The entry of a wait that begins: its end is written down as an instant, so that a restart does not move it."""
    opened = replace(entry, stage="accepted", attempt=entry.attempt + 1, sent_at=now)
    if wait.signal is not None:
        limit = parse_duration(wait.timeout)
        question = filler.text(wait.signal, "the question")
        due = None if limit is None else now + limit
        return replace(opened, facts={"question": question, "due": due, "outputs": wait.outputs})
    if wait.duration is not None:
        return replace(opened, facts={"due": now + (parse_duration(wait.duration) or 0.0)})
    due = parse_instant(filler.value(wait.until, "`until`"))
    if due is None:
        return replace(opened, stage="refused", error="what `until` reads is not a moment, as 2026-03-31T18:00:00Z is")
    return replace(opened, facts={"due": due})


def end_wait(entry: LedgerEntry, answer: Mapping[str, Any] | None, now: float) -> LedgerEntry | None:
    """The entry of a wait that is over, None while it is not. An answer counts, however late it is read."""
    if answer is not None:
        facts = {**entry.facts, "by": answer["who"], "answered_at": answer["at"]}
        status, error = answer.get("status", "success"), answer.get("error")
        return replace(entry, stage="ended", status=status, outputs=answer["outputs"], facts=facts, error=error)
    due = entry.facts.get("due")
    if due is None or now < due:
        return None
    if "question" in entry.facts:
        return replace(entry, stage="ended", status="error", error="nobody answered in time")
    return replace(entry, stage="ended", status="success", outputs={})


def parse_instant(value: Any) -> float | None:
    """Seconds of the epoch of an RFC 3339 moment, or of a date, which begins in UTC; None for what is neither."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
