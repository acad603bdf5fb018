"""The nouns of a replay: which runs are meant, what became of them, and examples of refusals without their values."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Literal

from cyberflow.client.cyberdesk.wire import parse_time
from cyberflow.errors import UsageError

ReplayWord = Literal["fit", "refused", "deferred", "unknown"]
MOST_EXAMPLES = 5
_KINDS = {"string": "characters", "array": "entries", "object": "members"}


@dataclass(frozen=True, slots=True)
class ReplayRange:
    """The last runs of each workflow: so many of them, or those since a moment."""

    last: int | None = None
    since: datetime | None = None

    @classmethod
    def parse(cls, text: str) -> ReplayRange:
        """Read `50` or `2026-03-01`. Raises UsageError for anything else."""
        if text.isascii() and text.isdecimal() and 0 < int(text) < 10**6:
            return cls(last=int(text))
        since = None if text.isdecimal() else parse_time(text)
        if since is None:
            raise UsageError(
                f"`{text}` is neither a number of runs nor a date", help="--replay 50, or --replay 2026-03-01"
            )
        return cls(since=since)

    @property
    def day(self) -> str | None:
        """The day from which runs are asked for."""
        return day_of(self.since.isoformat()) if self.since else None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something that the new schema refuses: where in a run, by which keyword, and what kind of value it was. `says` is
    the sentence about it; the value itself is for a person at a terminal and is never saved.
    """

    path: tuple[str | int, ...]
    keyword: str
    says: str
    kind: str | None = None
    length: int | None = None
    value: Any = field(default=None, repr=False, compare=False)

    def within(self, *above: str) -> Refusal:
        return Refusal((*above, *self.path), self.keyword, self.says, self.kind, self.length, self.value)

    @property
    def place(self) -> str:
        """`inputs.mrn`, `steps.book.inputs.visit.dates[0]`."""
        return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in self.path).removeprefix(".")

    @property
    def size(self) -> str:
        """`9 characters`, or the kind of what has no length; empty where there was nothing."""
        if self.kind is None:
            return ""
        return self.kind if self.length is None else f"{self.length} {_KINDS[self.kind]}"


@dataclass(frozen=True, slots=True)
class ReplayExample:
    """A run that would be refused, with the first thing that would refuse it."""

    run_id: str
    at: str
    refusal: Refusal
    session_id: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Give it without any value."""
        why = self.refusal
        made = {"run_id": self.run_id, "at": self.at, "path": why.place, "keyword": why.keyword}
        return {**made, "kind": why.kind, "length": why.length, "session_id": self.session_id}


@dataclass(frozen=True, slots=True)
class CacheUse:
    """How many steps the runs took that say so, and how many of them came from the cache."""

    runs: int
    steps: int
    cached: int


@dataclass(frozen=True, slots=True)
class Replay:
    """What became of the past runs of one workflow: each counts once. `deferred` would have fit if a machine supplied
    what it may, `unknown` are those of which too little is kept.
    """

    since: str | None = None
    counts: Counter[ReplayWord] = field(default_factory=Counter)
    examples: tuple[ReplayExample, ...] = ()
    deferred: tuple[str, ...] = ()
    cache: CacheUse | None = None

    @property
    def runs(self) -> int:
        return self.counts.total()

    @property
    def refused(self) -> int:
        return self.counts["refused"]

    def to_json(self) -> dict[str, Any]:
        counts = {word: self.counts[word] for word in ("fit", "refused", "deferred", "unknown")}
        examples = [one.to_json() for one in self.examples[:MOST_EXAMPLES]]
        made = {"runs": self.runs, **counts, "since": self.since, "examples": examples}
        cache = self.cache
        return {**made, "cache": {"runs": cache.runs, "steps": cache.steps, "cached": cache.cached}} if cache else made


def day_of(time: str | None) -> str | None:
    """The UTC day of a time of the wire; None where it is not one."""
    moment = parse_time(time)
    return str(date(moment.year, moment.month, moment.day)) if moment else None


def start_of(range: ReplayRange) -> str | None:
    """The moment from which runs are asked for, as the wire has it."""
    return range.since.astimezone(UTC).isoformat() if range.since else None
