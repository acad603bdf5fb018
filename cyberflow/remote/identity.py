"""Ownership of workflows without a state file: the marker in their `input_schema`, the tag that they bear, and what the
two say together.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from cyberflow.client.cyberdesk.wire import WorkflowRecord, canonical_id, parse_time
from cyberflow.errors import ConflictError

PREFIX = "cyberflow:"
NEW = "new"
NO_COMMIT = "-"
"""The commit word of content that no commit is known for."""
_COMMIT = re.compile(r"[0-9a-f]{7,64}\+?")
_UNKNOWN = datetime.max.replace(tzinfo=UTC)
_MARKER = re.compile(
    r"(?P<owner>cyberflow:[a-z][a-z0-9-]{0,62}(?:\.[a-z][a-z0-9-]{0,62})?)/(?P<name>[A-Za-z_][A-Za-z0-9_-]{0,62})"
    r" (?P<id>\S+)(?: (?P<hash>\S+)(?: (?P<commit>\S+)(?:\s.*)?)?)?\s*",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Owner:
    """A project in one account; a scope tells two targets of one organisation apart."""

    project: str
    scope: str | None = None

    @property
    def tag(self) -> str:
        """The name of the tag that its workflows bear, and the beginning of their markers."""
        return f"{PREFIX}{self.project}" + (f".{self.scope}" if self.scope else "")

    def title(self, title: str) -> str:
        return f"[{self.scope}] {title}" if self.scope else title


@dataclass(frozen=True, slots=True)
class Marker:
    """`id` is the workflow's own, or `new` in the request that creates it; `hash` is the `field_hash` as we left it.

    `commit` is the git commit of the apply that wrote this content, with `+` where the work tree differed; None when
    there is none, or an earlier version left no word of it. Markers that differ in it alone are the same marker.
    """

    owner: str
    name: str
    id: str
    hash: str
    commit: str | None = field(default=None, compare=False)

    def __str__(self) -> str:
        return f"{self.owner}/{self.name} {self.id} {self.hash} {self.commit or NO_COMMIT}"

    @property
    def commit_id(self) -> str | None:
        """The commit alone, whether the work tree differed or not."""
        return self.commit and self.commit.rstrip("+")

    def with_commit(self, commit: str | None, before: Marker | None, content: str) -> Marker:
        """The marker with the commit that wrote its content: that of the marker `before` where what is there, with the
        hash `content`, is what that one left and this one says; else `commit`.
        """
        if before is not None and (before.name, before.hash, content) == (self.name, self.hash, self.hash):
            return replace(self, commit=before.commit)
        return replace(self, commit=commit)

    @classmethod
    def find_in(cls, schema: str | None) -> Marker | None:
        """Find the marker in the text of an `input_schema`, whoever's it is. A hash that was cut off is empty, a
        commit that is not an id of one None; what a later version may add behind it says nothing here.
        """
        root = _parse_object(schema)
        comment = root.get("$comment") if root is not None else None
        found = _MARKER.fullmatch(comment) if isinstance(comment, str) else None
        if found is None:
            return None
        commit = found["commit"] if _COMMIT.fullmatch(found["commit"] or "") else None
        return cls(found["owner"], found["name"], canonical_id(found["id"]), found["hash"] or "", commit)

    def insert_into(self, schema: str | None) -> str:
        """Put it into the text, in place of a `$comment` that stands there; None becomes a schema that restricts
        nothing. Raises ConflictError for a text that is not a JSON object: there is no place for a marker in it.
        """
        root = {} if schema is None else _parse_object(schema)
        if root is None:
            raise ConflictError(f"the input_schema of `{self.name}` is not a JSON object, so it cannot hold our marker")
        return _to_text({"$comment": str(self), **{key: value for key, value in root.items() if key != "$comment"}})


def strip_marker(schema: str | None) -> str | None:
    """Give the text without a marker of ours; one that held nothing else is None, one without a marker is as it was."""
    root = _parse_object(schema)
    if root is None or not str(root.get("$comment", "")).startswith(PREFIX):
        return schema
    rest = {key: value for key, value in root.items() if key != "$comment"}
    return _to_text(rest) if rest else None


class Ownership(Enum):
    """What marker and tag say together."""

    UNFINISHED = "a create that died"
    MANAGED = "managed"
    LOST = "marked, but without our tag"
    COPY = "a copy, made by the dashboard's Duplicate"
    REWRITTEN = "tagged, but its schema was rewritten"
    FOREIGN = "not ours"

    @property
    def is_ours(self) -> bool:
        """Whether the marker is this project's and of this very workflow, with or without our tag."""
        return self in {Ownership.UNFINISHED, Ownership.MANAGED, Ownership.LOST}


def ownership_of(workflow: WorkflowRecord, owner: Owner) -> Ownership:
    """Read marker and tag together. Another project's marker makes a workflow foreign, whatever tags it bears."""
    marker = Marker.find_in(workflow.input_schema)
    tagged = any(tag.name == owner.tag for tag in workflow.tags or ())
    if marker is None:
        return Ownership.REWRITTEN if tagged else Ownership.FOREIGN
    if marker.owner != owner.tag:
        return Ownership.FOREIGN
    if marker.id == NEW:
        return Ownership.UNFINISHED
    if marker.id != workflow.id:
        return Ownership.COPY
    return Ownership.MANAGED if tagged else Ownership.LOST


@dataclass(frozen=True, slots=True)
class OwnedWorkflow:
    """A workflow of the account that says something of us."""

    workflow: WorkflowRecord
    marker: Marker | None
    ownership: Ownership

    @property
    def id(self) -> str:
        return self.workflow.id

    @property
    def name(self) -> str | None:
        return self.marker.name if self.marker else None


def list_owned_workflows(workflows: Iterable[WorkflowRecord], owner: Owner) -> tuple[OwnedWorkflow, ...]:
    """Everything that is not foreign, oldest first."""
    found = (OwnedWorkflow(one, Marker.find_in(one.input_schema), ownership_of(one, owner)) for one in workflows)
    ours = (one for one in found if one.ownership is not Ownership.FOREIGN)
    return tuple(sorted(ours, key=lambda one: (parse_time(one.workflow.created_at) or _UNKNOWN, one.id)))


def _parse_object(schema: str | None) -> dict[str, Any] | None:
    try:
        root = json.loads(schema or "null")
    except (ValueError, RecursionError):
        return None
    return root if isinstance(root, dict) else None


def _to_text(root: dict[str, Any]) -> str:
    return json.dumps(root, ensure_ascii=False, separators=(",", ":"))
