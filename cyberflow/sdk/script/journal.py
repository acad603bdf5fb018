"""`journal`: a ledger for a Python script. What is done under a key is done once, whatever becomes of the script, and
in whatever order, thread or task the script asks for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from os import PathLike
from pathlib import Path
from threading import RLock
from typing import Any, Self, TypeVar, overload
from uuid import uuid4

from cyberflow.compiler.bundle import BundledTask
from cyberflow.diagnostics import did_you_mean
from cyberflow.errors import UsageError
from cyberflow.language.python.declarations import FunctionDeclaration, TaskReference
from cyberflow.redact import Redactor
from cyberflow.run.inputs.inputs import read_inputs
from cyberflow.run.pipeline.changes import first_path
from cyberflow.run.pipeline.state import KINDS
from cyberflow.run.work.entry import LedgerEntry, LedgerHeader
from cyberflow.run.work.ledger import Ledger
from cyberflow.sdk.call import PythonCall, check_types, compile_declaration, require_declared, submit_options
from cyberflow.sdk.decorators import RunnableFunction
from cyberflow.sdk.execution import SubmitOptions
from cyberflow.sdk.handle import python_wording
from cyberflow.sdk.prepare import find_runnable, resolve_run_arguments
from cyberflow.sdk.project import CompiledProject, compile_project
from cyberflow.sdk.run_methods import SecretSources
from cyberflow.sdk.script.driver import ScriptDriver, ScriptJob
from cyberflow.sdk.script.options import JournalOptions
from cyberflow.sdk.script.steps import Declaration, JournalStep, JournalTask
from cyberflow.sdk.task import compile_task, find_task
from cyberflow.sdk.task_ref import TaskRef

T = TypeVar("T")
R = TypeVar("R")
KEY = re.compile(r"[A-Za-z0-9_./-]{1,200}")
FILES = ".files"


class Journal:
    """An open ledger of a script: `done(key, declaration).run(…)`. Nobody else works on it meanwhile."""

    def __init__(
        self,
        path: Path,
        target: str | None,
        secrets: SecretSources | None,
        engine: str | None,
        project: Path | None,
    ) -> None:
        self.path = path
        self._target = target
        self._secrets = dict(secrets or {})
        self._engine = engine
        self._project = project
        self._lock = RLock()
        self._compiled: CompiledProject | None = None
        self._driver: ScriptDriver | None = None
        self._jobs: dict[str, ScriptJob] = {}
        self._found: set[str] = set()
        self._ledger: Ledger | None = None

    @python_wording()
    def __enter__(self) -> Self:
        """Open the ledger, made where there is none. Raises UsageError for one that is not a script's."""
        if self.path.is_file():
            ledger = Ledger.open(self.path)
            head = ledger.head
            if head.kind != "script" or (self._target is not None and head.target not in ("", self._target)):
                ledger.close()
                what = f"of a script on {head.target}" if head.kind == "script" else f"of a {head.kind}"
                raise UsageError(f"{self.path} is a ledger {what}", help="name another file for this script")
            self._target = self._target or head.target or None
        else:
            header = LedgerHeader(str(uuid4()), self.path.stem, self._target or "", kind="script")
            ledger = Ledger.create(self.path, header)
        self._ledger = ledger
        return self

    def __exit__(self, *_: object) -> None:
        """Close the ledger. What was submitted goes on, and the next start follows it."""
        if self._driver is not None:
            self._driver.close()
            self._driver = None
        if self._ledger is not None:
            self._ledger.close()
            self._ledger = None
        self._jobs.clear()

    @overload
    def __call__(self, key: str, declaration: RunnableFunction[..., R, Any], /) -> JournalStep[R]: ...
    @overload
    def __call__(self, key: str, declaration: TaskRef, /) -> JournalTask: ...
    @python_wording()
    def __call__(self, key: str, declaration: Any, /) -> Any:
        """The declaration under a key: the same `run`, `arun` and `submit`, done once. Raises UsageError for a key that
        is not one.
        """
        if not KEY.fullmatch(key):
            help = "letters, digits and `_ . / -`, at most 200 of them"
            raise UsageError(f"`{key[:60]}` is not a key", help=help)
        if isinstance(declaration, TaskReference):
            return JournalTask(self, key, declaration)
        if isinstance(declaration, FunctionDeclaration):
            return JournalStep(self, key, declaration)
        raise UsageError(
            f"`{key}`: a journal runs chains, workflows and tasks, and {declaration!r:.60} is none of them"
        )

    @python_wording()
    def each(
        self,
        items: Iterable[T],
        do: Callable[[T], R],
        *,
        key: Callable[[T], object] | str | None = None,
        parallel: int = 10,
    ) -> list[R]:
        """Do something with each item, so many at a time, and give the results in their order. All are tried; what
        fails is raised together, as an ExceptionGroup, and named by its `key`: a function of an item, or the name of
        what it has. Raises UsageError, before anything is done, for two items of the same key.
        """
        listed = list(items)
        names = [str(number if key is None else _key_of(item, key)) for number, item in enumerate(listed)]
        if twice := next((name for number, name in enumerate(names) if name in names[:number]), None):
            raise UsageError(f"two items have the key `{twice}`", help="a key names one item")
        with ThreadPoolExecutor(max(1, parallel), thread_name_prefix="cyberflow-each") as pool:
            futures: list[Future[R]] = [pool.submit(do, item) for item in listed]
        failures: list[Exception] = []
        for name, future in zip(names, futures, strict=True):
            if (error := future.exception()) is not None:
                error.add_note(f"for the item `{name}`")
                if not isinstance(error, Exception):
                    raise error
                failures.append(error)
        if failures:
            raise ExceptionGroup(f"{len(failures)} of {len(listed)} items failed", failures)
        return [future.result() for future in futures]

    @property
    def files(self) -> Path:
        """Where the files lie that tasks made."""
        return self.path.with_name(self.path.name + FILES)

    @property
    def target(self) -> str:
        """The name of the target, once something was run."""
        return self._target or ""

    def redactor(self, job: ScriptJob) -> Redactor:
        return job.given.redactor()

    def cancel(self, key: str) -> None:
        """Cancel what is under way under a key."""
        if self._driver is not None:
            self._driver.cancel(key)

    def submit(self, key: str, one: Declaration, call: PythonCall, *, once_more: bool) -> ScriptJob:
        """Begin what is asked for under a key, go on with it, or find that it is done. Raises UsageError when the key
        was of something else, or nothing fits.
        """
        with self._lock:
            if self._ledger is None:
                raise UsageError("the journal is closed", help="use it inside its `with`")
            for option in sorted(set(call.options or {}) - set(JournalOptions.__annotations__)):
                help = did_you_mean(option, JournalOptions.__annotations__)
                raise UsageError(f"`options` has no `{option}`", help=help)
            call = self._complete(call)
            compiled = self._compile(one, call)
            what = compiled.bundle.task(one.name) or find_runnable(compiled, one.name)
            options = submit_options(one, call)
            if isinstance(one, FunctionDeclaration):
                check_types(one, call)
            found = read_inputs(what, (), options.arguments.document)
            kind = "task" if isinstance(what, BundledTask) else "workflow"
            kind = "chain" if compiled.bundle.chain(one.name) is what else kind
            wanted = LedgerEntry(key, one.name, kind=KINDS[kind], inputs=dict(found.values))
            known = self._ledger.find(key)
            if known is not None:
                _require_same(known, wanted)
            running = self._jobs.get(key)
            if running is not None and not running.ended.done():
                return running
            return self._start(known or wanted, (compiled, what, options), once_more=once_more)

    def _start(
        self, entry: LedgerEntry, parts: tuple[CompiledProject, Any, SubmitOptions], *, once_more: bool
    ) -> ScriptJob:
        compiled, what, options = parts
        over = entry.has_succeeded or (entry.is_over and not once_more)
        given = None if over else resolve_run_arguments(compiled, what, _own_secrets(what, options), options.backends)
        job = ScriptJob(entry, what, given or _no_arguments(), options, once_more)
        self._jobs[entry.id] = job
        if over:
            job.tell(entry)
            return job
        assert self._ledger is not None  # noqa: S101 - `submit` has looked
        if self._driver is None:
            self._driver = ScriptDriver(self._ledger, compiled, self.files, self._engine)
        self._driver.start(job)
        return job

    def _complete(self, call: PythonCall) -> PythonCall:
        """The call with what the journal gives to all. Raises UsageError for another target."""
        if call.target not in (None, self._target):
            raise UsageError(f"the journal is of {self.target}, not of {call.target}", help="leave `target` out")
        return replace(call, target=self._target, secrets={**self._secrets, **(call.secrets or {})})

    def _compile(self, one: Declaration, call: PythonCall) -> CompiledProject:
        """The project, compiled once; each declaration is looked up in it."""
        if self._compiled is None:
            bare = replace(call, options={"project": project} if (project := call.option("project")) else None)
            if self._project is not None:
                self._compiled = compile_project(self._project, call.target)
            elif isinstance(one, FunctionDeclaration):
                self._compiled = compile_declaration(one, bare)
            else:
                self._compiled = compile_task(one, bare)
            self._target = self._compiled.target
            assert self._ledger is not None  # noqa: S101 - `submit` has looked
            if self._ledger.head.target != self._target:
                self._ledger.replace_head(replace(self._ledger.head, target=self._target))
        if one.name not in self._found:
            if isinstance(one, FunctionDeclaration):
                require_declared(one, self._compiled)
            else:
                find_task(self._compiled, one.name)
            self._found.add(one.name)
        return self._compiled


def journal(
    path: str | PathLike[str],
    *,
    target: str | None = None,
    secrets: SecretSources | None = None,
    engine: str | None = None,
    project: str | PathLike[str] | None = None,
) -> Journal:
    """Give a script its journal, a context that does once what is asked for under a key. The first start makes it, and
    each other goes on.

    `secrets` are for all that is run, each for those that declare it. With `engine`, the url of a PostgreSQL database,
    workers do the work. The project is the one around the file of what is run first, unless `project` names it.
    """
    return Journal(Path(path), target, secrets, engine, Path(project) if project is not None else None)


def _require_same(known: LedgerEntry, wanted: LedgerEntry) -> None:
    """Raise UsageError when a key was of something else."""
    if known.step != wanted.step:
        help = "give this one a key of its own"
        raise UsageError(f"the key `{known.id}` is of `{known.step}`, not of `{wanted.step}`", help=help)
    path = first_path(known.inputs, wanted.inputs)
    if path is not None:
        help = "other inputs are another run: give it a key of its own"
        raise UsageError(f"the key `{known.id}` had other inputs: `{path}` differs", help=help)


def _own_secrets(what: Any, options: SubmitOptions) -> Any:
    """What is given, with the secrets that a declaration has; those of the journal may be for others."""
    given = options.arguments
    return replace(given, secrets=[one for one in given.secrets if one.partition("=")[0] in what.secrets])


def _no_arguments() -> Any:
    from cyberflow.run.inputs.arguments import Arguments

    return Arguments()


def _key_of(item: Any, key: Callable[[Any], object] | str) -> object:
    if callable(key):
        return key(item)
    return item[key] if isinstance(item, Mapping) else getattr(item, key)
