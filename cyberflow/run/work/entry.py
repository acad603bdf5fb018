"""The nouns of a ledger: its header, and an entry for each submission, call and wait. No secret ever comes into one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID, uuid5

Stage = Literal["waiting", "sending", "accepted", "ended", "refused", "unknown"]
Kind = Literal["chain", "run", "task", "call", "wait", "each", "pipeline"]
LedgerKind = Literal["batch", "pipeline", "script", "runs"]
"""The rows of a file, a pipeline, the keys of a Python script, the single runs of a project."""
SUCCESSFUL = frozenset({"success", "completed", "skipped"})


@dataclass(frozen=True)
class LedgerHeader:
    """What a ledger is of. `invocation` is random and makes every key; `shape` tells whether a body would be the same
    now.

    `options` are what `run` was given besides secrets, so that it can be given the same again.
    """

    invocation: str
    name: str
    target: str
    file: str = ""
    digest: str = ""
    total: int = 0
    shape: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    kind: LedgerKind = "batch"


@dataclass(frozen=True)
class LedgerEntry:
    """One submission, call or wait: `STEP`, `STEP[KEY]`, nested `outer/STEP[KEY]`. `number` is its place among those of
    its step, the row of a batch.

    `sent_at` is when its present attempt was sent first, seconds of the epoch; `shape` and `inputs` are what it was
    sent with; `run_ids` holds the runs, or the one task; `facts` are what else is known.
    """

    id: str
    step: str = ""
    number: int = 0
    kind: Kind = "chain"
    stage: Stage = "waiting"
    attempt: int = 0
    key: str | None = None
    sent_at: float | None = None
    session_id: str | None = None
    run_ids: tuple[str, ...] = ()
    status: str | None = None
    outputs: Any = None
    error: str | None = None
    shape: str | None = None
    inputs: Any = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def has_failed(self) -> bool:
        return self.stage == "refused" or (self.stage == "ended" and self.status not in SUCCESSFUL)

    @property
    def has_succeeded(self) -> bool:
        return self.stage == "ended" and self.status in SUCCESSFUL

    @property
    def is_over(self) -> bool:
        return self.stage in ("ended", "refused", "unknown")

    @property
    def display_status(self) -> str:
        """The status in a result: a run's own, or how far it came. A wait is accepted by nobody: it waits."""
        return self.status or ("waiting" if self.is_open_wait else self.stage)

    @property
    def is_open_wait(self) -> bool:
        return self.kind == "wait" and self.stage == "accepted"

    @property
    def is_question(self) -> bool:
        """Whether it waits for an answer."""
        return self.is_open_wait and "question" in self.facts

    @property
    def task_id(self) -> str | None:
        return self.run_ids[0] if self.kind == "task" and self.run_ids else None


def row_entry(name: str, number: int) -> LedgerEntry:
    """The entry of a row that nothing is known of yet."""
    return LedgerEntry(f"{name}[{number}]", name, number)


def attempt_key(invocation: str, id: str, attempt: int) -> str:
    """The idempotency key of one attempt: known before it is written, and the same for ever."""
    return str(uuid5(UUID(invocation), f"{id}/{attempt}"))
