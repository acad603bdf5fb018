"""The nouns of a deployment: what would change, what stands in the way, what became of it. Plain values."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

from cyberflow.client.cyberdesk.wire import Image, WorkflowRecord
from cyberflow.compiler.bundle import Asset, Bundle, canonical_json
from cyberflow.deploy.plan.verdicts import EditVerdict
from cyberflow.deploy.replay.model import Replay
from cyberflow.errors import ConflictError, CyberflowError
from cyberflow.remote.canonical import field_hash, wire_fields
from cyberflow.remote.desired import DesiredWorkflow
from cyberflow.remote.identity import Owner

VERSION = 1

Action = Literal["create", "update", "rename", "adopt", "delete", "release", "drift", "upload", "lost", "copy"]
Kind = Literal["workflow", "tag", "image"]
Status = Literal["done", "unchanged", "conflict", "failed", "skipped", "unfinished"]

WORLD_REFUSED = CyberflowError.exit_code
CONFLICT = 4
PROJECT_ERROR = 1
_CODES: Mapping[Status, int] = {
    "done": 0,
    "unchanged": 0,
    "conflict": CONFLICT,
    "failed": WORLD_REFUSED,
    "skipped": WORLD_REFUSED,
    "unfinished": WORLD_REFUSED,
}


class PlanRefused(CyberflowError):
    """The plan has errors, so nothing is sent: the project asks for what this account cannot give. Exit code 1."""

    exit_code = PROJECT_ERROR


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of the API, or `tags`, in wire form without the marker."""

    path: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class BreakingChange:
    """A user of a workflow that its new schema breaks: a step of a chain or pipeline, without a step the outputs of
    the whole, or with neither every caller.
    """

    chain: str | None
    step: str | None
    reason: str
    pipeline: str | None = None

    def to_json(self) -> dict[str, Any]:
        made = {"chain": self.chain, "step": self.step, "reason": self.reason}
        return made | ({"pipeline": self.pipeline} if self.pipeline else {})

    def __str__(self) -> str:
        part = f"step `{self.step}`" if self.step else "its outputs"
        kind, name = ("pipeline", self.pipeline) if self.pipeline else ("chain", self.chain)
        whom = f"{kind} `{name}`, {part}" if name else "callers outside this project"
        return f"breaking for {whom}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Change:
    """One line of a plan. `name` is the declared name, a tag's name or an image's filename; `reason` says why.

    What `apply` needs besides is not part of its identity: the workflow as the plan saw it, and what it should be.
    """

    action: Action
    kind: Kind
    name: str
    id: str | None = None
    fields: tuple[FieldChange, ...] = ()
    reason: str = ""
    seen: WorkflowRecord | None = field(default=None, repr=False, compare=False)
    desired: DesiredWorkflow | None = field(default=None, repr=False, compare=False)
    asset: Asset | None = field(default=None, repr=False, compare=False)
    breaking: tuple[BreakingChange, ...] = ()
    verdict: EditVerdict | None = field(default=None, compare=False)
    replay: Replay | None = field(default=None, compare=False)

    @property
    def pending(self) -> bool:
        """Whether it asks for a write."""
        return self.action not in {"lost", "copy"}

    def to_json(self) -> dict[str, Any]:
        """Give the change with what it means, and what it would have done to past runs."""
        means = {"verdict": self.verdict.word} if self.verdict else {}
        past = {"replay": self.replay.to_json()} if self.replay else {}
        return {**self.content, **means, **past}

    @property
    def content(self) -> dict[str, Any]:
        """What a digest is made of: what the change does, and whom that breaks."""
        fields = [{"path": one.path, "before": one.before, "after": one.after} for one in self.fields]
        made = {"action": self.action, "kind": self.kind, "name": self.name, "id": self.id, "fields": fields}
        return {**made, "breaking": [one.to_json() for one in self.breaking]} if self.breaking else made


@dataclass(frozen=True, slots=True)
class PlanProblem:
    """Something that no write of ours may mend. `name` is the workflow it stops, None when it stops every create."""

    name: str | None
    message: str
    ids: tuple[str, ...] = ()
    help: str | None = None


@dataclass(frozen=True, slots=True)
class KeptWorkflow:
    """A workflow that bears our marks and needs nothing: no longer declared, or marked by hand. It is left as it is.

    `prunable` when it is ours, whole, and no longer declared: what `--prune` takes.
    """

    name: str
    id: str
    reason: str
    prunable: bool = field(default=False, compare=False)
    seen: WorkflowRecord | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class PruneOptions:
    """What `--prune` was asked for. `runs` holds the ids of the workflows that have runs, `live` those with live ones;
    both are None until the account was asked.
    """

    workflows: bool = True
    delete_runs: bool = False
    images: bool = False
    force: bool = False
    runs: frozenset[str] | None = None
    live: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Plan:
    """What `apply` would do. `errors` stop all of it, a conflict stops its workflow, `kept` is only told."""

    bundle: Bundle = field(repr=False)
    owner: Owner
    changes: tuple[Change, ...] = ()
    errors: tuple[PlanProblem, ...] = ()
    conflicts: tuple[PlanProblem, ...] = ()
    kept: tuple[KeptWorkflow, ...] = ()
    only: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The ids of the account's tags that the writes may need, by name."""
    ids: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The ids of the declared workflows that are there, by name."""
    live: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The live runs of workflows that would change, by workflow id; filled in by whoever asked for them."""
    orphans: tuple[Image, ...] = ()
    """Images that cyberflow uploaded and nothing uses, once this plan is carried out."""
    prune: PruneOptions | None = None
    refused: tuple[PlanProblem, ...] = ()
    """Why `--prune` would be too much without `--force`: nothing at all is written then."""

    @property
    def pending(self) -> bool:
        """Whether there is anything to write, drift included: what `plan --check` asks."""
        return any(change.pending for change in self.changes)

    @property
    def exit_code(self) -> int:
        """1 with errors, 4 with a conflict or a lost workflow, else 0; copies do not count."""
        if self.errors:
            return PROJECT_ERROR
        return (
            CONFLICT if self.refused or self.conflicts or any(change.action == "lost" for change in self.changes) else 0
        )

    @property
    def summary(self) -> dict[str, int]:
        return dict(sorted(Counter(change.action for change in self.changes).items()))

    @cached_property
    def digest(self) -> str:
        """The sha256 of bundle and plan: a plan made again from what did not move has the same."""
        changes = [change.content for change in self.changes if change.action != "copy"]
        problems = [one.message for one in (*self.errors, *self.conflicts, *self.refused)]
        content = {"changes": changes, "problems": problems, "bundle": self.bundle.digest, "owner": self.owner.tag}
        states = [change.seen.input_schema for change in self.changes if change.seen and change.action != "copy"]
        return hashlib.sha256(canonical_json({**content, "seen": states}).encode()).hexdigest()

    @property
    def image_names(self) -> dict[str, str]:
        """The names under which a reader knows the images that the prompts still name by content."""
        return self.bundle.asset_names

    def to_json(self) -> dict[str, Any]:
        """Give the plan as `plan --format json` prints it; what stands in its way is told beside it."""
        return {
            "version": VERSION,
            "project": self.bundle.project,
            "target": self.bundle.target,
            "changes": [change.to_json() for change in self.changes],
            "summary": self.summary,
            "errors": [_problem_json(one) for one in self.errors],
            "conflicts": [_problem_json(one) for one in self.conflicts],
            "refused": [_problem_json(one) for one in self.refused],
            "kept": [{"name": one.name, "id": one.id, "reason": one.reason} for one in self.kept],
            "live_runs": {id: list(runs) for id, runs in self.live.items()},
            "orphans": [{"filename": one.filename, "url": one.supabase_url} for one in self.orphans],
        }


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a change. `unchanged` means that somebody else had made it already. `before` and `after` are the
    hashes of a workflow's content as the plan saw it and as it was left, None where there is none or nobody knows.
    """

    action: Action
    kind: Kind
    name: str
    id: str | None
    status: Status
    message: str = ""
    help: str | None = None
    before: str | None = None
    after: str | None = None

    @property
    def exit_code(self) -> int:
        return _CODES[self.status]

    def to_json(self) -> dict[str, Any]:
        hashes = ("before", "after") if self.kind == "workflow" else ()
        names = ("action", "kind", "name", "id", "status", "message", *hashes)
        return {name: getattr(self, name) for name in names}

    @classmethod
    def of(cls, change: Change, status: Status, message: str = "", id: str | None = None) -> Outcome:
        before = field_hash(wire_fields(change.seen)) if change.seen is not None else None
        return cls(change.action, change.kind, change.name, id or change.id, status, message, before=before)

    @classmethod
    def from_error(cls, change: Change, error: CyberflowError, id: str | None = None) -> Outcome:
        """A conflict or a failure, in the words of what was raised."""
        status: Status = "conflict" if isinstance(error, ConflictError) else "failed"
        return replace(cls.of(change, status, error.message, id), help=error.help)


def _problem_json(one: PlanProblem) -> dict[str, Any]:
    return {"name": one.name, "message": one.message, "ids": list(one.ids), "help": one.help}
