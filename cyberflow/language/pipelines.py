"""A pipeline as people write it: steps that run chains, workflows, tasks and other pipelines, call a function, or wait.
Closed, frozen, and without positions, as the rest of the `model`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from cyberflow.language.closed_model import After, ClosedModel, TextOr, default
from cyberflow.language.model import Duration, Literals, Name, Notation, Secrets
from cyberflow.language.value_readers import Misfit

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
        raise Misfit("wrong-type", "must be 1 or more")
    return value


Count = Annotated[int, After(_positive)]


class Wait(ClosedModel):
    """A wait until a moment, or for somebody's answer."""

    until: Literals = None
    signal: str | None = None
    outputs: dict[str, Notation] = default({})
    timeout: Duration | None = None

    def check(self) -> None:
        if (self.until is None) == (self.signal is None):
            raise Misfit("wrong-type", "must have exactly one of `until` and `signal`")
        if self.until is not None and (self.outputs or self.timeout):
            raise Misfit("wrong-type", "has `outputs` or a `timeout` without a `signal`")


WaitForm = Annotated[Duration | Wait, TextOr("<mapping>", "must be a duration, `{until: …}` or `{signal: …}`")]
"""`2h`, `{until: <at>}`, or `{signal: "Close the month?"}`."""


class StepRetry(ClosedModel):
    """How often a failed step is tried again, after which ends of it, and how long after."""

    times: Count
    on: list[Literal["error", "task_failed"]] = default(["error"])
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
    inputs: dict[str, Literals] = default({})
    secrets: dict[str, Any] = default({})
    files: dict[str, Any] = default({})
    when: Literals = None
    unless: Literals = None
    after: list[str] = default([])
    on_failure: Literal["stop", "continue"] = "stop"
    retry: StepRetry | None = None

    def check(self) -> None:
        found = [f"`{kind}`" for kind in KINDS if getattr(self, kind) is not None]
        if len(found) != 1:
            had = f", and has {' and '.join(found)}" if found else ""
            raise Misfit("wrong-type", f"must have exactly one of `run`, `call`, `wait`{had}")
        if self.when is not None and self.unless is not None:
            raise Misfit("wrong-type", "must have at most one of `when` and `unless`")
        for key, owners in ONLY_WITH.items():
            if getattr(self, key) and all(getattr(self, owner) is None for owner in owners):
                shown = " or ".join(f"`{owner}`" for owner in owners)
                raise Misfit("wrong-type", f"has `{key}` without {shown}")


class Pipeline(ClosedModel):
    """Chains, workflows and tasks of both services joined, with functions, waits and lists between them."""

    description: str | None = None
    inputs: dict[str, Notation] = default({})
    secrets: Secrets = default({})
    steps: list[PipelineStep]
    outputs: dict[str, Literals] = default({})
