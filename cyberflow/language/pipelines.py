"""A pipeline as people write it: steps that run chains, workflows, tasks and other pipelines, call a function, or wait.
Closed, frozen, and without positions, as the rest of the `model`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from cyberflow.language.model import ClosedModel, Duration, Literals, Name, Notation, Secrets

KINDS = ("run", "call", "wait")
"""What a step may do; it does one of them."""
ONLY_WITH = {
    "inputs": ("run", "call"),
    "secrets": ("run",),
    "files": ("run",),
    "retry": ("run", "call"),
    "key": ("each",),
    "parallel": ("each",),
}
"""Keys of a step that say nothing without one of others."""


def _positive(value: int) -> int:
    if value < 1:
        raise PydanticCustomError("wrong-type", "must be 1 or more")
    return value


Count = Annotated[int, AfterValidator(_positive)]


class Wait(ClosedModel):
    """A wait until a moment, or for somebody's answer."""

    until: Literals = None
    signal: str | None = None
    outputs: dict[str, Notation] = Field(default_factory=dict)
    timeout: Duration | None = None

    @model_validator(mode="after")
    def _require_one_end(self) -> Wait:
        if (self.until is None) == (self.signal is None):
            raise PydanticCustomError("wrong-type", "must have exactly one of `until` and `signal`")
        if self.until is not None and (self.outputs or self.timeout):
            raise PydanticCustomError("wrong-type", "has `outputs` or a `timeout` without a `signal`")
        return self


def _wait_form(value: Any) -> str | None:
    return "<text>" if isinstance(value, str) else "<mapping>" if isinstance(value, dict | Wait) else None


WaitForm = Annotated[
    Annotated[Duration, Tag("<text>")] | Annotated[Wait, Tag("<mapping>")],
    Discriminator(
        _wait_form,
        custom_error_type="wrong-type",
        custom_error_message="must be a duration, `{until: …}` or `{signal: …}`",
    ),
]
"""`2h`, `{until: <at>}`, or `{signal: "Close the month?"}`."""


class StepRetry(ClosedModel):
    """How often a failed step is tried again, after which ends of it, and how long after."""

    times: Count
    on: list[Literal["error", "task_failed"]] = Field(default=["error"])
    after: Duration | None = None


class PipelineStep(ClosedModel):
    """One step of a pipeline: it has exactly one of `run`, `call` and `wait`."""

    id: Name
    run: str | None = None
    call: str | None = None
    wait: WaitForm | None = None
    each: dict[Name, Literals] | None = None
    key: Literals = None
    parallel: Count | None = None
    inputs: dict[str, Literals] = Field(default_factory=dict)
    secrets: dict[str, Any] = Field(default_factory=dict)
    files: dict[str, Any] = Field(default_factory=dict)
    when: Literals = None
    unless: Literals = None
    after: list[str] = Field(default_factory=list)
    on_failure: Literal["stop", "continue"] = "stop"
    retry: StepRetry | None = None

    @model_validator(mode="after")
    def _require_one_kind(self) -> PipelineStep:
        found = [f"`{kind}`" for kind in KINDS if getattr(self, kind) is not None]
        if len(found) != 1:
            had = f", and has {' and '.join(found)}" if found else ""
            raise PydanticCustomError("wrong-type", f"must have exactly one of `run`, `call`, `wait`{had}")
        if self.when is not None and self.unless is not None:
            raise PydanticCustomError("wrong-type", "must have at most one of `when` and `unless`")
        for key, owners in ONLY_WITH.items():
            if getattr(self, key) and all(getattr(self, owner) is None for owner in owners):
                shown = " or ".join(f"`{owner}`" for owner in owners)
                raise PydanticCustomError("wrong-type", f"has `{key}` without {shown}")
        return self


class Pipeline(ClosedModel):
    """Chains, workflows and tasks of both services joined, with functions, waits and lists between them."""

    description: str | None = None
    inputs: dict[str, Notation] = Field(default_factory=dict)
    secrets: Secrets = Field(default_factory=dict)
    steps: list[PipelineStep]
    outputs: dict[str, Literals] = Field(default_factory=dict)
