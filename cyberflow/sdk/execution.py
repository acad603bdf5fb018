"""One invocation of a chain, a workflow or a task, from its arguments to its end. Whoever shows it, the command line or
Python, drives it step by step: `open`, `prepare`, `submit`, `follow`, `finish`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

from cyberflow.client.cyberdesk.client import Cyberdesk
from cyberflow.client.cyberun.client import CyberunClient
from cyberflow.client.cyberun.outputs import Outputs
from cyberflow.client.cyberun.wire import CyberunWorkflow
from cyberflow.client.http.errors import ApiError, Unreachable
from cyberflow.compiler.bundle import BundledChain, BundledTask
from cyberflow.errors import UsageError
from cyberflow.redact import Redactor
from cyberflow.run.chain.downloads import output_folder, save_all
from cyberflow.run.chain.events import ChainState, StepRun
from cyberflow.run.chain.follow import cancel, follow
from cyberflow.run.chain.machines import explain_waiting
from cyberflow.run.chain.placement import RunPlacement, TargetIds
from cyberflow.run.chain.reducer import advance
from cyberflow.run.chain.request import RequestParts, RunRequest
from cyberflow.run.chain.resume import resume
from cyberflow.run.chain.submit import submit
from cyberflow.run.inputs.arguments import Arguments, RawArguments
from cyberflow.run.inputs.secrets import SecretBackends, system_backends
from cyberflow.run.readings.reading import Readings, read_again
from cyberflow.run.simulation import read_outcomes
from cyberflow.run.task.follow import cancel_task, follow_task
from cyberflow.run.task.outputs import SavedOutput, save_outputs
from cyberflow.run.task.request import TaskRequest, TaskState, task_request
from cyberflow.run.task.submit import prepare_task, script_outcome, submit_task
from cyberflow.run.work.ids import complete_id
from cyberflow.run.work.journal import Invocation, follow_command, open_journal
from cyberflow.run.work.polling import FollowOptions
from cyberflow.sdk.prepare import (
    Deployed,
    Guard,
    fill,
    find_runnable,
    look_up_ids,
    resolve_overrides,
    resolve_run_arguments,
)
from cyberflow.sdk.prepare import script_outcomes as script_run
from cyberflow.sdk.project import CompiledProject
from cyberflow.targets.local_platform import Say, state_folder
from cyberflow.targets.service import OpenTarget, open_cyberun, open_target

C = TypeVar("C")
S = TypeVar("S", ChainState, TaskState)


@dataclass(frozen=True)
class SubmitOptions:
    """What a run is given. `first` goes on with a failed chain from that step, `runs` are those of the chain;
    `simulate` scripts the outcome on the local platform. `priority`, and for single workflows the prompt of
    `prompt_file` and a `model` by name, hold for this run alone.
    """

    arguments: RawArguments = field(default_factory=RawArguments)
    where: RunPlacement = field(default_factory=RunPlacement)
    stale_ok: bool = False
    simulate: Mapping[str, Any] | None = None
    first: str | None = None
    runs: tuple[str, ...] = ()
    priority: bool = False
    prompt_file: Path | None = None
    model: str | None = None
    backends: SecretBackends = field(default_factory=system_backends, repr=False)


class Execution(ABC, Generic[C, S]):
    """One invocation. `journal` is there from `submit` on, where the submission is written down before it is sent."""

    service: OpenTarget[C]
    journal: Invocation | None = None

    def __init__(self, compiled: CompiledProject, name: str, options: SubmitOptions, guard: Guard) -> None:
        self.compiled = compiled
        self.name = name
        self.options = options
        self.given = Arguments()
        self._guard = guard

    @property
    def redactor(self) -> Redactor:
        return self.given.redactor()

    @asynccontextmanager
    async def open(self, say: Say) -> AsyncIterator[OpenTarget[C]]:
        """Open the service it runs on. Raises as `open_target`."""
        async with self._connect(say) as service:
            self.service = service
            yield service

    @abstractmethod
    def _connect(self, say: Say) -> AbstractAsyncContextManager[OpenTarget[C]]: ...
    @abstractmethod
    async def prepare(self) -> None:
        """Look up what is named and fill the request. Raises UsageError and ConflictError; nothing was sent then."""

    @abstractmethod
    async def submit(self, options: FollowOptions, say: Say = lambda _: None) -> S:
        """Write the submission down, send it, and give the state to follow it from. The time given counts from here;
        `say` hears of answers that were lost, and asked for again.
        """

    async def follow(self, state: S, options: FollowOptions) -> AsyncGenerator[S, None]:
        """Give the states that differ, to the end or until the time is over."""
        try:
            async with aclosing(self._states(state, options)) as states:
                async for seen in states:
                    state = seen
                    yield state
        except (ApiError, Unreachable) as error:
            self._explain(error, state)
            raise

    @abstractmethod
    def _states(self, state: S, options: FollowOptions) -> AsyncGenerator[S, None]: ...
    @abstractmethod
    def cancel(self, state: S, options: FollowOptions) -> AsyncGenerator[S, None]:
        """Cancel what is live, and give the states that differ."""

    @abstractmethod
    def save(self, state: S, below: Path | None) -> AsyncGenerator[SavedOutput, None]:
        """Save the files that it made, in a folder that holds those of no other run."""

    @abstractmethod
    def ids(self, state: S) -> tuple[str | None, list[str]]:
        """The session, and the runs or the task."""

    def follow_command(self, state: S) -> str:
        """The command that follows it later."""
        return follow_command(self.service.name, *self.ids(state))

    def _explain(self, error: ApiError | Unreachable, state: S) -> None:
        """Have an error that ended the following say how to go on."""
        command = f"it goes on; follow it with `{self.follow_command(state)}`"
        error.help = f"{error.help}; {command}" if error.help else command

    async def record_end(self, state: S) -> None:
        """Write down how it ended, over the open service."""
        if self.journal is not None:
            self.journal.record("ended", status=state.status, **await self._end_facts(state))

    async def _end_facts(self, state: S) -> dict[str, Any]:
        del state
        return {}

    def _resolve(self, what: Deployed | BundledTask, asked: RawArguments) -> Arguments:
        given = resolve_run_arguments(self.compiled, what, asked, self.options.backends)
        self._guard(given.redactor())
        return given

    def _begin(self, facts: Mapping[str, Any] | None = None) -> Invocation:
        self.journal = open_journal(state_folder(self.compiled.sourced.root), self.service.name, facts=facts)
        return self.journal


class ChainExecution(Execution[Cyberdesk, ChainState]):
    """One invocation of a chain or a workflow. `finished` are steps of a former run that are not run again."""

    finished: tuple[StepRun, ...] = ()

    def __init__(self, compiled: CompiledProject, what: Deployed, options: SubmitOptions, guard: Guard) -> None:
        if options.simulate is not None:
            options = replace(options, simulate=read_outcomes(options.simulate, what, compiled.bundle))
        super().__init__(compiled, what.name, options, guard)
        self._what = what
        self._ids = TargetIds({}, {}, {})
        self._request: RunRequest | None = None
        if options.first is None:
            self.given = self._resolve(what, options.arguments)
        elif not isinstance(what, BundledChain):
            raise UsageError(
                f"`{what.name}` is not a chain and has no step `{options.first}`", help="run it as a whole"
            )

    def _connect(self, say: Say) -> AbstractAsyncContextManager[OpenTarget[Cyberdesk]]:
        return open_target(self.compiled.sourced, self.compiled.target, say)

    async def prepare(self) -> None:
        options, compiled = self.options, self.compiled
        if options.first is not None:
            await self._resume(options.first)
        what, where = self._what, options.where
        if where.session_id is not None:
            where = replace(where, session_id=await complete_id(self.service.client, where.session_id))
        self._ids = await look_up_ids(compiled, self.service, what, where, stale=options.stale_ok)
        overrides = await resolve_overrides(self.service, what, options)
        parts = RequestParts(compiled.bundle, self.given, self._ids, compiled.assets, where, overrides)
        self._request = fill(what, parts)

    async def _resume(self, first: str) -> None:
        """Make the rest of a chain that stopped the thing to run."""
        assert isinstance(self._what, BundledChain)  # noqa: S101 - the constructor refuses everything else
        runs = [await complete_id(self.service.client, run) for run in self.options.runs]
        rest = await resume(self.service.client, self._what, first, runs)
        asked = self.options.arguments
        given = self._resolve(rest.chain, replace(asked, document={**rest.inputs, **asked.document}))
        self._what, self.finished = rest.chain, rest.finished_steps
        self.given = replace(given, finished_outputs=rest.finished_outputs)

    async def submit(self, options: FollowOptions, say: Say = lambda _: None) -> ChainState:
        assert self._request is not None  # noqa: S101 - `prepare` comes first
        if (why := await explain_waiting(self.service.client, self._request.body)) is not None:
            say(why)
        facts = {"workflows": self._by_step(self._ids.readings), "bundle": self.compiled.bundle.digest}
        journal = self._begin(facts)
        if self.options.simulate is not None:
            await script_run(self.service, self.options.simulate, self._ids, journal.key)
        state = await submit(self.service.client, self._request, journal, options, say)
        return replace(state, steps=(*self.finished, *state.steps))

    def _by_step(self, readings: Readings) -> dict[str, Any]:
        return readings.by_step(self._request.steps if self._request else (), self._ids.workflows)

    async def _end_facts(self, state: ChainState) -> dict[str, Any]:
        again = await read_again(self.service.client, self._ids.readings)
        return {"workflows_after": self._by_step(again), "runs": state.run_times}

    async def _states(self, state: ChainState, options: FollowOptions) -> AsyncGenerator[ChainState, None]:
        async for event in follow(self.service.client, state, options):
            state, _ = advance(state, event)
            yield state

    async def cancel(self, state: ChainState, options: FollowOptions) -> AsyncGenerator[ChainState, None]:
        async for event in cancel(self.service.client, state, options):
            state, _ = advance(state, event)
            yield state

    async def save(self, state: ChainState, below: Path | None) -> AsyncGenerator[SavedOutput, None]:
        folder = output_folder(state.name, state.session_id or state.steps[0].run_id, below)
        async for path in save_all(self.service.client, state, folder):
            yield SavedOutput(path.name, path)

    def ids(self, state: ChainState) -> tuple[str | None, list[str]]:
        return state.session_id, [step.run_id for step in state.steps]


class TaskExecution(Execution[CyberunClient, TaskState]):
    """One invocation of a task."""

    def __init__(self, compiled: CompiledProject, task: BundledTask, options: SubmitOptions, guard: Guard) -> None:
        if options.simulate is not None:
            options = replace(options, simulate=read_outcomes(options.simulate, task, compiled.bundle))
        super().__init__(compiled, task.name, options, guard)
        self.task = task
        self.given = self._resolve(task, options.arguments)
        self._request: TaskRequest = task_request(task, self.given, compiled.bundle, compiled.assets)
        self._workflow: CyberunWorkflow | None = None
        self._script: str | None = None

    def _connect(self, say: Say) -> AbstractAsyncContextManager[OpenTarget[CyberunClient]]:
        return open_cyberun(self.compiled.sourced, self.compiled.target, say)

    async def prepare(self) -> None:
        service = self.service
        self._workflow = await prepare_task(service.client, self.task, self._request)
        self._script = await script_outcome(service.client, self.task, self.options.simulate, local=service.local)

    async def submit(self, options: FollowOptions, say: Say = lambda _: None) -> TaskState:
        assert self._workflow is not None  # noqa: S101 - `prepare` comes first
        del say  # a task is never sent twice
        request, workflow = self._request, self._workflow
        return await submit_task(self.service.client, request, workflow, self._begin(), self._script, options)

    def _states(self, state: TaskState, options: FollowOptions) -> AsyncGenerator[TaskState, None]:
        return follow_task(self.service.client, state, options, self._request.limit)

    def cancel(self, state: TaskState, options: FollowOptions) -> AsyncGenerator[TaskState, None]:
        return cancel_task(self.service.client, state, replace(options, timeout=None))

    async def save(self, state: TaskState, below: Path | None) -> AsyncGenerator[SavedOutput, None]:
        if state.status == "completed":
            folder = output_folder(state.name, state.task_id, below)
            async for saved in save_outputs(Outputs(self.service.client, state.task_id), folder):
                yield saved

    def ids(self, state: TaskState) -> tuple[str | None, list[str]]:
        return None, [state.task_id]


def execution_of(
    compiled: CompiledProject, name: str, options: SubmitOptions, guard: Guard = lambda _: None
) -> ChainExecution | TaskExecution:
    """What runs a name of the project. Raises UsageError when there is none, and when what is given does not fit."""
    if (task := compiled.bundle.task(name)) is not None:
        return TaskExecution(compiled, task, options, guard)
    return ChainExecution(compiled, find_runnable(compiled, name), options, guard)
