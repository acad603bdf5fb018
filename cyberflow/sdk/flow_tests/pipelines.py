"""Plays a pipeline on a stage: both services in memory, its functions called, its waits over at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cyberflow.client.cyberdesk.client import Cyberdesk
from cyberflow.client.cyberun.client import CyberunClient
from cyberflow.compiler.bundle import Bundle, BundledTask
from cyberflow.compiler.pipeline.form import BundledPipeline, BundledStep
from cyberflow.emulator.observation import ObservedRun
from cyberflow.emulator.platform import Platform
from cyberflow.run.inputs.arguments import Arguments, raise_problems
from cyberflow.run.inputs.inputs import read_inputs
from cyberflow.run.pipeline.calls import FunctionCaller
from cyberflow.run.pipeline.changes import describe_steps, files_to_give
from cyberflow.run.pipeline.driver import PipelineRun, PipelineTools
from cyberflow.run.pipeline.files import FileSources, FileStore
from cyberflow.run.pipeline.result import pipeline_outputs, pipeline_status, step_status
from cyberflow.run.pipeline.simulation import read_script
from cyberflow.run.pipeline.state import PipelineState, Scope
from cyberflow.run.task.executor import TaskExecutor
from cyberflow.run.task.request import TaskJob
from cyberflow.run.task.submit import find_workflow
from cyberflow.run.work.entry import LedgerEntry
from cyberflow.run.work.executor import JobRequest, LocalExecutor
from cyberflow.run.work.ledger import Ledger
from cyberflow.run.work.polling import FollowOptions, PollInterval
from cyberflow.sdk.pipelines.going import PipelineHooks, request_builder, runs_of
from cyberflow.sdk.pipelines.requests import RequestFactory
from cyberflow.sdk.pipelines.setup import PipelineOptions, PipelineSetup, load_state
from cyberflow.sdk.project import CompiledProject
from cyberflow.testing.clock import JumpingClock
from cyberflow.testing.play import Played, PlayedStep, PlayScript, any_files, furnish
from cyberflow.testing.samples import machine_samples, sample, secret_sample
from cyberflow.testing.stage import KEY, URL, PipelinePlayer, Stage

Observe = Callable[[str], ObservedRun]


def player_of(compiled: CompiledProject) -> PipelinePlayer:
    """What plays the pipelines of a project."""
    return partial(_play, compiled)


async def _play(compiled: CompiledProject, stage: Stage, script: PlayScript) -> Played:
    """Play one. Its ledger, and the files that go from step to step, are in a folder that is gone afterwards."""
    clock = JumpingClock(script.at)
    setup = _set_up(compiled, stage, script)
    with TemporaryDirectory() as folder, Platform.load(stage.content, clock=clock) as platform:
        try:
            async with AsyncExitStack() as stack:
                desk = await stack.enter_async_context(Cyberdesk.connect(URL, KEY, app=platform.app))
                cyberun = await stack.enter_async_context(CyberunClient.connect(f"{URL}/api/v1", KEY, app=platform.app))
                world = _World(setup, stage, platform, clock, desk, cyberun)
                await furnish(desk, stage, {**_machine_samples(setup, stage), **script.machine})
                ledger = stack.enter_context(Ledger.create(Path(folder, "ledger.db"), setup.header()))
                state = load_state(setup, ledger)
                run = await world.assemble(ledger, state)
                async with aclosing(run.run()) as updates:
                    async for _ in updates:
                        pass
                return read_played_run(setup, state, platform.observe)
        finally:
            if script.keep is not None:
                platform.save(script.keep)


def _set_up(compiled: CompiledProject, stage: Stage, script: PlayScript) -> PipelineSetup:
    """The pipeline with what the script gives it. Raises UsageError for what does not fit."""
    pipeline = stage.bundle.pipeline(script.run)
    assert pipeline is not None  # noqa: S101 - whoever plays it has looked
    read = read_inputs(pipeline, document=script.inputs)
    raise_problems(pipeline, [problem.text for problem in read.problems])
    secrets = {name: secret_sample(name, declared) for name, declared in pipeline.secrets.items()}
    given = Arguments(read.values, secrets, any_files(files_to_give(pipeline), script.files))
    mocks = read_script(script.mocks, stage.bundle, pipeline)
    pinned = describe_steps(stage.bundle, pipeline)
    return PipelineSetup(compiled, pipeline, PipelineOptions(), given, mocks, pinned)


def _machine_samples(setup: PipelineSetup, stage: Stage) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for one in runs_of(setup):
        if not isinstance(one, BundledTask):
            found |= machine_samples(stage.bundle, one)
    return found


@dataclass
class _World:
    """The services of one case, and time that passes only when somebody waits."""

    setup: PipelineSetup
    stage: Stage
    platform: Platform
    clock: JumpingClock
    desk: Cyberdesk
    cyberun: CyberunClient

    def wall(self) -> float:
        return self.clock.now.timestamp()

    async def sleep(self, seconds: float) -> None:
        """To the next thing due, or as far as somebody would have waited, whichever comes first."""
        wanted = self.clock.now + timedelta(seconds=max(seconds, 0.001))
        due = self.platform.advance()
        self.clock.now = wanted if due is None else max(self.clock.now, min(due, wanted))
        self.platform.advance()
        await asyncio.sleep(0)

    async def assemble(self, ledger: Ledger, state: PipelineState) -> PipelineRun:
        setup, compiled = self.setup, self.setup.compiled
        factory = RequestFactory(compiled, ids=self.stage.ids)
        for one in runs_of(setup):
            if isinstance(one, BundledTask):
                factory.workflows[one.name] = await find_workflow(self.cyberun, one.workflow)
        hooks, redactor = PipelineHooks(factory, setup.script, state), setup.arguments.redactor()
        watch = FollowOptions(PollInterval(1.0, 3600.0, 2.0), clock=self.wall, sleep=self.sleep)

        async def prepare(entry: LedgerEntry, request: JobRequest) -> None:
            self.platform.simulate(dict(hooks.run_script(entry, request) or {}), idempotency_key=entry.key or "")  # type: ignore[arg-type]

        async def prepare_task(entry: LedgerEntry, job: TaskJob) -> str | None:
            mock = hooks.task_script(entry)
            slug = job.request.workflow.partition("@")[0]
            return None if mock is None else await self.cyberun.simulate({slug: mock})

        store = FileStore(ledger.path.with_name("files"), self.desk, self.cyberun, _is_task, self.sleep)
        sources = FileSources(self.stage.bundle, self.stage.assets.__getitem__, setup.arguments.files, store)
        tools = PipelineTools(
            [
                LocalExecutor(self.desk, watch, redactor, prepare, self.wall),
                TaskExecutor(self.cyberun, watch, redactor, prepare_task, wall=self.wall),
            ],
            request_builder(factory, state, sources),
            FunctionCaller(compiled.sourced.root, redactor, hooks.task_script),
            store.collect,
            redactor,
            wall=self.wall,
            sleep=self.sleep,
            outcome=_answerer(setup.pipeline, hooks.task_script),
        )
        return PipelineRun(ledger, state, tools)


def _is_task(entry: LedgerEntry) -> bool:
    return entry.kind == "task"


def _answerer(
    pipeline: BundledPipeline, scripted: Callable[[LedgerEntry], Mapping[str, Any] | None]
) -> Callable[[LedgerEntry], Mapping[str, Any] | None]:
    """What a wait is answered: what is scripted, else examples of what a signal asks for. Time is waited for."""

    def answer(entry: LedgerEntry) -> Mapping[str, Any] | None:
        found = scripted(entry)
        step = pipeline.step(entry.step.rpartition("/")[2])
        if found is not None or step is None or step.wait is None or step.wait.signal is None:
            return found
        return {"outputs": {name: sample(name, one["schema"]) for name, one in step.wait.outputs.items()}}

    return answer


def read_played_run(setup: PipelineSetup, state: PipelineState, observe: Observe | None = None) -> Played:
    """What came of it: each step, each item of one that has several as `STEP[KEY]`, and what ran inside them.
    `observe` gives what a run got and what its agent read.
    """
    history = _History(setup.compiled.bundle, state, observe)
    status = pipeline_status(state)
    outputs = pipeline_outputs(state) if status == "success" else {}
    return replace(history.scope(setup.pipeline, "", state.root), status=status, outputs=outputs)


@dataclass(frozen=True)
class _History:
    """What a ledger says of a pipeline that has run."""

    bundle: Bundle
    state: PipelineState
    observe: Observe | None

    def scope(self, pipeline: BundledPipeline, prefix: str, known: Scope | None = None) -> Played:
        """A pipeline whose entries begin so. Of one that is over nothing but its entries is known."""
        steps: dict[str, PlayedStep] = {}
        inner: dict[str, Played] = {}
        for step in pipeline.steps:
            progress = known.steps.get(step.id) if known is not None else None
            entries = [one for one in self.entries.get(f"{prefix}{step.id}", ()) if one.kind != "each"]
            runs = step.run or (step.call.function if step.call else "wait")
            for entry in entries:
                id = entry.id.removeprefix(prefix)
                steps[id] = self._step(entry, id, runs)
                if (below := self._inside(step, entry)) is not None:
                    inner[id] = below
            if step.id not in steps:
                whole = self.state.entries.get(f"{prefix}{step.id}")
                status = step_status(self.state, progress)
                if known is None and whole is not None:
                    status = whole.display_status
                inputs: dict[str, Any] | None = {} if entries else None
                outputs = [entry.outputs for entry in entries] if step.each is not None else None
                why = whole.error if whole is not None and whole.has_failed else None
                steps[step.id] = PlayedStep(step.id, runs, status, inputs, outputs, None, why)
        return Played(pipeline.name, "success", {}, steps, inner=inner)

    @cached_property
    def entries(self) -> Mapping[str, list[LedgerEntry]]:
        """The entries of each step, in the order of their items."""
        found: dict[str, list[LedgerEntry]] = {}
        for entry in self.state.entries.values():
            found.setdefault(entry.step, []).append(entry)
        return {step: sorted(entries, key=lambda one: one.number) for step, entries in found.items()}

    def _step(self, entry: LedgerEntry, id: str, runs: str) -> PlayedStep:
        began = entry.stage not in ("waiting", "refused") and entry.status != "skipped"
        inputs = dict(entry.inputs or {}) if began else None
        seen = self.observe(entry.run_ids[-1]) if self.observe and entry.kind == "run" and entry.run_ids else None
        prompt = seen.prompt if seen is not None else None
        return PlayedStep(id, runs, entry.display_status, inputs, entry.outputs, prompt, entry.error)

    def _inside(self, step: BundledStep, entry: LedgerEntry) -> Played | None:
        """The chain or pipeline that a step ran."""
        if step.kind == "pipeline" and (below := self.bundle.pipeline(step.run or "")) is not None:
            return replace(self.scope(below, f"{entry.id}/"), status=entry.display_status, outputs=entry.outputs)
        chain = self.bundle.chain(step.run or "") if step.kind == "chain" else None
        if chain is None or self.observe is None:
            return None
        steps: dict[str, PlayedStep] = {}
        for one, id in zip(chain.request["steps"], entry.run_ids, strict=False):
            run, alias = self.observe(id), one["session_alias"]
            error = "\n".join(run.error) or None
            steps[alias] = PlayedStep(alias, one["workflow_id"], run.status, run.inputs, run.outputs, run.prompt, error)
        return Played(chain.name, entry.display_status, entry.outputs, steps)
