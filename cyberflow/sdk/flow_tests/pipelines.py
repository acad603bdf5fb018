"""Plays a pipeline on a stage: both services in memory, its functions called, its waits over at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cyberflow.client.cyberdesk.client import Cyberdesk
from cyberflow.client.cyberun.client import CyberunClient
from cyberflow.compiler.bundle import BundledTask
from cyberflow.compiler.pipeline.form import BundledPipeline
from cyberflow.emulator.platform import Platform
from cyberflow.run.inputs.arguments import Arguments, raise_problems
from cyberflow.run.inputs.inputs import read_inputs
from cyberflow.run.pipeline.calls import FunctionCaller
from cyberflow.run.pipeline.changes import describe_steps, files_to_give
from cyberflow.run.pipeline.driver import PipelineRun, PipelineTools
from cyberflow.run.pipeline.files import FileSources, FileStore
from cyberflow.run.pipeline.result import pipeline_outputs, pipeline_status, step_entries, step_status
from cyberflow.run.pipeline.simulation import read_script
from cyberflow.run.pipeline.state import PipelineState
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
                return to_played(setup.pipeline, state)
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


def to_played(pipeline: BundledPipeline, state: PipelineState) -> Played:
    """What came of it: each step, and each item of one that has several as `STEP[KEY]`."""
    steps: dict[str, PlayedStep] = {}
    for step in pipeline.steps:
        progress = state.root.steps.get(step.id)
        status = step_status(state, progress)
        entries = step_entries(state, progress) if progress is not None else []
        runs = step.run or (step.call.function if step.call else "wait")
        for entry in entries:
            steps[entry.id] = _played_entry(entry, runs)
        if step.id not in steps:
            inputs: dict[str, Any] | None = {} if entries else None
            outputs = [entry.outputs for entry in entries] if step.each is not None else None
            why = progress.problem if progress is not None else None
            steps[step.id] = PlayedStep(step.id, runs, status, inputs, outputs, None, why)
    status = pipeline_status(state)
    return Played(pipeline.name, status, pipeline_outputs(state) if status == "success" else {}, steps)


def _played_entry(entry: LedgerEntry, runs: str) -> PlayedStep:
    began = entry.stage not in ("waiting", "refused") and entry.status != "skipped"
    inputs = dict(entry.inputs or {}) if began else None
    return PlayedStep(entry.id, runs, entry.display_status, inputs, entry.outputs, None, entry.error)
