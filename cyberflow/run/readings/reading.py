"""Readings of workflows: what one said at one look, by the hash of its content and the time of its last change. One is
taken before a submission and one after its end; the same twice means that nothing was written in between.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any, Self

from cyberflow.client.cyberdesk.wire import WorkflowRecord
from cyberflow.client.http.errors import ApiError, Unreachable
from cyberflow.remote.canonical import field_hash, wire_fields
from cyberflow.remote.identity import Marker

if TYPE_CHECKING:
    from cyberflow.client.cyberdesk.client import Cyberdesk

PAGE = 100


@dataclass(frozen=True, slots=True)
class WorkflowReading:
    """`commit` is the one that wrote this very content, None where a person did, or nobody knows."""

    id: str
    hash: str
    commit: str | None
    updated_at: str

    @classmethod
    def of(cls, workflow: WorkflowRecord) -> Self:
        content = field_hash(wire_fields(workflow))
        return cls(workflow.id, content, content_commit(workflow, content), workflow.updated_at)

    @classmethod
    def from_json(cls, data: Any) -> Self | None:
        """Read it back; None for what is not one."""
        if not isinstance(data, dict):
            return None
        values: dict[str, Any] = {one.name: data.get(one.name) for one in fields(cls)}
        fits = all(isinstance(value, str) or (name == "commit" and value is None) for name, value in values.items())
        return cls(**values) if fits else None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def content_commit(workflow: WorkflowRecord, content: str) -> str | None:
    """The commit of a workflow whose content has this hash: that of its own marker, where the content is still what the
    marker says was left. A copy's marker speaks of another workflow.
    """
    marker = Marker.find_in(workflow.input_schema)
    if marker is None or (marker.id, marker.hash) != (workflow.id, content):
        return None
    return marker.commit


@dataclass(frozen=True)
class Readings:
    """The readings of one look by workflow id, and the tag that all of them bear where one page lists all that do."""

    workflows: Mapping[str, WorkflowReading] = field(default_factory=dict)
    tag: str | None = None

    @classmethod
    def of(cls, workflows: Iterable[WorkflowRecord], tag: str | None) -> Self:
        return cls({one.id: WorkflowReading.of(one) for one in workflows}, tag)

    def by_step(self, steps: Iterable[tuple[str, str]], ids: Mapping[str, str]) -> dict[str, Any]:
        """Give them as the journal holds them, for steps of (id, workflow) and the ids of workflows by name."""
        named = ((step, self.workflows.get(ids.get(workflow, ""))) for step, workflow in steps)
        return {step: reading.to_json() for step, reading in named if reading is not None}


async def read_again(desk: Cyberdesk, before: Readings) -> Readings:
    """Read the same workflows once more, in one request as a rule: one of them as itself, several from the list of
    those that bear the tag. What is gone, or cannot be read now, is left out: it keeps no run from its end.
    """
    wanted = before.workflows.keys()
    found: dict[str, WorkflowReading] = {}
    with suppress(Unreachable):
        if len(wanted) > 1 and before.tag is not None:
            with suppress(ApiError):
                page = await desk.workflows.page(limit=PAGE, tag_ids=[before.tag])
                found = {one.id: WorkflowReading.of(one) for one in page.items if one.id in wanted}
        for id in sorted(wanted - found.keys()):
            with suppress(ApiError):
                found[id] = WorkflowReading.of(await desk.workflows.get(id))
    return Readings(found, before.tag)
