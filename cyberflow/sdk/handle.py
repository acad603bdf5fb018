"""Submitting a call, following it, and its outputs as the type that the declaration gives."""

from __future__ import annotations

import asyncio
import inspect
import json
import sys
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import NoneType
from typing import Any, Generic, TypeVar

from cyberflow.errors import CyberflowError
from cyberflow.language.python.declarations import FunctionDeclaration
from cyberflow.redact import Redactor
from cyberflow.run.chain.events import ChainState
from cyberflow.run.chain.result import Result, result_of
from cyberflow.run.inputs.hints import Hint, HintedText, HintKind
from cyberflow.run.work.polling import FollowOptions
from cyberflow.sdk.call import PythonCall, check_types, compile_declaration, submit_options
from cyberflow.sdk.execution import C, ChainExecution, Execution, S
from cyberflow.sdk.prepare import find_runnable

R = TypeVar("R")


class RunFailed(CyberflowError):
    """A step did not end in `success`, or the outputs are not as declared. `result` has the steps and what there is of
    the outputs. Exit code 1.
    """

    exit_code = 1

    def __init__(self, result: Result, redactor: Redactor) -> None:
        failed = next((step for step in result.steps if step.status == result.status), None)
        said = redactor.text(" ".join(failed.error)) if failed else ""
        where = f" in step `{failed.id}`" if failed else ""
        said = said or redactor.text("; ".join(map(str, result.problems)))
        super().__init__(f"`{result.name}` ended in `{result.status}`{where}{f': {said}' if said else ''}")
        self.result = result


class StillRunning(CyberflowError):
    """The time is over and the runs go on. Exit code 1."""

    exit_code = 1


@dataclass(frozen=True, repr=False)
class Handle(Generic[R]):
    """Something that was submitted. It goes on whether or not anybody follows it."""

    declaration: FunctionDeclaration[..., R]
    execution: ChainExecution
    state: ChainState

    @property
    def target(self) -> str:
        return self.execution.compiled.target

    @property
    def session_id(self) -> str | None:
        return self.state.session_id

    @property
    def run_ids(self) -> list[str]:
        return [step.run_id for step in self.state.steps]

    def status(self) -> str:
        """The first status that is not `success`, as the target has it now."""
        return run_blocking(self._status())

    def result(self, *, timeout: float | None = None) -> R:
        """Follow to the end and give the typed outputs. Raises RunFailed, and StillRunning after `timeout` seconds."""
        return run_blocking(self.aresult(timeout=timeout))

    async def aresult(self, *, timeout: float | None = None, cancel_on_timeout: bool = False) -> R:  # noqa: ASYNC109 - the runs go on
        """Do as `result`, inside a running event loop."""
        begun = replace(self.state, submitted_at=None)  # the time counts from this call
        return await self._follow(begun, timeout, cancel_on_timeout=cancel_on_timeout)

    async def _follow(self, state: ChainState, timeout: float | None, *, cancel_on_timeout: bool) -> R:  # noqa: ASYNC109 - as above
        async with self.execution.open(say):
            state = await follow_to_end(self.execution, state, timeout, cancel_on_timeout=cancel_on_timeout)
            try:
                await self.execution.record_end(state)
            except CyberflowError as error:  # the result is there, and counts for more
                say(error.message)
        result = result_of(state)
        if result.status != "success":
            raise RunFailed(result, self.execution.redactor)
        outputs = validate_outputs(self.declaration, result.outputs)
        if result.problems:
            raise RunFailed(result, self.execution.redactor)
        return outputs

    def cancel(self) -> None:
        """Cancel what is live, the last step first, and release the session."""
        run_blocking(self._cancel())

    async def _cancel(self) -> None:
        async with self.execution.open(say) as service:
            async for _ in self.execution.cancel(self.state, FollowOptions(service.pace)):
                pass

    async def _status(self) -> str:
        async with self.execution.open(say) as service:
            statuses = [(await service.client.runs.get(run)).status for run in self.run_ids]
        return next((status for status in statuses if status != "success"), "success")

    def __repr__(self) -> str:
        return f"<{self.state.name} on {self.target}, {self.session_id or self.run_ids[0]}>"


async def follow_to_end(
    execution: Execution[C, S],
    state: S,
    timeout: float | None,  # noqa: ASYNC109 - the runs go on
    *,
    cancel_on_timeout: bool,
) -> S:
    """Follow something that was submitted, over the open service. Raises StillRunning when the time is over first."""
    command = execution.follow_command(state)
    options = FollowOptions(execution.service.pace, timeout, cancel_on_timeout)
    try:
        async for seen in execution.follow(state, options):
            state = seen
    except (asyncio.CancelledError, KeyboardInterrupt) as error:
        error.add_note(f"it goes on without this program; follow it with `{command}`")
        raise
    if any(step.is_live for step in state.steps):
        raise StillRunning(f"`{state.name}` still runs", help=f"follow it with `{command}`")
    return state


async def arun(one: FunctionDeclaration[..., R], call: PythonCall) -> R:
    handle = await _submit(one, call, call.timeout)
    cancels = bool(call.option("cancel_on_timeout"))
    return await handle._follow(handle.state, call.timeout, cancel_on_timeout=cancels)  # noqa: SLF001 - the same room


def submit(one: FunctionDeclaration[..., R], call: PythonCall) -> Handle[R]:
    return run_blocking(_submit(one, call))


async def _submit(
    one: FunctionDeclaration[..., R],
    call: PythonCall,
    timeout: float | None = None,  # noqa: ASYNC109 - the runs go on
) -> Handle[R]:
    with python_wording():
        return await _submit_call(one, call, timeout)


@contextmanager
def python_wording() -> Iterator[None]:
    """Have errors say what Python calls an option."""
    try:
        yield
    except CyberflowError as error:
        if isinstance(error.message, HintedText):
            error.message = error.message.reword(python_words)
            error.args = (error.message,)
        if isinstance(error.help, HintedText):
            error.help = error.help.reword(python_words)
        if error.help:
            error.add_note(error.help)
        raise


def python_words(hint: Hint) -> str:
    """What Python calls an option."""
    words: dict[HintKind, str] = {
        "input": f"`{hint.name}=…`",
        "whole": f"`{hint.name}=…`",
        "secret": f'`secrets={{"{hint.name}": "{hint.source}"}}`',
        "file": f'`files={{"{hint.name}": PATH}}`',
        "session": '`options={"session": ID}`',
        "stale": '`options={"stale_ok": True}`',
        "simulate": "`simulate`",
    }
    return words[hint.kind]


async def _submit_call(
    one: FunctionDeclaration[..., R],
    call: PythonCall,
    timeout: float | None,  # noqa: ASYNC109 - the runs go on
) -> Handle[R]:
    project = compile_declaration(one, call)
    execution = ChainExecution(project, find_runnable(project, one.name), submit_options(one, call), lambda _: None)
    check_types(one, call)
    async with execution.open(say):
        await execution.prepare()
        return Handle(one, execution, await execution.submit(FollowOptions(timeout=timeout), say))


def validate_outputs(one: FunctionDeclaration[..., R], outputs: Any) -> R:
    """The outputs as the return type. Raises CyberflowError when the target gave something else."""
    from pydantic import TypeAdapter, ValidationError

    from cyberflow.language.python.signature import evaluate_annotation
    from cyberflow.language.python.typed_dicts import make_portable

    annotation = inspect.signature(one.function).return_annotation
    annotation = (
        Any if annotation is inspect.Signature.empty else evaluate_annotation(one.function, "return", annotation)
    )
    if annotation in (None, NoneType):
        return None  # type: ignore[return-value]
    try:
        made: R = TypeAdapter(make_portable(annotation)).validate_json(json.dumps(outputs))
    except ValidationError as error:
        places = ", ".join(f"`{'.'.join(map(str, one['loc']))}`" for one in error.errors(include_input=False))
        raise CyberflowError(f"the outputs of `{one.name}` are not as its return type has them: {places}") from None
    return made


def run_blocking(work: Coroutine[Any, Any, R]) -> R:
    """Run to the end; inside a running loop, as in a notebook, on a thread of its own."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    with ThreadPoolExecutor(1) as pool:
        start: Callable[[Coroutine[Any, Any, R]], R] = asyncio.run
        return pool.submit(start, work).result()


def say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
