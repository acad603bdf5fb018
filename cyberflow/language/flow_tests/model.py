"""What a test file holds, as data: tests by name, each with what is run, what it is given, and what is expected."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from cyberflow.language.closed_model import After, Before, ClosedModel, Length, Shape, default
from cyberflow.language.value_readers import Misfit

ANY = "any"
"""What stands for a secret, or for a file: some value that fits."""
FILE = "$file"
"""`inputs: {$file: PATH}` reads them from a file."""
DEFAULT_AT = "2026-01-01T00:00:00Z"


def read_instant(text: str) -> datetime:
    """Read an instant; one that names no zone is UTC. Raises ValueError."""
    found = datetime.fromisoformat(text)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _instant(value: str) -> str:
    try:
        read_instant(value)
    except (ValueError, OverflowError):
        raise Misfit("wrong-type", "must be an instant, as `2026-03-01T08:00:00Z`") from None
    return value


def _only_any(value: Any) -> Any:
    if value != ANY:
        raise Misfit("secret-in-test", "is more than `any`")
    return value


Instant = Annotated[str, After(_instant), Shape("format", "date-time")]
AnySecret = Annotated[Literal["any"], Before(_only_any)]
Expected = Any
"""A value as it is expected, with matchers in it."""


class ExpectedStep(ClosedModel):
    """What is expected of one step: how it ended, what it got, what it gave, and what the agent read."""

    status: Expected = None
    inputs: Expected = None
    outputs: Expected = None
    prompt: Expected = None
    error: Expected = None


class Expectation(ClosedModel):
    """What is expected of a whole run."""

    status: Expected = None
    outputs: Expected = None
    steps: dict[str, ExpectedStep] = default({})


class FlowCase(ClosedModel):
    """One case of a test, merged over it."""

    name: Annotated[str, Length(1, 200)] | None = None
    target: str | None = None
    at: Instant | None = None
    inputs: dict[str, Any] = default({})
    secrets: dict[str, AnySecret] = default({})
    files: dict[str, str] = default({})
    machine: dict[str, Any] = default({})
    simulate: dict[str, Any] = default({})
    expect: Expectation = Expectation()


class FlowTest(ClosedModel):
    """A test of a chain, a workflow, a task or a pipeline, on the local platform."""

    run: str
    target: str | None = None
    at: Instant | None = None
    inputs: dict[str, Any] = default({})
    secrets: dict[str, AnySecret] = default({})
    files: dict[str, str] = default({})
    machine: dict[str, Any] = default({})
    simulate: dict[str, Any] = default({})
    expect: Expectation = Expectation()
    cases: Annotated[list[FlowCase], Length(1)] | None = None


class FlowTests(ClosedModel):
    """The top of a test file. Bodies are read one by one, so that a broken one hides no other."""

    tests: dict[str, Any] = default({})
