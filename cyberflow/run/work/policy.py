"""The policy of submissions: the next action for an entry of a ledger, and when sending stops. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from cyberflow.run.work.entry import LedgerEntry, attempt_key

KEY_LIFE = 3600.0
"""Seconds from its first sending in which a submission without an answer is sent again under its key."""
SKEW = 60.0
"""Seconds that a clock may have been set back since; a key whose age nobody knows is not used again."""
EntryAction = Literal["send", "repeat", "follow", "expired", "leave"]


@dataclass(frozen=True)
class Limits:
    """`parallel` chains at a time; the first `canary` rows must all succeed before another is sent; with `failures`
    rows failed nothing more is sent.
    """

    parallel: int = 10
    canary: int = 0
    failures: int | None = None


@dataclass(frozen=True)
class RetryPolicy:
    """What to do besides going on with rows that are not over: `failed` rows once more, `unknown` ones once more.

    `same` says that a row would be sent with the same body as before, so that its key may be used again.
    """

    failed: bool = False
    unknown: bool = False
    same: bool = True


def next_action(entry: LedgerEntry, policy: RetryPolicy, now: float) -> EntryAction:
    """What to do with an entry: `send` is a new attempt, `repeat` the same one under its key. A task has no key that
    its service knows: one whose answer was lost is `expired` at once.
    """
    match entry.stage:
        case "sending" if entry.kind == "task":
            return "expired"
        case "sending":
            age = now - (entry.sent_at or 0.0)
            return "repeat" if policy.same and -SKEW <= age < KEY_LIFE else "expired"
        case "accepted":
            return "follow"
        case "waiting":
            return "send"
        case "unknown":
            return "send" if policy.unknown else "leave"
    return "send" if entry.has_failed and policy.failed else "leave"


def next_attempt(entry: LedgerEntry, invocation: str, now: float) -> LedgerEntry:
    """The entry as it is written down before it is sent anew: nothing is left of the attempt before."""
    attempt = entry.attempt + 1
    return LedgerEntry(
        *(entry.id, entry.step, entry.number, entry.kind, "sending", attempt),
        key=attempt_key(invocation, entry.id, attempt),
        sent_at=now,
        shape=entry.shape,
        inputs=entry.inputs,
    )


@dataclass
class CircuitBreaker:
    """Whether more may be sent. It is told of every row that is over; `total` is the number of rows."""

    limits: Limits
    total: int
    failures: int = 0
    canaries: Counter[str] = field(default_factory=Counter)

    def restore(self, entries: Iterable[LedgerEntry]) -> None:
        """Take in what former goes left behind. Their failures do not count: a person has seen them since."""
        self.canaries.update(entry.display_status for entry in entries if entry.number <= self.limits.canary)

    def record(self, entry: LedgerEntry) -> None:
        self.failures += entry.has_failed or entry.stage == "unknown"
        if entry.number <= self.limits.canary:
            self.canaries[entry.display_status] += 1

    def refusal_reason(self, number: int) -> str | None:
        """Why row `number` may not be sent, None when it may."""
        limit, canary = self.limits.failures, min(self.limits.canary, self.total)
        if limit is not None and self.failures >= limit:
            return f"{self.failures} rows failed, and --stop-at-failures ends it there"
        if number > canary and self.canaries["success"] < canary:
            ways = "--retry-failed runs them once more, --canary 0 goes on without"
            return (
                f"{self.canaries['success']} of the first {canary} rows succeeded, and --canary asks for all ({ways})"
            )
        return None
