"""Runs cases on a real account, several times each, and says how often each passed. Mocks are left out; secrets come
from the target.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from cyberflow.client.cyberdesk.client import Cyberdesk
from cyberflow.compiler.flow_tests.mocks import bare_outcome
from cyberflow.compiler.flow_tests.step_names import best_name, parse_step_name
from cyberflow.compiler.pipeline.form import BundledPipeline
from cyberflow.errors import CyberflowError, UsageError
from cyberflow.language.flow_tests.cases import Case
from cyberflow.language.flow_tests.model import ANY
from cyberflow.run.chain.result import outputs_of
from cyberflow.run.inputs.arguments import RawArguments, file_argument_name, files_of
from cyberflow.run.pipeline.changes import all_steps, files_to_give
from cyberflow.run.work.dispatch import EntryUpdate
from cyberflow.run.work.polling import FollowOptions
from cyberflow.sdk.execution import ChainExecution, SubmitOptions
from cyberflow.sdk.flow_tests.pipelines import read_played_run
from cyberflow.sdk.flow_tests.suite import FlowSuite
from cyberflow.sdk.pipelines.going import open_pipeline
from cyberflow.sdk.pipelines.setup import PipelineOptions, create_ledger, load_state, prepare_pipeline
from cyberflow.sdk.pipelines.signals import signal
from cyberflow.sdk.prepare import find_runnable
from cyberflow.targets.local_platform import Say
from cyberflow.testing.judge import CaseJudge
from cyberflow.testing.play import Played, PlayedStep
from cyberflow.testing.verdicts import Verdict


@dataclass(frozen=True)
class LiveOptions:
    """How often each case runs, which share of them must pass, and how many runs there may be altogether."""

    repeat: int = 1
    share: float = 1.0
    budget: int | None = None


async def run_live(
    suite: FlowSuite, cases: Sequence[Case], options: LiveOptions, say: Say
) -> AsyncGenerator[Verdict, None]:
    """Run cases on the suite's target, one after the other. A verdict has the failures of the last run that did not
    pass, where too few passed. Raises UsageError before anything is sent when a case is not for a real account.
    """
    compiled = suite.compiled[suite.default]
    for case in cases:
        if compiled.bundle.pipeline(case.run) is None:
            find_runnable(compiled, case.run)
    spent = 0
    for case in cases:
        judge, begun, tried, passed = CaseJudge(case, frozenset({"prompt"})), perf_counter(), 0, 0
        made = Verdict(case.name, case.test, case.run, case.own_place)
        last = made
        size = _count_runs(suite, case)
        while tried < options.repeat and (options.budget is None or spent + size <= options.budget):
            spent, tried = spent + size, tried + 1
            last = await _try_once(suite, judge, made, say)
            passed += last.status == "passed"
        rate = passed / tried if tried else 0.0
        if tried == 0:
            yield replace(made, trouble=f"the budget of {options.budget} runs is spent", attempts=(0, 0))
            continue
        good = rate >= options.share
        failures = () if good else last.failures
        trouble = None if good else last.trouble
        yield replace(
            made, failures=failures, trouble=trouble, seconds=perf_counter() - begun, attempts=(passed, tried)
        )


async def _try_once(suite: FlowSuite, judge: CaseJudge, made: Verdict, say: Say) -> Verdict:
    with TemporaryDirectory() as folder:
        try:
            played = await _play(suite, judge.case, Path(folder), say)
        except UsageError:
            raise
        except CyberflowError as error:
            return replace(made, trouble=error.message)
    return replace(made, failures=judge.judge(played))


async def _play(suite: FlowSuite, case: Case, folder: Path, say: Say) -> Played:
    compiled = suite.compiled[suite.default]
    if (pipeline := compiled.bundle.pipeline(case.run)) is not None:
        return await _play_pipeline(suite, case, pipeline, folder)
    what = find_runnable(compiled, case.run)
    arguments = RawArguments((), dict(case.get("inputs")), (), _files(suite, case, files_of(what), folder))
    execution = ChainExecution(compiled, what, SubmitOptions(arguments), lambda _: None)
    async with execution.open(lambda _: None) as service:
        await execution.prepare()
        state = await execution.submit(FollowOptions(service.pace), say)
        async for seen in execution.follow(state, FollowOptions(service.pace)):
            state = seen
        await execution.record_end(state)
        steps = {step.id: await _read_step(service.client, step) for step in state.steps}
    return Played(what.name, state.status, outputs_of(state), steps)


async def _play_pipeline(suite: FlowSuite, case: Case, pipeline: BundledPipeline, folder: Path) -> Played:
    """Run a pipeline, its ledger in `folder`. A question is answered as the case's mock of the wait says; where one has
    no mock, it ends when only waits are left.
    """
    compiled, answers = suite.compiled[suite.default], case.get("simulate")
    asks = [step.id for step in all_steps(compiled.bundle, pipeline) if step.wait and step.wait.signal]
    options = PipelineOptions(
        document=dict(case.get("inputs")),
        files=tuple(_files(suite, case, files_to_give(pipeline), folder)),
        ledger=folder / "ledger.db",
        no_wait=not {steps[-1][0] for name in answers if (steps := parse_step_name(name))}.issuperset(asks),
    )
    setup = prepare_pipeline(compiled, case.run, options)
    with create_ledger(setup) as ledger:
        state = load_state(setup, ledger)
        async with open_pipeline(setup, ledger, state, lambda _: None) as going, aclosing(going.run()) as updates:
            async for update in updates:
                if isinstance(update, EntryUpdate) and update.entry.is_question:
                    name = best_name(answers, update.entry.id)
                    if name is not None:
                        outputs = bare_outcome(answers[name]).get("outputs")
                        signal(ledger.path, update.entry.id, document=outputs, who="test")
    return read_played_run(setup, state)


async def _read_step(desk: Cyberdesk, step: Any) -> PlayedStep:
    run = await desk.runs.get(step.run_id)
    inputs = run.input_values or {} if run.started_at is not None else None
    error = "\n".join(map(str, run.error or ())) or None
    return PlayedStep(step.id, step.workflow, run.status, inputs, run.output_data, None, error)


def _files(suite: FlowSuite, case: Case, declared: Iterable[Mapping[str, Any]], folder: Path) -> list[str]:
    """The files that a case gives, as `NAME=PATH`; `any` is a small one."""
    found = []
    for file in declared:
        if (name := file_argument_name(file)) is None:
            continue
        written = case.get("files").get(name, ANY)
        path = suite.sourced.files.find(written, case.at("files", name)) if written != ANY else None
        if isinstance(path, str):
            found.append(f"{name}={suite.sourced.root / path}")
        else:
            made = folder / f"{name}{Path(str(file.get('target_path') or '')).suffix}"
            made.write_bytes(b"any\n")
            found.append(f"{name}={made}")
    return found


def _count_runs(suite: FlowSuite, case: Case) -> int:
    """How many runs and tasks a case is at least: how often a step with `each` runs is known only when it does."""
    bundle = suite.compiled[suite.default].bundle
    pipeline = bundle.pipeline(case.run)
    names = [step.run for step in all_steps(bundle, pipeline) if step.run] if pipeline else [case.run]
    chains = [bundle.chain(name) for name in names if bundle.pipeline(name) is None]
    return sum(len(chain.request["steps"]) if chain is not None else 1 for chain in chains)
