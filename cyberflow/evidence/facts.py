"""The nouns of evidence: what is known of a run, and of the content that its workflow had over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, Self

from cyberflow.client.cyberdesk.wire import parse_time
from cyberflow.run.readings.reading import WorkflowReading

SHORT = 12
"""So much of a hash is shown to people."""
LATEST = datetime.max.replace(tzinfo=UTC)
Grade = Literal["proven", "bounded", "recorded", "changed", "unknown"]


@dataclass(frozen=True)
class RunFacts:
    """A run without its inputs, outputs and errors. `workflow` is the declared name where it is ours, else its title;
    `overrides` are what this run had of its own in place of the workflow's: `prompt`, `model`.
    """

    id: str
    workflow: str
    workflow_id: str
    status: str
    created_at: str
    started_at: str | None = None
    ended_at: str | None = None
    session_id: str | None = None
    machine_id: str | None = None
    overrides: tuple[str, ...] = ()


@dataclass(frozen=True)
class ContentState:
    """What a workflow said from `since` until the next write. `hash` is None where the service does not keep enough of
    a former version to say; `marked` says that it bears a marker of its own.
    """

    since: str
    hash: str | None
    commit: str | None = None
    marked: bool = False


@dataclass(frozen=True)
class RunEvidence:
    """Everything a grade rests on. `readings` are ours around the run, from before its submission to after its end,
    `times` its beginning and end as they were then; `now` is the workflow as it is, None when it is gone; `states` are
    its versions, oldest first and the present one last, none where they were not asked for.
    """

    run: RunFacts
    readings: tuple[WorkflowReading, ...] = ()
    times: tuple[str | None, str | None] | None = None
    now: WorkflowReading | None = None
    states: tuple[ContentState, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read it back. Raises TypeError, KeyError and AttributeError for what is not one."""
        run = data["run"]
        times = data["times"]
        return cls(
            RunFacts(**{**run, "overrides": tuple(run["overrides"])}),
            tuple(WorkflowReading(**one) for one in data["readings"]),
            None if times is None else (times[0], times[1]),
            None if data["now"] is None else WorkflowReading(**data["now"]),
            tuple(ContentState(**one) for one in data["states"]),
        )


@dataclass(frozen=True)
class Grading:
    """How sure it is which content a run executed, and why. `hash` is that content, `commit` the one that wrote it;
    where a write fell into the run nothing is claimed, and `hashes` are those before and after.
    """

    grade: Grade
    reason: str
    hash: str | None = None
    commit: str | None = None
    hashes: tuple[str | None, str | None] | None = None


@dataclass(frozen=True)
class ReceiptLink:
    """The receipt of the apply that wrote a content."""

    name: str
    sha256: str
    number: int | None
    at: str
    by: str | None
    plan: str | None
    approved_by: str | None = None
    approval: str | None = None


@dataclass(frozen=True)
class AccountNames:
    """What only the account knew: the ids of the models and the addresses of the images that a workflow names."""

    scope: str | None = None
    models: Mapping[str, str] = field(default_factory=dict)
    images: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Rebuild:
    """What a commit compiles to: the `same` as what the run executed, or not; None with a `reason` when nobody can
    say.
    """

    same: bool | None = None
    hash: str | None = None
    reason: str = ""
    names: AccountNames = field(default_factory=AccountNames)


@dataclass(frozen=True)
class CommitNote:
    """What is said of a commit to a reader."""

    id: str
    author: str
    at: int
    subject: str
    signed: bool
    branches: tuple[str, ...] = ()


@dataclass(frozen=True)
class TracedRun:
    """A run and where it leads to."""

    evidence: RunEvidence
    grading: Grading
    receipt: ReceiptLink | None = None
    rebuild: Rebuild = field(default_factory=Rebuild)
    commit: CommitNote | None = None

    @property
    def run(self) -> RunFacts:
        return self.evidence.run

    def to_json(self) -> dict[str, Any]:
        """Give it as `trace --format json` prints it."""
        grading, receipt = self.grading, self.receipt
        hashes = {"hashes": list(grading.hashes)} if grading.hashes is not None else {}
        return {
            "run_id": self.run.id,
            "workflow": self.run.workflow,
            "workflow_id": self.run.workflow_id,
            "hash": grading.hash,
            **hashes,
            "grade": grading.grade,
            "reason": grading.reason,
            "commit": grading.commit,
            "receipt": receipt.name if receipt else None,
            "plan": receipt.plan if receipt else None,
            "approved_by": receipt.approved_by if receipt else None,
            "rebuilt": self.rebuild.same,
        }


def in_order(states: Sequence[ContentState]) -> tuple[ContentState, ...]:
    """States by the time of their writing; none at all when one of them has no time."""
    if any(parse_time(state.since) is None for state in states):
        return ()
    return tuple(sorted(states, key=lambda state: parse_time(state.since) or LATEST))
