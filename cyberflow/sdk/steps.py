"""What a pipeline in Python is made of besides the calls of chains and workflows: `each`, `pluck`, `call`, `signal` and
`wait`. Each is a step, or a view of one, and gives a symbol of the type that it says.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, Literal, ParamSpec, TypedDict, TypeVar, Unpack, cast, overload

from cyberflow.language.python.keywords import RetryKeywords
from cyberflow.language.python.tracing.pipeline import WaitStep, pipeline_trace
from cyberflow.sdk.decorators import declared_name

P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R")


class ConditionKeywords(TypedDict, total=False):
    """When a step runs, and after what."""

    when: bool
    unless: bool
    after: Sequence[object]


class ItemKeywords(ConditionKeywords, total=False):
    """How the items of a step run."""

    parallel: int
    retry: RetryKeywords


Key = str | Callable[[Any], object] | None


@overload
def each(
    items: Sequence[T],
    do: Callable[[T], R],
    *,
    on_failure: Literal["continue"],
    key: Key = None,
    **options: Unpack[ItemKeywords],
) -> list[R | None]: ...
@overload
def each(
    items: Sequence[T],
    do: Callable[[T], R],
    *,
    on_failure: Literal["stop"] = "stop",
    key: Key = None,
    **options: Unpack[ItemKeywords],
) -> list[R]: ...
def each(items: Any, do: Callable[[Any], Any], *, on_failure: str = "stop", key: Key = None, **options: Any) -> Any:
    """Run the step that `do` makes for each item of a list.

    `key` is the path of what names an item, as `"number"`. With `on_failure="continue"` None stands for an item that
    failed.
    """
    return pipeline_trace("each").each(items, do, key, {**options, "on_failure": on_failure})


@overload
def pluck(items: list[T | None], choose: Callable[[T], R]) -> list[R | None]: ...
@overload
def pluck(items: list[T], choose: Callable[[T], R]) -> list[R]: ...
def pluck(items: Any, choose: Callable[[Any], Any]) -> Any:
    """One output of each item that a step gave, in the order of the items."""
    return pipeline_trace("pluck").pluck(items, choose)


@overload
def call(function: Callable[..., R], /, *, name: str, options: ConditionKeywords | None = None, **inputs: Any) -> R: ...
@overload
def call(function: Callable[P, R], /, *args: P.args, **inputs: P.kwargs) -> R: ...
def call(*args: Any, **inputs: Any) -> Any:
    """Call a typed function of a module of the project. A second call of one function needs a `name`."""
    trace, (function, *given) = pipeline_trace("call"), args
    own = {key: inputs.pop(key) for key in ("name", "options") if key in inputs and not _takes(function, key)}
    found = trace.call(function, own.get("name") or declared_name(function), tuple(given), inputs)
    trace.set_options(own.get("options") or {})
    return found


def _takes(function: Callable[..., Any], name: str) -> bool:
    return name in inspect.signature(function).parameters


@overload
def signal(
    question: str, *, name: str, timeout: str | None = None, **options: Unpack[ConditionKeywords]
) -> WaitStep: ...
@overload
def signal(
    question: str, answer: type[R], *, name: str, timeout: str | None = None, **options: Unpack[ConditionKeywords]
) -> R: ...
def signal(question: str, answer: Any = None, *, name: str, timeout: str | None = None, **options: Any) -> Any:
    """Wait for somebody's answer, `runs signal`; its fields are those of `answer`."""
    trace = pipeline_trace("signal")
    found = trace.wait(name, {"signal": question, "timeout": timeout}, answer)
    trace.set_options(options)
    return found


def wait(
    duration: str | None = None, *, name: str, until: object = None, **options: Unpack[ConditionKeywords]
) -> WaitStep:
    """Wait for a while, as `"2h"`, or until a moment."""
    trace = pipeline_trace("wait")
    found = cast("WaitStep", trace.wait(name, duration if duration is not None else {"until": until}))
    trace.set_options(cast("dict[str, Any]", options))
    return found
