"""A declaration under a key of a journal, and the handle of what was submitted under one."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from cyberflow.errors import CyberflowError
from cyberflow.language.python.declarations import FunctionDeclaration, TaskReference
from cyberflow.redact import Redactor
from cyberflow.run.chain.events import StepRun
from cyberflow.run.chain.result import Result
from cyberflow.run.task.request import TaskState
from cyberflow.run.work.entry import LedgerEntry
from cyberflow.sdk.call import PythonCall
from cyberflow.sdk.handle import Handle, RunFailed, StillRunning, python_wording, validate_outputs
from cyberflow.sdk.run_methods import FileArguments, SecretSources
from cyberflow.sdk.script.options import JournalOptions
from cyberflow.sdk.task import TaskFailed, TaskOutput, TaskRun
from cyberflow.storage import safe_name, write_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cyberflow.sdk.script.driver import ScriptJob

R = TypeVar("R")
D = TypeVar("D")
Declaration = FunctionDeclaration[..., Any] | TaskReference


class OpenJournal(Protocol):
    """What a step asks of its journal."""

    @property
    def target(self) -> str: ...
    @property
    def files(self) -> Path: ...
    def redactor(self, job: ScriptJob) -> Redactor: ...
    def cancel(self, key: str) -> None: ...
    def submit(self, key: str, one: Declaration, call: PythonCall, *, once_more: bool) -> ScriptJob: ...


class SubmissionUnknown(CyberflowError):
    """Whether it was submitted is not known: the answer was lost, and its key is too old to be used again, or there is
    none. `candidates` are the tasks that may be it; look, then say `options={"retry": True}` to send it once more.
    Exit code 1.
    """

    exit_code = 1

    def __init__(self, entry: LedgerEntry) -> None:
        candidates = list(entry.facts.get("candidates", ()))
        maybe = f"; it may be one of these: {', '.join(candidates)}" if candidates else ""
        help = 'look whether it is there; `options={"retry": True}` sends it once more'
        super().__init__(f"the answer to the submission of `{entry.id}` was lost{maybe}", help=help)
        self.key = entry.id
        self.candidates = candidates


class _Keyed(Generic[D]):
    """A declaration under a key of a journal."""

    def __init__(self, journal: OpenJournal, key: str, declaration: D) -> None:
        self._journal = journal
        self._key = key
        self._declaration = declaration


class JournalStep(_Keyed["FunctionDeclaration[..., R]"], Generic[R]):
    """A chain or a workflow under a key."""

    def run(
        self,
        *,
        target: str | None = None,
        secrets: SecretSources | None = None,
        files: FileArguments | None = None,
        options: JournalOptions | None = None,
        **inputs: Any,
    ) -> R:
        """Give the typed outputs: submit and follow, go on, or take what was done.

        Raises RunFailed when it failed, now or before, unless `options={"retry": True}` has it run once more;
        SubmissionUnknown when nobody knows whether it was submitted; UsageError when the key had other inputs.
        """
        call = PythonCall(target, secrets, files, options, inputs)
        return self._submit(call).result(timeout=call.timeout)

    async def arun(
        self,
        *,
        target: str | None = None,
        secrets: SecretSources | None = None,
        files: FileArguments | None = None,
        options: JournalOptions | None = None,
        **inputs: Any,
    ) -> R:
        """Do as `run`, inside a running event loop."""
        call = PythonCall(target, secrets, files, options, inputs)
        return await self._submit(call).aresult(timeout=call.timeout)

    def submit(
        self,
        *,
        target: str | None = None,
        secrets: SecretSources | None = None,
        files: FileArguments | None = None,
        options: JournalOptions | None = None,
        **inputs: Any,
    ) -> Handle[R]:
        """Submit and do not wait for the end; the handle does when asked."""
        handle = self._submit(PythonCall(target, secrets, files, options, inputs))
        handle.wait_until_accepted()
        return handle

    def _submit(self, call: PythonCall) -> JournalHandle[R]:
        with python_wording():
            job = self._journal.submit(self._key, self._declaration, call, once_more=bool(call.option("retry")))
        return JournalHandle(self._journal, self._declaration, job, cancels=bool(call.option("cancel_on_timeout")))


class JournalHandle(Handle[R]):
    """Something that was submitted under a key."""

    def __init__(
        self, journal: OpenJournal, declaration: FunctionDeclaration[..., R], job: ScriptJob, *, cancels: bool = False
    ) -> None:
        object.__setattr__(self, "declaration", declaration)
        object.__setattr__(self, "_journal", journal)
        object.__setattr__(self, "_job", job)
        object.__setattr__(self, "_cancels", cancels)

    _journal: OpenJournal
    _job: ScriptJob
    _cancels: bool

    @property
    def target(self) -> str:
        return self._journal.target

    @property
    def session_id(self) -> str | None:
        return self._job.entry.session_id

    @property
    def run_ids(self) -> list[str]:
        return list(self._job.entry.run_ids)

    def status(self) -> str:
        """How far it is: its status at the end, before `accepted`."""
        return self._job.entry.display_status

    def wait_until_accepted(self) -> None:
        """Wait for the answer to its submission. Raises what went wrong with it."""
        with python_wording():
            self._job.accepted.result()

    def result(self, *, timeout: float | None = None) -> R:
        with _detaching(self._job):
            return self._outputs(wait_for(self._journal, self._job, timeout, cancels=self._cancels))

    async def aresult(self, *, timeout: float | None = None, cancel_on_timeout: bool = False) -> R:  # noqa: ASYNC109 - the runs go on
        with _detaching(self._job):
            cancels = self._cancels or cancel_on_timeout
            return self._outputs(await await_end(self._journal, self._job, timeout, cancels=cancels))

    def cancel(self) -> None:
        self._journal.cancel(self._job.entry.id)

    def _outputs(self, entry: LedgerEntry) -> R:
        _raise_unknown(entry)
        if entry.has_failed:
            raise RunFailed(_result_of(entry), self._journal.redactor(self._job))
        return validate_outputs(self.declaration, entry.outputs)

    def __repr__(self) -> str:
        return f"<{self._job.entry.id} on {self.target}, {self.status()}>"


class JournalTask(_Keyed["TaskReference"]):
    """A task under a key."""

    def run(
        self,
        *,
        target: str | None = None,
        secrets: SecretSources | None = None,
        files: FileArguments | None = None,
        options: JournalOptions | None = None,
        **inputs: Any,
    ) -> TaskRun:
        """Give what the task made, as files on this disk. It is never sent a second time by itself.

        Raises TaskFailed and SubmissionUnknown as `JournalStep.run` does, UsageError when the key had other inputs.
        """
        call = PythonCall(target, secrets, files, options, inputs)
        job = self._begin(call)
        cancels = bool(call.option("cancel_on_timeout"))
        with _detaching(job):
            return self._end(wait_for(self._journal, job, call.timeout, cancels=cancels), job, call)

    async def arun(
        self,
        *,
        target: str | None = None,
        secrets: SecretSources | None = None,
        files: FileArguments | None = None,
        options: JournalOptions | None = None,
        **inputs: Any,
    ) -> TaskRun:
        """Do as `run`, inside a running event loop."""
        call = PythonCall(target, secrets, files, options, inputs)
        job = self._begin(call)
        cancels = bool(call.option("cancel_on_timeout"))
        with _detaching(job):
            return self._end(await await_end(self._journal, job, call.timeout, cancels=cancels), job, call)

    def _begin(self, call: PythonCall) -> ScriptJob:
        with python_wording():
            return self._journal.submit(self._key, self._declaration, call, once_more=bool(call.option("retry")))

    def _end(self, entry: LedgerEntry, job: ScriptJob, call: PythonCall) -> TaskRun:
        _raise_unknown(entry)
        if entry.has_failed or entry.task_id is None:
            state = TaskState(entry.step, "", entry.task_id or "", entry.display_status)
            raise TaskFailed(state, self._journal.redactor(job).text(entry.error or ""))
        store = self._journal.files
        folder = Path(call.option("download") or store / safe_name(entry.id.replace("/", "-")))
        outputs: dict[str, TaskOutput] = {}
        for key, file in entry.facts.get("files", {}).items():
            path = folder / file["name"]
            if not path.is_file():
                write_bytes(path, (store / file["sha256"]).read_bytes())
            outputs[key] = TaskOutput(key, path)
        return TaskRun(entry.task_id, outputs)


def wait_for(journal: OpenJournal, job: ScriptJob, timeout: float | None, *, cancels: bool) -> LedgerEntry:
    """Wait for the end. Raises StillRunning after `timeout` seconds."""
    try:
        return job.ended.result(timeout)
    except FutureTimeout:
        if not job.ended.done():
            raise _give_up(journal, job, cancels=cancels) from None
        raise


async def await_end(
    journal: OpenJournal,
    job: ScriptJob,
    timeout: float | None,  # noqa: ASYNC109 - the runs go on
    *,
    cancels: bool,
) -> LedgerEntry:
    """Do as `wait_for`, inside a running event loop."""
    ended: Future[LedgerEntry] = job.ended
    try:
        return await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(ended)), timeout)
    except TimeoutError:
        if not ended.done():
            raise await asyncio.to_thread(_give_up, journal, job, cancels=cancels) from None
        raise


def _give_up(journal: OpenJournal, job: ScriptJob, *, cancels: bool) -> StillRunning:
    if cancels:
        journal.cancel(job.entry.id)
    return StillRunning(f"`{job.entry.id}` still runs", help="the next start of the script follows it")


@contextmanager
def _detaching(job: ScriptJob) -> Iterator[None]:
    """Say of an interruption that nothing is lost by it."""
    try:
        with python_wording():
            yield
    except (asyncio.CancelledError, KeyboardInterrupt) as error:
        error.add_note(f"`{job.entry.id}` goes on without this program; its next start follows it")
        raise


def _raise_unknown(entry: LedgerEntry) -> None:
    if entry.stage == "unknown":
        raise SubmissionUnknown(entry)


def _result_of(entry: LedgerEntry) -> Result:
    """The end of an entry as a result: what went wrong stands for the step that did."""
    outputs = entry.outputs if isinstance(entry.outputs, dict) else {}
    failed = StepRun(entry.id, entry.step, "", entry.display_status, error=(entry.error,) if entry.error else ())
    return Result(entry.step, entry.display_status, entry.session_id, (failed,), outputs)
