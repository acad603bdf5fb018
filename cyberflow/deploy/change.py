"""The nouns of a deployment: what would change, what stands in the way, what became of it. Plain values; JSON shapes
are SPEC section 8.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from cyberflow.compiler.bundle import Asset, Bundle, canonical_json
from cyberflow.errors import CyberflowError
from cyberflow.remote import Desired, Owner
from cyberflow.service.wire import Workflow

VERSION = 1

Action = Literal["create", "update", "rename", "drift", "upload", "lost", "copy"]
Kind = Literal["workflow", "tag", "image"]
Status = Literal["done", "unchanged", "conflict", "failed", "skipped"]

WORLD_REFUSED = CyberflowError.exit_code
CONFLICT = 4
PROJECT_ERROR = 1
_CODES: Mapping[Status, int] = {
    "done": 0,
    "unchanged": 0,
    "conflict": CONFLICT,
    "failed": WORLD_REFUSED,
    "skipped": WORLD_REFUSED,
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
    seen: Workflow | None = field(default=None, repr=False, compare=False)
    desired: Desired | None = field(default=None, repr=False, compare=False)
    asset: Asset | None = field(default=None, repr=False, compare=False)

    @property
    def pending(self) -> bool:
        """Whether it asks for a write."""
        return self.action not in {"lost", "copy"}

    def to_json(self) -> dict[str, Any]:
        fields = [{"path": one.path, "before": one.before, "after": one.after} for one in self.fields]
        return {"action": self.action, "kind": self.kind, "name": self.name, "id": self.id, "fields": fields}


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that no write of ours may mend. `name` is the workflow it stops, None when it stops every create."""

    name: str | None
    message: str
    ids: tuple[str, ...] = ()
    help: str | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """A workflow that bears our marks and needs nothing: no longer declared, or marked by hand. It is left as it is."""

    name: str
    id: str
    reason: str


@dataclass(frozen=True)
class Plan:
    """What `apply` would do. `errors` stop all of it, a conflict stops its workflow, `kept` is only told."""

    bundle: Bundle = field(repr=False)
    owner: Owner
    changes: tuple[Change, ...] = ()
    errors: tuple[Problem, ...] = ()
    conflicts: tuple[Problem, ...] = ()
    kept: tuple[Kept, ...] = ()
    only: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The ids of the account's tags that the writes may need, by name."""

    @property
    def pending(self) -> bool:
        """Whether there is anything to write, drift included: what `plan --check` asks."""
        return any(change.pending for change in self.changes)

    @property
    def exit_code(self) -> int:
        """1 with errors, 4 with a conflict or a lost workflow, else 0; copies do not count."""
        if self.errors:
            return PROJECT_ERROR
        return CONFLICT if self.conflicts or any(change.action == "lost" for change in self.changes) else 0

    @property
    def summary(self) -> dict[str, int]:
        return dict(sorted(Counter(change.action for change in self.changes).items()))

    @cached_property
    def digest(self) -> str:
        """The sha256 of bundle and plan: a plan made again from what did not move has the same."""
        content = {**self.to_json(), "bundle": self.bundle.digest, "owner": self.owner.tag}
        states = [change.seen.input_schema for change in self.changes if change.seen]
        return hashlib.sha256(canonical_json({**content, "seen": states}).encode()).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """Give the plan in the shape of SPEC section 8; what stands in its way is told beside it."""
        return {
            "version": VERSION,
            "project": self.bundle.project,
            "target": self.bundle.target,
            "changes": [change.to_json() for change in self.changes],
            "summary": self.summary,
            "errors": [_problem(one) for one in self.errors],
            "conflicts": [_problem(one) for one in self.conflicts],
            "kept": [{"name": one.name, "id": one.id, "reason": one.reason} for one in self.kept],
        }


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a change. `unchanged` means that somebody else had made it already."""

    action: Action
    kind: Kind
    name: str
    id: str | None
    status: Status
    message: str = ""

    @property
    def exit_code(self) -> int:
        return _CODES[self.status]

    @classmethod
    def of(cls, change: Change, status: Status, message: str = "", id: str | None = None) -> Outcome:
        return cls(change.action, change.kind, change.name, id or change.id, status, message)


def _problem(one: Problem) -> dict[str, Any]:
    return {"name": one.name, "message": one.message, "ids": list(one.ids), "help": one.help}
