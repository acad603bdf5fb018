"""Plays one case on a stage: a platform of its own, what is given, what is scripted, and what came of each step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4

from cyberflow.client.cyberdesk.client import Cyberdesk
from cyberflow.client.cyberun.client import CyberunClient
from cyberflow.client.cyberun.outputs import Outputs
from cyberflow.compiler.bundle import BundledChain, BundledTask, BundledWorkflow
from cyberflow.compiler.flow_tests.mocks import bare_outcome
from cyberflow.emulator.observation import ObservedRun
from cyberflow.emulator.platform import Platform
from cyberflow.errors import UsageError
from cyberflow.run.chain.events import ChainState
from cyberflow.run.chain.placement import RunPlacement
from cyberflow.run.chain.request import RequestParts, fill_request
from cyberflow.run.chain.result import outputs_of
from cyberflow.run.chain.submit import initial_state, send_request
from cyberflow.run.inputs.arguments import Arguments, FileArgument, file_argument_name, files_of
from cyberflow.run.inputs.arguments import raise_problems as refuse
from cyberflow.run.inputs.inputs import read_inputs
from cyberflow.run.task.request import task_files, task_request
from cyberflow.testing.clock import JumpingClock
from cyberflow.testing.samples import machine_samples, sample, secret_sample
from cyberflow.testing.stage import KEY, URL, Stage

_CYBERUN = "/api/v1"
_ANY_FILE = b"any\n"


@dataclass(frozen=True)
class PlayScript:
    """What is played: the name of a declaration and what it is given. `mocks` are by step, item or workflow; `files`
    are contents by name, the rest is some file. `keep` is where the platform's database is left.
    """

    run: str
    at: datetime
    inputs: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, FileArgument] = field(default_factory=dict)
    machine: Mapping[str, Any] = field(default_factory=dict)
    mocks: Mapping[str, Any] = field(default_factory=dict)
    keep: Path | None = None


@dataclass(frozen=True)
class PlayedStep:
    """One step as it went. `inputs` and `prompt` are None when it never started."""

    id: str
    workflow: str
    status: str
    inputs: Mapping[str, Any] | None = None
    outputs: Any = None
    prompt: str | None = None
    error: str | None = None

    @property
    def began(self) -> bool:
        return self.inputs is not None


@dataclass(frozen=True)
class Played:
    """One run as it went, with its steps by name."""

    name: str
    status: str
    outputs: Any
    steps: Mapping[str, PlayedStep]
    well: str = "success"
    """The status of one that went well."""
    inner: Mapping[str, Played] = field(default_factory=dict)
    """The chains and pipelines that steps of a pipeline ran, by the name of the step."""

    @cached_property
    def all_steps(self) -> Mapping[str, PlayedStep]:
        """Its steps, and as `OUTER/INNER` those inside them."""
        inside = {f"{outer}/{id}": step for outer, one in self.inner.items() for id, step in one.all_steps.items()}
        return {**self.steps, **inside}

    def all_runs(self) -> Iterator[Played]:
        """It, and all that ran inside it."""
        yield self
        for one in self.inner.values():
            yield from one.all_runs()

    @property
    def trouble(self) -> str | None:
        """Why the first step that did not go well did not."""
        steps = (f"`{one.id}` ended in {one.status}: {one.error}" for one in self.steps.values() if one.error)
        return next(steps, None)


async def play(stage: Stage, script: PlayScript) -> Played:
    """Play a script. Raises UsageError for what the run would be refused for, and what the platform answers."""
    if stage.pipelines is not None and stage.bundle.pipeline(script.run) is not None:
        played: Played = await stage.pipelines(stage, script)
        return played
    clock = JumpingClock(script.at)
    with Platform.load(stage.content, clock=clock) as platform:
        try:
            if (task := stage.bundle.task(script.run)) is not None:
                return await _TaskPlay(stage, script, platform, clock).play(task)
            chain = stage.bundle.chain(script.run)
            what = chain or stage.bundle.workflow(script.run)
            if what is None:
                raise UsageError(f"the project declares no `{script.run}`")
            return await _RunPlay(stage, script, platform, clock).play(what)
        finally:
            if script.keep is not None:
                platform.save(script.keep)


@dataclass(frozen=True)
class _RunPlay:
    """A chain or a workflow being played."""

    stage: Stage
    script: PlayScript
    platform: Platform
    clock: JumpingClock

    async def play(self, what: BundledChain | BundledWorkflow) -> Played:
        async with Cyberdesk.connect(URL, KEY, app=self.platform.app) as desk:
            await self._furnish(desk, what)
            where, before = RunPlacement(), {}
            if isinstance(what, BundledChain) and what.session:
                begun = await self._begin_session(desk, what)
                where = replace(where, session_id=begun.session_id)
                before = {step.id: step.outputs for step in begun.steps}
            state, seen = await self._run(desk, what, where)
            state = replace(state, aliases=before)
        steps = {
            step.id: PlayedStep(
                step.id, step.workflow, run.status, run.inputs, run.outputs, run.prompt, "\n".join(run.error) or None
            )
            for step, run in zip(state.steps, seen, strict=True)
        }
        return Played(what.name, state.status, outputs_of(state), steps)

    async def _run(
        self, desk: Cyberdesk, what: BundledChain | BundledWorkflow, where: RunPlacement
    ) -> tuple[ChainState, list[ObservedRun]]:
        stage, key = self.stage, str(uuid4())
        request, problems = fill_request(
            what, RequestParts(stage.bundle, self._arguments(what), stage.ids, stage.assets.__getitem__, where)
        )
        refuse(what, problems)
        names = stage.ids.workflows
        mocks = {names.get(name, name): bare_outcome(outcome) for name, outcome in self.script.mocks.items()}
        self.platform.simulate(mocks, idempotency_key=key)
        session, runs = await send_request(desk, request, key)
        self.clock.run_on(self.platform)
        seen = [self.platform.observe(id) for id in runs]
        state = initial_state(request, session, runs)
        steps = tuple(
            replace(step, status=run.status, outputs=run.outputs, error=run.error)
            for step, run in zip(state.steps, seen, strict=True)
        )
        return replace(state, steps=steps), seen

    def _arguments(self, what: BundledChain | BundledWorkflow) -> Arguments:
        read = read_inputs(what, document=self.script.inputs)
        refuse(what, [problem.text for problem in read.problems])
        secrets = {name: secret_sample(name, declared) for name, declared in what.secrets.items()}
        return Arguments(read.values, secrets, any_files(files_of(what), self.script.files))

    async def _furnish(self, desk: Cyberdesk, what: BundledChain | BundledWorkflow) -> None:
        await furnish(desk, self.stage, {**machine_samples(self.stage.bundle, what), **self.script.machine})

    async def _begin_session(self, desk: Cyberdesk, chain: BundledChain) -> ChainState:
        """A session in which the aliases that the chain goes on from have run."""
        named = chain.session.items()
        steps: list[dict[str, Any]] = [{"workflow_id": name, "session_alias": alias} for alias, name in named]
        for step in steps:
            workflow = self.stage.bundle.workflow(step["workflow_id"])
            given = workflow.inputs if workflow else {}
            step["inputs"] = {name: sample(name, one["schema"]) for name, one in given.items() if one["required"]}
            secrets = workflow.secrets if workflow else {}
            step["sensitive_inputs"] = {name: secret_sample(name, one) for name, one in secrets.items()}
        before = BundledChain(f"{chain.name} before", {"steps": steps})
        state, _ = await self._run(desk, before, RunPlacement(keep_session=True))
        return state


@dataclass(frozen=True)
class _TaskPlay:
    """A Cyberun task being played."""

    stage: Stage
    script: PlayScript
    platform: Platform
    clock: JumpingClock

    async def play(self, task: BundledTask) -> Played:
        read = read_inputs(task, document=self.script.inputs)
        refuse(task, [problem.text for problem in read.problems])
        secrets = {name: secret_sample(name, declared) for name, declared in task.secrets.items()}
        given = Arguments(read.values, secrets, any_files(task_files(task), self.script.files))
        request = task_request(task, given, self.stage.bundle, self.stage.assets.__getitem__)
        async with CyberunClient.connect(URL + _CYBERUN, KEY, app=self.platform.app) as cyberun:
            uploaded = {
                key: await cyberun.upload(file.filename, file.content, "application/octet-stream")
                for key, file in request.files.items()
            }
            id = await cyberun.submit(
                task.workflow,
                {**request.parameters, **uploaded},
                script=await self._script(cyberun, task),
                secrets=request.secrets,
            )
            await self._follow(cyberun, id, request.limit)
            record = await cyberun.task(id)
            outputs = {}
            if record.task_status == "completed":
                outputs = {one.key: {"url": one.url} for one in await Outputs(cyberun, id).read()}
        hidden = {key: value for key, value in request.parameters.items() if not _holds(value, request.secrets)}
        step = PlayedStep(
            task.name, task.workflow, record.task_status, hidden, outputs, None, record.task_error or None
        )
        return Played(task.name, record.task_status, outputs, {task.name: step}, "completed")

    async def _script(self, cyberun: CyberunClient, task: BundledTask) -> str | None:
        slug, mocks = task.workflow.partition("@")[0], self.script.mocks
        found = next((mocks[name] for name in (task.name, task.workflow, slug) if name in mocks), None)
        return None if found is None else await cyberun.simulate({slug: bare_outcome(found)})

    async def _follow(self, cyberun: CyberunClient, id: str, limit: float | None) -> None:
        """To its end; past its limit it is cancelled, as `run` does."""
        if limit is not None:
            self.clock.run_on(self.platform, self.clock.now + timedelta(seconds=limit))
            await cyberun.cancel(id)
        self.clock.run_on(self.platform)


async def furnish(desk: Cyberdesk, stage: Stage, supplied: Mapping[str, Any]) -> None:
    """Give the machines what they supply: inputs by name, secrets with a `$`, of which some value will do."""
    plain = {name: value for name, value in supplied.items() if not name.startswith("$")}
    hidden = {name[1:]: secret_sample(name[1:], {}) for name in supplied if name.startswith("$")}
    if supplied:
        for id in stage.machines:
            await desk.machines.update(id, {"machine_parameters": plain, "machine_sensitive_parameters": hidden})


def any_files(declared: Sequence[Mapping[str, Any]], given: Mapping[str, FileArgument]) -> dict[str, FileArgument]:
    """The files that are given at run time: the script's, or some file of a fitting name."""
    found: dict[str, FileArgument] = {}
    for file in declared:
        if (name := file_argument_name(file)) is not None:
            ending = Path(str(file.get("target_path") or "")).suffix
            found[name] = given.get(name) or FileArgument(f"{name}{ending if '<' not in ending else ''}", _ANY_FILE)
    return found


def _holds(value: Any, secrets: Sequence[str]) -> bool:
    return any(secret in str(value) for secret in secrets)
