"""What a pipeline begins with: its options, its inputs, secrets and files, its ledger, and where it goes on from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from cyberflow.compiler.pipeline.form import BundledPipeline
from cyberflow.diagnostics import did_you_mean
from cyberflow.errors import ConflictError, UsageError
from cyberflow.language.project.load import target_of
from cyberflow.run.inputs.arguments import Arguments, RawArguments, resolve_arguments
from cyberflow.run.inputs.inputs import read_inputs
from cyberflow.run.inputs.secrets import SecretBackends, system_backends, target_sources
from cyberflow.run.pipeline.changes import (
    describe_steps,
    files_to_give,
    fingerprint,
    first_difference,
    forget,
    keep_results,
    reopen,
    steps_to_rerun,
    top_step,
)
from cyberflow.run.pipeline.state import PipelineState, Scope
from cyberflow.run.work.entry import LedgerEntry, LedgerHeader
from cyberflow.run.work.ledger import Ledger
from cyberflow.sdk.project import CompiledProject

if TYPE_CHECKING:
    from cyberflow.run.pipeline.simulation import PipelineScript
    from cyberflow.sdk.prepare import Guard

_IN_LEDGER = ("files", "machine", "pools", "parallel", "priority")
_PATHS = ("bundle", "out", "download")


@dataclass(frozen=True)
class PipelineOptions:
    """How a pipeline is run. What the ledger keeps of it need not be given again when it goes on.

    `until` is the step after which nothing more is begun; `rerun` are steps that run once more, with what needs them;
    `keep` takes the results of steps that have changed since; `engine` is the url of a queue that workers listen to.
    """

    inputs: tuple[str, ...] = ()
    document: Mapping[str, Any] = field(default_factory=dict)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    files: tuple[str, ...] = ()
    machine: str | None = None
    pools: tuple[str, ...] = ()
    parallel: int | None = None
    ledger: Path | None = None
    out: Path | None = None
    bundle: Path | None = None
    download: Path | None = None
    engine: str | None = field(default=None, repr=False)
    keep_queue: bool = False
    stale_ok: bool = False
    simulate: Mapping[str, Any] | None = None
    priority: bool = False
    until: str | None = None
    no_wait: bool = False
    retry_failed: bool = False
    resubmit_unknown: bool = False
    rerun: tuple[str, ...] = ()
    keep: bool = False
    backends: SecretBackends = field(default_factory=system_backends, repr=False)

    def to_ledger(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """What is kept of them: no secret's source and no url, which may hold a password."""
        kept = {name: list(value) if isinstance(value := getattr(self, name), tuple) else value for name in _IN_LEDGER}
        paths = {name: str(path.resolve()) if (path := getattr(self, name)) else None for name in _PATHS}
        return {**kept, **paths, "document": dict(values), "engine": bool(self.engine)}

    def over(self, kept: Mapping[str, Any]) -> PipelineOptions:
        """These, and where they say nothing what a ledger keeps. Raises UsageError for another engine or none."""
        if bool(self.engine) != bool(kept.get("engine")):
            help = "name it with --engine" if kept.get("engine") else "leave --engine out"
            word = "over" if kept.get("engine") else "without"
            raise UsageError(f"this pipeline was begun {word} an engine", help=help)
        before: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in kept.items()
            if name in (*_IN_LEDGER, *_PATHS) and value is not None
        }
        before |= {name: Path(before[name]) for name in _PATHS if before.get(name)}
        empty: tuple[Any, ...] = (None, (), False)
        found = {name: value for name, value in before.items() if getattr(self, name) in empty}
        return replace(self, **found, document={**kept.get("document", {}), **self.document})


@dataclass
class PipelineSetup:
    """A pipeline and everything that it is run with. `pinned` describes its steps as they are now."""

    compiled: CompiledProject
    pipeline: BundledPipeline
    options: PipelineOptions
    arguments: Arguments
    script: PipelineScript | None
    pinned: dict[str, Any]

    def new_state(self) -> Scope:
        """The scope of the pipeline, with nothing done."""
        given = self.arguments
        return Scope(self.pipeline, "", given.inputs, given.secrets, until=self.options.until)

    def header(self) -> LedgerHeader:
        """The header of a ledger that is begun now."""
        kept = {**self.options.to_ledger(self.arguments.inputs), "steps": self.pinned}
        shape = fingerprint({"steps": self.pinned, "inputs": dict(self.arguments.inputs)})
        return LedgerHeader(
            str(uuid4()), self.pipeline.name, self.compiled.target, shape=shape, options=kept, kind="pipeline"
        )


def prepare_pipeline(
    compiled: CompiledProject,
    name: str,
    options: PipelineOptions,
    guard: Guard = lambda _: None,
    *,
    secrets: bool = True,
) -> PipelineSetup:
    """Find inputs, secrets and files and hold them against their types. Raises UsageError; nothing was sent then."""
    pipeline = compiled.bundle.pipeline(name)
    if pipeline is None:
        known = (one.name for one in compiled.bundle.pipelines)
        raise UsageError(f"the project declares no pipeline `{name}`", help=did_you_mean(name, known))
    if options.until is not None and pipeline.step(options.until) is None:
        known = (step.id for step in pipeline.steps)
        raise UsageError(f"`{name}` has no step `{options.until}`", help=did_you_mean(options.until, known))
    asked = RawArguments(options.inputs, options.document, options.secrets, options.files)
    if secrets:
        files = files_to_give(pipeline)
        sources = target_sources(target_of(compiled.sourced.settings, compiled.target), compiled.sourced.root)
        given = resolve_arguments(pipeline, files, asked, sources, options.backends)
        guard(given.redactor())
    else:
        given = Arguments(read_inputs(pipeline, options.inputs, options.document).values)
    if options.simulate is not None and options.engine:
        raise UsageError("--simulate does not reach the machines of an engine", help="leave one of them out")
    script = None if options.simulate is None else _read_script(options.simulate, compiled, pipeline)
    return PipelineSetup(compiled, pipeline, options, given, script, describe_steps(compiled.bundle, pipeline))


def _read_script(outcomes: Mapping[str, Any], compiled: CompiledProject, pipeline: BundledPipeline) -> PipelineScript:
    from cyberflow.run.pipeline.simulation import read_script

    return read_script(outcomes, compiled.bundle, pipeline)


def load_state(setup: PipelineSetup, ledger: Ledger) -> PipelineState:
    """Where a pipeline goes on from. What differs from what was done stops it, unless it is run once more or kept; the
    ledger then takes over what is declared and given now. Raises ConflictError, UsageError.
    """
    options, head, bundle = setup.options, ledger.head, setup.compiled.bundle
    entries = {entry.id: entry for entry in ledger.entries()}
    if options.rerun:
        again = steps_to_rerun(setup.pipeline, options.rerun)
        blank, gone = forget(entries, again)
        with ledger.transaction():
            ledger.remove(gone)
            ledger.write(blank)
        entries = {id: entry for id, entry in entries.items() if id not in gone} | {entry.id: entry for entry in blank}
    inner, once_more = reopen(entries, failed=options.retry_failed, unknown=options.resubmit_unknown)
    _refuse_stale(setup, entries, once_more)
    entries |= {entry.id: entry for entry in inner}
    state = PipelineState(bundle, setup.new_state(), entries.values())
    state.begin(once_more)
    now = setup.header()
    if now.shape != head.shape:
        before = head.options.get("steps", {})
        difference = first_difference(state, before, setup.pinned, once_more)
        if difference is not None and not options.keep:
            step = difference[1:].partition("`")[0].partition("[")[0].partition("/")[0]
            help = f"`--rerun {step}` runs it and what needs it once more, `--keep` takes the old results"
            raise ConflictError(difference, help=help)
        with ledger.transaction():
            ledger.write(keep_results(state))
    ledger.replace_head(replace(head, shape=now.shape, options=now.options))
    return state


def _refuse_stale(setup: PipelineSetup, entries: Mapping[str, LedgerEntry], reopen: set[str]) -> None:
    """Raise ConflictError where steps are done that took what is about to change."""
    if setup.options.keep:
        return
    again = {top_step(entries[id]) for id in reopen}
    done = {top_step(entry) for entry in entries.values() if entry.has_succeeded and entry.status != "skipped"}
    for step in steps_to_rerun(setup.pipeline, again):
        if step in done and step not in again:
            help = f"`--rerun {step}` runs it and what needs it once more, `--keep` leaves it as it is"
            raise ConflictError(f"`{step}` is done, and took what would run once more", help=help)


def create_ledger(setup: PipelineSetup) -> Ledger:
    """Begin the ledger of a pipeline. Raises UsageError where there is one already."""
    from cyberflow.sdk.rows.setup import default_ledger

    path = setup.options.ledger or default_ledger(setup.compiled, setup.pipeline.name)
    return Ledger.create(path, setup.header())
