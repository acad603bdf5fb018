"""Functions of the project that a pipeline calls: at least once, in a thread, with typed arguments and outputs."""

from __future__ import annotations

import asyncio
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast, get_type_hints

from cyberflow.errors import UsageError
from cyberflow.language.python.reading.modules import import_from_project
from cyberflow.redact import Redactor
from cyberflow.run.inputs.inputs import describe_faults
from cyberflow.run.pipeline.commands import CallFunction
from cyberflow.run.work.entry import LedgerEntry


class _SharedStdout:
    """Leads standard output to standard error while at least one function runs; several may, and end in any order."""

    def __init__(self) -> None:
        self._users = 0
        self._before: Any = None

    @contextmanager
    def to_stderr(self) -> Iterator[None]:
        if not self._users:
            self._before, sys.stdout = sys.stdout, sys.stderr
        self._users += 1
        try:
            yield
        finally:
            self._users -= 1
            if not self._users:
                sys.stdout = self._before


_STDOUT = _SharedStdout()
"""All calls begin and end in the thread of the driver."""


@dataclass(frozen=True)
class FunctionCaller:
    """Calls functions of the project at `root`. `outcomes` are what a simulation has in place of some, by step or item;
    what a function prints goes to standard error.
    """

    root: Path
    redactor: Redactor
    outcomes: Callable[[LedgerEntry], Mapping[str, Any] | None] = lambda _: None

    async def __call__(self, command: CallFunction, wall: Callable[[], float]) -> LedgerEntry:
        """The entry with what the function gave, or how it failed."""
        entry = command.entry
        scripted = self.outcomes(entry)
        try:
            outputs = await self._call(command) if scripted is None else _outputs_of(scripted)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a function of somebody else fails as it likes
            text = self.redactor.text(_describe_failure(error, self.root))
            return replace(entry, stage="ended", status="error", error=text, facts={"ended_at": wall()})
        clean = self.redactor.json(outputs)
        return replace(entry, stage="ended", status="success", outputs=clean, facts={"ended_at": wall()})

    async def _call(self, command: CallFunction) -> Any:
        call = command.step.call
        assert call is not None  # noqa: S101 - the reducer asks for it alone
        function = find_function(self.root, call.function)
        arguments = to_arguments(function, command.inputs)
        if call.takes_key:
            arguments["key"] = command.entry.key
        with _STDOUT.to_stderr():
            if inspect.iscoroutinefunction(function):
                given = await function(**arguments)
            else:
                given = await asyncio.to_thread(function, **arguments)
        outputs = as_json(given)
        outputs = outputs if isinstance(outputs, dict) else {}
        faults = [
            text
            for name, declared in call.outputs.items()
            for text in (
                describe_faults("output", name, declared["schema"], outputs[name])
                if name in outputs
                else [f"output `{name}` is missing"] * bool(declared["required"])
            )
        ]
        if faults:
            raise UsageError("; ".join(faults))
        return outputs


def find_function(root: Path, name: str) -> Callable[..., Any]:
    """Import `module:function` of a project. Raises UsageError where there is none."""
    module, _, function = name.partition(":")
    try:
        found = getattr(import_from_project(root, module), function)
    except (ImportError, OSError, AttributeError) as error:
        raise UsageError(f"the function `{name}` cannot be found: {error}") from error
    return cast("Callable[..., Any]", found)


def to_arguments(function: Callable[..., Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Inputs as the types that the function's annotations give. Raises UsageError, which shows no value."""
    from pydantic import TypeAdapter, ValidationError

    hints, made = get_type_hints(function), dict(inputs)
    for name in inputs.keys() & hints.keys():
        try:
            made[name] = TypeAdapter(hints[name]).validate_python(inputs[name])
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            below = "".join(f".{key}" for key in first["loc"])
            raise UsageError(f"input `{name}{below}`: {first['msg']}") from None
    return made


def as_json(value: Any) -> Any:
    """What a function gave as JSON: fields of models and dataclasses by name."""
    from pydantic import TypeAdapter

    return TypeAdapter(Any).dump_python(value, mode="json", by_alias=True)


def _outputs_of(outcome: Mapping[str, Any]) -> Any:
    if outcome.get("status", "success") != "success":
        raise UsageError(str(outcome.get("error") or outcome["status"]))
    return outcome.get("outputs") or {}


def _describe_failure(error: BaseException, root: Path) -> str:
    """The kind of an error and its text, and the last line of the project that it passed."""
    if isinstance(error, UsageError):
        return error.message
    place, frame = "", error.__traceback__
    while frame is not None:
        path = Path(frame.tb_frame.f_code.co_filename)
        if path.is_relative_to(root):
            place = f"{path.relative_to(root).as_posix()}:{frame.tb_lineno}: "
        frame = frame.tb_next
    return f"{place}{type(error).__name__}: {error}"
