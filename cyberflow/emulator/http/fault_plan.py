"""A fault plan: which requests meet which fault, written out in advance. The fault middleware carries it out.

A rule counts the requests that it matches: `skip` of them pass, the next `times` are hit (null: all that follow).
The first rule that is due hits; the others do not count that request.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cyberflow.errors import UsageError
from cyberflow.storage import parse_json

Seconds = Annotated[float, Field(ge=0, le=3600)]
When = Literal["before", "after"]
"""Whether the platform has done what was asked by then."""


class FaultRule(BaseModel):
    """`method` is one of HTTP's or `*`, `path` a pattern as a shell has them: `/v1/runs/*`."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    method: str = "*"
    path: str = "*"
    skip: Annotated[int, Field(ge=0)] = 0
    times: Annotated[int, Field(ge=1)] | None = 1

    def matches(self, method: str, path: str) -> bool:
        return self.method.upper() in {"*", method} and fnmatchcase(path, self.path)


class LatencyFault(FaultRule):
    fault: Literal["latency"]
    seconds: Seconds


class StatusFault(FaultRule):
    """An error answer: 429 with `retry_after` is a rate limit, 500 and 503 are a service in trouble."""

    fault: Literal["status"]
    status: Annotated[int, Field(ge=400, le=599)] = 500
    retry_after: float | str | None = None
    when: When = "before"


class DropFault(FaultRule):
    """The connection breaks off without an answer."""

    fault: Literal["drop"]
    when: When = "before"


class TruncateFault(FaultRule):
    """The answer ends after so many bytes, its end missing."""

    fault: Literal["truncate"]
    bytes: Annotated[int, Field(ge=0)] = 10


class EarlyEndFault(FaultRule):
    """The answer is over after so many bytes, as if that were all of it."""

    fault: Literal["end"]
    bytes: Annotated[int, Field(ge=0)] = 10


class StallFault(FaultRule):
    """After so many bytes nothing comes for a while; then the connection breaks off."""

    fault: Literal["stall"]
    bytes: Annotated[int, Field(ge=0)] = 10
    seconds: Seconds = 3600


class UnknownValueFault(FaultRule):
    """A word that no client knows, wherever the answer has this field."""

    fault: Literal["value"]
    field: str = "status"
    value: Any = "teleporting"


Fault = Annotated[
    LatencyFault | StatusFault | DropFault | TruncateFault | EarlyEndFault | StallFault | UnknownValueFault,
    Field(discriminator="fault"),
]


class RateLimit(BaseModel):
    """So many requests per key in each window of so many seconds."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    requests: Annotated[int, Field(ge=1)]
    seconds: Annotated[float, Field(gt=0)] = 60


class FaultPlan(BaseModel):
    """All faults to come, and a rate limit."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    faults: tuple[Fault, ...] = ()
    rate_limit: RateLimit | None = None


FaultPlanSource = FaultPlan | Mapping[str, Any] | Sequence[Mapping[str, Any]]
"""A plan, or what the JSON of one holds; a bare list is its `faults`."""


def parse_plan(given: FaultPlanSource) -> FaultPlan:
    """Raises pydantic's `ValidationError` for what is not a plan."""
    if isinstance(given, FaultPlan):
        return given
    return FaultPlan.model_validate(given if isinstance(given, Mapping) else {"faults": list(given)})


def load_faults(file: Path) -> FaultPlan:
    """Read a plan from a JSON file. Raises UsageError with the place of every mistake."""
    try:
        return parse_plan(parse_json(file.read_text(encoding="utf-8")))
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {(error.strerror or str(error)).lower()}") from error
    except ValidationError as error:
        found = [f"{'.'.join(map(str, item['loc'])) or 'the plan'}: {item['msg']}" for item in error.errors()]
        raise UsageError(
            f"{file} is not a plan of faults: {'; '.join(found)}", help="see docs/local-platform.md"
        ) from None
    except ValueError as error:
        raise UsageError(f"{file} is not JSON: {error}", help="see docs/local-platform.md") from None


class FaultCounter:
    """Counts the requests that each rule has met."""

    def __init__(self, plan: FaultPlan) -> None:
        self._rules = plan.faults
        self._matched_counts = [0] * len(plan.faults)

    def next_fault(self, method: str, path: str) -> Fault | None:
        for index, rule in enumerate(self._rules):
            if not rule.matches(method, path):
                continue
            if rule.times is not None and self._matched_counts[index] >= rule.skip + rule.times:
                continue
            self._matched_counts[index] += 1
            if self._matched_counts[index] > rule.skip:
                return rule
        return None
