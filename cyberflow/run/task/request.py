"""A Cyberun task as it is run: the request made of its declaration and of what was given, its state while it goes on,
and its end as data. Pure; what is sent and when is `task_submission`'s and `task_watch`'s.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from cyberflow.client.cyberun.wire import FINAL_STATUSES, CyberunWorkflow
from cyberflow.compiler.bundle import ASSET, AssetReader, Bundle, BundledTask
from cyberflow.diagnostics import did_you_mean
from cyberflow.errors import UsageError
from cyberflow.redact import Redactor
from cyberflow.remote.parameters import parameter_faults, parameter_schema
from cyberflow.run.chain.interpolate import Interpolator
from cyberflow.run.inputs.arguments import Arguments, FileArgument, file_argument_name, raise_problems
from cyberflow.run.inputs.durations import parse_duration
from cyberflow.run.inputs.inputs import describe_faults
from cyberflow.schema.values import ABSENT

VERSION = 1
_DURATION = re.compile(r"([0-9]+)(s|m|h)")
_SECONDS = {"s": 1, "m": 60, "h": 3600}


@dataclass(frozen=True)
class TaskRequest:
    """Ready to be sent but for the files, which go first. Past `limit` seconds the task is cancelled."""

    name: str
    workflow: str
    parameters: Mapping[str, Any] = field(repr=False)
    files: Mapping[str, FileArgument] = field(default_factory=dict, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    limit: float | None = None


@dataclass(frozen=True)
class TaskJob:
    """A request held against the workflow that it is for."""

    request: TaskRequest
    workflow: CyberunWorkflow = field(repr=False)
    kind: Literal["task"] = "task"

    @property
    def name(self) -> str:
        return self.request.name


@dataclass(frozen=True)
class TaskState:
    """A task as far as it is known. A status that is not final is live, whatever it says. `message` is how far it is,
    in words; `trouble` why the service could not be asked last time; `refused` why it did not take a cancel.
    """

    name: str
    workflow: str
    task_id: str
    status: str = "pending"
    error: tuple[str, ...] = ()
    started_at: str | None = None
    ended_at: str | None = None
    message: str | None = None
    trouble: str | None = None
    timed_out: bool = False
    cancelled: bool = False
    refused: str | None = None
    submitted_at: float | None = field(default=None, compare=False)

    @property
    def is_live(self) -> bool:
        return self.status not in FINAL_STATUSES

    @property
    def id(self) -> str:
        """What stands for it in a list of steps."""
        return self.name

    @property
    def steps(self) -> tuple[TaskState, ...]:
        return (self,)

    @property
    def exit_code(self) -> int:
        return 0 if self.status == "completed" else 1

    def to_json(self, outputs: Mapping[str, Mapping[str, str]], redactor: Redactor) -> dict[str, Any]:
        """What `--format json` prints. An output has a `path` or, where it was not saved, a `url`."""
        return {
            "version": VERSION,
            "name": self.name,
            "status": self.status,
            "task_id": self.task_id,
            "outputs": dict(outputs),
            "error": redactor.text("\n".join(self.error)) or None,
        }


def task_files(task: BundledTask) -> list[dict[str, str]]:
    """The files of a task as `gather` reads them."""
    return [{"content": content} for content in task.files.values()]


def task_request(task: BundledTask, given: Arguments, bundle: Bundle, assets: AssetReader) -> TaskRequest:
    """Fill a task. Raises UsageError when a value cannot stand where it is used, with every one that cannot."""
    filler = Interpolator(given.inputs, given.secrets)
    filled = {key: filler.value(data, f"parameter `{key}`") for key, data in task.parameters.items()}
    raise_problems(task, filler.problems)
    return TaskRequest(
        task.name,
        task.workflow,
        {key: value for key, value in filled.items() if value is not ABSENT},
        dict(_files(task, given, bundle, assets)),
        tuple(str(value) for value in given.secrets.values()),
        parse_duration(task.timeout),
    )


def check_request(task: BundledTask, request: TaskRequest, workflow: CyberunWorkflow) -> None:
    """Hold a request against what the workflow takes. Raises UsageError with everything that does not fit; where the
    service does not say what it takes, nothing is said here either.
    """
    if workflow.workflow_status == "disabled":
        raise UsageError(f"the Cyberun workflow `{request.workflow}` is disabled", help="nothing was sent")
    if workflow.parameters is not None:
        raise_problems(task, [*_misfits(request, workflow)])


def _misfits(request: TaskRequest, workflow: CyberunWorkflow) -> Iterator[str]:
    declared = workflow.parameters or []
    names = {key: file.filename for key, file in request.files.items()}
    found = list(parameter_faults(declared, request.parameters.keys(), names))
    yield from (f"{one.text}; {one.help}" for one in found)
    for parameter in declared:
        if parameter.key in request.parameters and parameter.key not in {one.key for one in found}:
            value = request.parameters[parameter.key]
            hidden = isinstance(value, str) and any(secret in value for secret in request.secrets)
            yield from describe_faults("parameter", parameter.key, parameter_schema(parameter), value, secret=hidden)


def _files(
    task: BundledTask, given: Arguments, bundle: Bundle, assets: AssetReader
) -> Iterator[tuple[str, FileArgument]]:
    for key, content in task.files.items():
        name = file_argument_name({"content": content})
        if name is not None:
            yield key, given.files[name]
            continue
        sha256 = content.removeprefix(ASSET)
        asset = bundle.asset(sha256)
        yield key, FileArgument(asset.filename if asset else sha256, assets(sha256))


def unknown_workflow_error(name: str, known: Sequence[str]) -> UsageError:
    """What to say of a workflow that the target does not have."""
    bare = name.partition("@")[0]
    if bare != name and bare in known:
        return UsageError(f"the Cyberun workflow `{bare}` has no version {name.removeprefix(bare + '@')}")
    return UsageError(f"there is no Cyberun workflow `{name}`", help=did_you_mean(bare, known))
