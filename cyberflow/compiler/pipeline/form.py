"""A compiled pipeline: steps with everything they need said, so that an executor reads no source.

`{"name", "inputs", "secrets", "steps": [STEP…], "outputs": {NAME: VALUE}}`, inputs and secrets as a chain has them. A
VALUE is JSON with tokens (`<month>`, `<invoice.number>`) and refs (`{"$ref": "find.outputs.total"}`) inside. What a
pipeline hands on by name is written out. Steps stand in an order that works.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any, Literal

from cyberflow.late import dataclass

StepKind = Literal["chain", "workflow", "task", "pipeline", "call", "wait"]


@dataclass(frozen=True)
class BundledEach:
    """The step runs once for each entry of the list `items`, `parallel` at a time; in its values `<name>` is the entry.
    `key` makes the text or integer that names an item, None stands for its index. A ref to such a step reads a list in
    the order of the items, with null where an item has no such output: it failed and was forgiven, or left it out.
    """

    name: str
    items: Any
    key: Any = None
    parallel: int = 10


@dataclass(frozen=True)
class BundledRetry:
    """Up to `times` more attempts after an end that is one of `on`, each `after` a while (`1m`)."""

    times: int
    on: list[str] = field(default_factory=lambda: ["error"])
    after: str | None = None


@dataclass(frozen=True)
class BundledCondition:
    """The step is left out, and counts as over, unless the boolean `value` is `expected`."""

    value: Any
    expected: bool = True


@dataclass(frozen=True)
class BundledCall:
    """A Python function of the project, `module:function`. `inputs` and `outputs` are `{name: {"schema", "required"}}`;
    with `takes_key` it gets the id of the item as its argument `key`.
    """

    function: str
    inputs: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)
    takes_key: bool = False


@dataclass(frozen=True)
class BundledWait:
    """What a step waits for: a duration (`2h`), the moment that the value `until` names (RFC 3339), or an answer to the
    question `signal`, a text with tokens, which holds `outputs` and comes before `timeout` is over, if there is one.
    """

    duration: str | None = None
    until: Any = None
    signal: str | None = None
    outputs: dict[str, Any] = field(default_factory=dict)
    timeout: str | None = None


@dataclass(frozen=True)
class BundledStep:
    """One step. `run` is the declaration it runs, for the kinds that do. `needs` are all the steps that must be over
    before it starts: those that its values and its condition read, and those named under `after`. `files` are, by the
    name under which `run` takes them, `{"$ref": "banner.files['9.images.0']"}`, a project file as
    `asset://sha256/<hex>`, or `file://<name>` for one that is given at run time.
    """

    id: str
    kind: StepKind
    run: str | None = None
    call: BundledCall | None = None
    wait: BundledWait | None = None
    each: BundledEach | None = None
    inputs: dict[str, Any] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    files: dict[str, Any] = field(default_factory=dict)
    condition: BundledCondition | None = None
    needs: list[str] = field(default_factory=list)
    on_failure: Literal["stop", "continue"] = "stop"
    retry: BundledRetry | None = None

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> BundledStep:
        parts = {key: kind(**data[key]) for key, kind in _PARTS.items() if data.get(key) is not None}
        return cls(**{**data, **parts})


_PARTS: dict[str, type[Any]] = {
    "call": BundledCall,
    "wait": BundledWait,
    "each": BundledEach,
    "condition": BundledCondition,
    "retry": BundledRetry,
}


@dataclass(frozen=True)
class BundledPipeline:
    """A pipeline as it is run. A ref to a step that was left out, or failed and was forgiven, reads nothing: the key
    that it stands under is left out.
    """

    name: str
    inputs: dict[str, Any] = field(default_factory=dict)
    secrets: dict[str, Any] = field(default_factory=dict)
    steps: list[BundledStep] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)

    @property
    def from_machine(self) -> list[str]:
        """No machine has a part in it."""
        return []

    def step(self, id: str) -> BundledStep | None:
        return next((one for one in self.steps if one.id == id), None)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> BundledPipeline:
        return cls(**{**data, "steps": [BundledStep.from_json(step) for step in data["steps"]]})
