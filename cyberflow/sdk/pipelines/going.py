"""A pipeline going on: its services opened, its executors made, its files beside its ledger."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cyberflow.compiler.bundle import BundledTask
from cyberflow.redact import Redactor
from cyberflow.run.chain.interpolate import Interpolator
from cyberflow.run.chain.overrides import RunOverrides
from cyberflow.run.chain.placement import RunPlacement
from cyberflow.run.chain.request import RunRequest
from cyberflow.run.pipeline.calls import FunctionCaller
from cyberflow.run.pipeline.changes import all_steps
from cyberflow.run.pipeline.commands import SubmitJob
from cyberflow.run.pipeline.driver import PipelineRun, PipelineTools
from cyberflow.run.pipeline.files import FileSources, FileStore, steps_with_files
from cyberflow.run.pipeline.result import pipeline_json
from cyberflow.run.pipeline.simulation import PipelineScript
from cyberflow.run.pipeline.state import PipelineState
from cyberflow.run.readings.reading import Readings, read_again
from cyberflow.run.readings.submission import write_reading
from cyberflow.run.work.dispatch import EntryUpdate, ServiceTrouble
from cyberflow.run.work.entry import LedgerEntry
from cyberflow.run.work.executor import JobRequest
from cyberflow.run.work.ledger import Ledger
from cyberflow.run.work.work_item import WorkItem
from cyberflow.sdk.pipelines.executors import Desks, make_executors, open_desks
from cyberflow.sdk.pipelines.requests import RequestFactory, Runs
from cyberflow.sdk.pipelines.setup import PipelineSetup
from cyberflow.sdk.runs.origins import remember_ledger
from cyberflow.storage import safe_name, write_bytes
from cyberflow.targets.local_platform import Say, state_folder

FILES = ".files"


@dataclass
class GoingPipeline:
    """One go at a pipeline. `run` gives what happens; whoever stops iterating has detached."""

    setup: PipelineSetup
    ledger: Ledger
    state: PipelineState
    desks: Desks
    driver: PipelineRun
    store: FileStore
    executors: list[Any]
    readings: Readings

    @property
    def redactor(self) -> Redactor:
        return self.setup.arguments.redactor()

    async def run(self) -> AsyncGenerator[EntryUpdate | ServiceTrouble, None]:
        """Go on until nothing can be done any more. Raises as `PipelineRun.run`."""
        async with aclosing(self.driver.run()) as updates:
            async for update in updates:
                yield update
        if self.desks.desk is not None:
            again = await read_again(self.desks.desk.client, self.readings)
            write_reading(self.ledger, again, time.time())
        if not self.setup.options.keep_queue:
            for executor in self.executors:
                if hasattr(executor, "clean_up"):
                    over = [entry for entry in self.state.entries.values() if entry.is_over and entry.key]
                    await executor.clean_up([entry.key for entry in over])

    def to_json(self) -> dict[str, Any]:
        """What `--format json` prints."""
        return pipeline_json(self.state, self.setup.pipeline.name, str(self.ledger.path), self.redactor)

    def save_files(self, folder: Path) -> list[Path]:
        """Copy what steps made into a folder, each below the id of its own. Raises CyberflowError for the disk."""
        saved = []
        for entry in self.state.entries.values():
            for file in entry.facts.get("files", {}).values():
                path = folder / safe_name(entry.id.replace("/", "-")) / file["name"]
                write_bytes(path, self.store.read(file["sha256"]))
                saved.append(path)
        return saved


def runs_of(setup: PipelineSetup) -> list[Runs]:
    """What the steps of a pipeline run on the services."""
    factory = RequestFactory(setup.compiled)
    names = (step.run for step in all_steps(setup.compiled.bundle, setup.pipeline) if step.kind != "pipeline")
    return [factory.find(name) for name in dict.fromkeys(names) if name is not None]


@asynccontextmanager
async def open_pipeline(
    setup: PipelineSetup, ledger: Ledger, state: PipelineState, say: Say
) -> AsyncIterator[GoingPipeline]:
    """Open what a pipeline runs on; nothing where all of it is over. Raises as `open_target` and `look_up`."""
    options, compiled = setup.options, setup.compiled
    remember_ledger(state_folder(compiled.sourced.root), ledger.path)
    runs = [] if state.root.is_over else runs_of(setup)
    async with AsyncExitStack() as stack:
        tasks = [one for one in runs if isinstance(one, BundledTask)]
        desks = await open_desks(compiled, stack, say, chains=len(tasks) < len(runs), tasks=bool(tasks))
        where = RunPlacement(options.machine, options.pools)
        overrides = RunOverrides(options.priority)
        factory = RequestFactory(compiled, where, overrides)
        await factory.look_up(runs, desks.desk, desks.cyberun, stale=options.stale_ok)
        write_reading(ledger, factory.ids.readings, time.time())
        store = _make_store(setup, ledger, state, desks)
        sources = FileSources(compiled.bundle, compiled.assets, setup.arguments.files, store)

        build = request_builder(factory, state, sources)
        redactor, hooks = setup.arguments.redactor(), PipelineHooks(factory, setup.script, state)
        executors = make_executors(compiled, desks, hooks, ledger, redactor, options.engine)
        tools = PipelineTools(
            executors,
            build,
            FunctionCaller(compiled.sourced.root, redactor, hooks.task_script),
            store.collect,
            redactor,
            options.no_wait,
            options.parallel,
            outcome=hooks.task_script,
        )
        driver = PipelineRun(ledger, state, tools)
        yield GoingPipeline(setup, ledger, state, desks, driver, store, list(executors), factory.ids.readings)


def request_builder(
    factory: RequestFactory, state: PipelineState, sources: FileSources
) -> Callable[[SubmitJob], JobRequest]:
    """What makes the requests of the steps of a pipeline."""

    def build(command: SubmitJob) -> JobRequest:
        step, scope = command.step, command.scope
        secrets = Interpolator({}, scope.secrets)
        given = {name: secrets.value(text, name) for name, text in step.secrets.items()}
        files = sources.arguments(state, scope, step)
        return factory.build(factory.find(step.run or ""), command.inputs, given, files)

    return build


@dataclass(frozen=True)
class PipelineHooks:
    """What executors ask about the steps of a pipeline."""

    factory: RequestFactory
    script: PipelineScript | None
    state: PipelineState | None = None
    shapes: dict[str, str] = field(default_factory=dict)

    def work_item(self, entry: LedgerEntry, request: JobRequest) -> WorkItem:
        name = request.name
        if name not in self.shapes:
            self.shapes[name] = self.factory.fingerprint(name)
        item = self.factory.work_item(entry, name, entry.inputs or {}, self.shapes[name])
        progress = self.state.find(entry) if self.state is not None else None
        return replace(item, secrets=progress.scope.secret_texts(progress.step)) if progress else item

    def run_script(self, entry: LedgerEntry, request: RunRequest) -> Mapping[str, Any] | None:
        if self.script is None:
            return None
        ids = self.factory.ids.workflows
        return {ids.get(name, name): outcome for name, outcome in self.script.of_request(entry, request).items()}

    def task_script(self, entry: LedgerEntry) -> Mapping[str, Any] | None:
        return self.script.outcome(entry) if self.script is not None else None


def _make_store(setup: PipelineSetup, ledger: Ledger, state: PipelineState, desks: Desks) -> FileStore:
    everything = setup.options.download is not None

    def keeps_files(entry: LedgerEntry) -> bool:
        progress = state.find(entry)
        if progress is None or entry.kind not in ("chain", "run", "task"):
            return False
        return everything or entry.kind == "task" or progress.step.id in steps_with_files(progress.scope.pipeline)

    folder = ledger.path.with_name(ledger.path.name + FILES)
    desk, cyberun = desks.desk, desks.cyberun
    return FileStore(folder, desk.client if desk else None, cyberun.client if cyberun else None, keeps_files)
