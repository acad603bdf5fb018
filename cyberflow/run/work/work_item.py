"""A work item: one submission as JSON for a worker, and the worker's result; without any secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self

from cyberflow.run.work.entry import Kind, LedgerEntry

FORMAT = "2"
"""Of what passes between machines. A worker takes no item of another format."""


@dataclass(frozen=True)
class WorkItem:
    """A submission to be made: `inputs` fill the declaration `name`, which must have this `shape` where it is run.

    `secrets` are texts with the names under which whoever runs it finds them; where there are none, by their own.
    """

    name: str
    id: str
    key: str
    shape: str
    inputs: Mapping[str, Any] = field(default_factory=dict, repr=False)
    places: Mapping[str, Any] = field(default_factory=dict)
    kind: Kind = "chain"
    secrets: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        known = {one.name for one in fields(cls)}
        return cls(**{name: value for name, value in data.items() if name in known})

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def result_to_json(entry: LedgerEntry) -> dict[str, Any]:
    """What a worker says of a row."""
    return {name: getattr(entry, name) for name in ("stage", "session_id", "run_ids", "status", "outputs", "error")}


def merge_result(entry: LedgerEntry, result: Mapping[str, Any]) -> LedgerEntry:
    """The entry with what a worker result of it."""
    facts = {**asdict(entry), **result, "run_ids": tuple(result.get("run_ids") or ())}
    return LedgerEntry(**facts)
