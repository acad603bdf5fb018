"""Runs cases on a real account, several times each, and says how often each passed. Mocks are left out; secrets come
from the target.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from cyberflow.client.cyberdesk.client import Cyberdesk
from cyberflow.compiler.bundle import BundledChain
from cyberflow.errors import CyberflowError, UsageError
from cyberflow.language.flow_tests.cases import Case
from cyberflow.language.flow_tests.model import ANY
from cyberflow.run.chain.result import outputs_of
from cyberflow.run.inputs.arguments import RawArguments, file_argument_name, files_of
from cyberflow.run.work.polling import FollowOptions
from cyberflow.sdk.execution import ChainExecution, SubmitOptions
from cyberflow.sdk.flow_tests.suite import FlowSuite
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
    what = find_runnable(compiled, case.run)
    files = [f"{name}={path}" for name, path in _files(suite, case, what, folder)]
    arguments = RawArguments((), dict(case.get("inputs")), (), files)
    execution = ChainExecution(compiled, what, SubmitOptions(arguments), lambda _: None)
    async with execution.open(lambda _: None) as service:
        await execution.prepare()
        state = await execution.submit(FollowOptions(service.pace), say)
        async for seen in execution.follow(state, FollowOptions(service.pace)):
            state = seen
        await execution.record_end(state)
        steps = {step.id: await _read_step(service.client, step) for step in state.steps}
    return Played(what.name, state.status, outputs_of(state), steps)


async def _read_step(desk: Cyberdesk, step: Any) -> PlayedStep:
    run = await desk.runs.get(step.run_id)
    inputs = run.input_values or {} if run.started_at is not None else None
    error = "\n".join(map(str, run.error or ())) or None
    return PlayedStep(step.id, step.workflow, run.status, inputs, run.output_data, None, error)


def _files(suite: FlowSuite, case: Case, what: Any, folder: Path) -> Sequence[tuple[str, Path]]:
    """The files that a case gives, each as a path; `any` is a small one."""
    found = []
    for file in files_of(what):
        if (name := file_argument_name(file)) is None:
            continue
        written = case.get("files").get(name, ANY)
        path = suite.sourced.files.find(written, case.at("files", name)) if written != ANY else None
        if isinstance(path, str):
            found.append((name, suite.sourced.root / path))
        else:
            made = folder / f"{name}{Path(str(file.get('target_path') or '')).suffix}"
            made.write_bytes(b"any\n")
            found.append((name, made))
    return found


def _count_runs(suite: FlowSuite, case: Case) -> int:
    what = find_runnable(suite.compiled[suite.default], case.run)
    return len(what.request["steps"]) if isinstance(what, BundledChain) else 1
