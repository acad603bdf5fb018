"""Writes a test from a run of a target: reads it, puts stand-ins for what it held, plays the case, and keeps it if it
passes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cyberflow.errors import UsageError
from cyberflow.language.model import NAME
from cyberflow.language.yaml.writing.blocks import yaml_text
from cyberflow.remote.identity import list_owned_workflows
from cyberflow.remote.snapshot import read_all_workflows
from cyberflow.run.work.ids import complete_id
from cyberflow.sdk.flow_tests.suite import FlowSuite
from cyberflow.sdk.runs.sessions import read_session
from cyberflow.storage import write_text
from cyberflow.targets.local_platform import Say
from cyberflow.targets.service import open_target
from cyberflow.testing.play import play
from cyberflow.testing.recording.record import RecordedRun, make_recording

if TYPE_CHECKING:
    from cyberflow.client.cyberdesk.client import Cyberdesk
    from cyberflow.remote.identity import Owner

FOLDER = "tests"


@dataclass(frozen=True)
class RecordOptions:
    """What is recorded: the id of a run or session, the name of the test, and the paths whose values stay."""

    id: str
    name: str | None = None
    kept: tuple[str, ...] = ()


async def record(suite: FlowSuite, options: RecordOptions, say: Say) -> Path:
    """Write the test and give its file. Raises UsageError when there is no such run, when the project declares nothing
    that ran so, when the case does not pass, and when the file is there already.
    """
    target, compiled = suite.default, suite.compiled[suite.default]
    async with open_target(suite.sourced, target, say) as service:
        say(service.line)
        id = await complete_id(service.client, options.id)
        runs = await _read_runs(service.client, compiled.owner, id)
    recording = make_recording(runs, compiled.bundle, options.kept)
    name = options.name or f"{recording.what.name}-{id[:8]}"
    if not NAME.fullmatch(name):
        raise UsageError(f"`{name}` cannot be the name of a test", help="letters, digits, `_` and `-`, a letter first")
    path = suite.sourced.root / FOLDER / f"{name}.yaml"
    if path.exists():
        raise UsageError(f"{path} is there already", help="choose another name with --as")
    stage = await suite.build_stage(target, {recording.what.name})
    body = recording.test(await play(stage, recording.script))
    write_text(path, _test_text(name, body, suite, target), private=False)
    return path


def _test_text(name: str, body: dict[str, Any], suite: FlowSuite, target: str) -> str:
    mine = {"target": target} if target != suite.sourced.settings.default_target else {}
    first = {"run": body.pop("run"), **mine}
    return yaml_text({"tests": {name: {**first, **body}}})


async def _read_runs(desk: Cyberdesk, owner: Owner, id: str) -> list[RecordedRun]:
    """The runs of a session, or one run, in order. Raises UsageError for a workflow that is not the project's."""
    state = await read_session(desk, id)
    names = {one.workflow.id: one.name for one in list_owned_workflows(await read_all_workflows(desk), owner)}
    found = []
    for step in state.steps:
        run = await desk.runs.get(step.run_id)
        name = names.get(run.workflow_id)
        if name is None:
            raise UsageError(
                f"the workflow of run {run.id} is not one of this project", help="`cyberflow pull` takes it over"
            )
        if run.live:
            raise UsageError(f"the run {run.id} is not over, it is `{run.status}`", help="record it when it has ended")
        alias = run.session_alias or name
        found.append(RecordedRun(alias, name, run.status, run.input_values or {}, run.output_data))
    return _latest(found)


def _latest(runs: Sequence[RecordedRun]) -> list[RecordedRun]:
    """The last run of each alias, where one was tried again."""
    last = {one.alias: one for one in runs}
    return [last[alias] for alias in dict.fromkeys(one.alias for one in runs)]
