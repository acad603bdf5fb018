"""Pipelines as functions: begun, gone on with, from Python as from the command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

from cyberflow.run.pipeline.result import pipeline_json
from cyberflow.run.pipeline.state import PipelineState
from cyberflow.run.work.dispatch import EntryUpdate, ServiceTrouble
from cyberflow.run.work.ledger import Ledger
from cyberflow.sdk.handle import run_blocking, say
from cyberflow.sdk.pipelines.going import open_pipeline
from cyberflow.sdk.pipelines.setup import (
    PipelineOptions,
    PipelineSetup,
    create_ledger,
    load_state,
    prepare_pipeline,
)
from cyberflow.sdk.project import compile_project

OnUpdate = Callable[[EntryUpdate | ServiceTrouble], None]


@dataclass(frozen=True)
class PipelineResult:
    """A pipeline that is over, stopped, or waits. `data` is what `--format json` prints."""

    ledger: Path
    status: str
    outputs: Mapping[str, Any]
    data: Mapping[str, Any] = field(repr=False)


def run_pipeline(
    name: str,
    project: str | PathLike[str] = ".",
    *,
    target: str | None = None,
    options: PipelineOptions = PipelineOptions(),  # noqa: B008 - a frozen value
    on_update: OnUpdate = lambda _: None,
) -> PipelineResult:
    """Begin a pipeline and go on to its end, or to where `options` say. Raises UsageError before anything is sent when
    something does not fit.
    """
    compiled = compile_project(Path(project), target, options.bundle)
    setup = prepare_pipeline(compiled, name, options)
    with create_ledger(setup) as ledger:
        state = PipelineState(compiled.bundle, setup.new_state())
        state.begin()
        return run_blocking(_go(setup, ledger, state, on_update))


def resume_pipeline(
    ledger: str | PathLike[str],
    project: str | PathLike[str] = ".",
    *,
    options: PipelineOptions = PipelineOptions(),  # noqa: B008 - a frozen value
    on_update: OnUpdate = lambda _: None,
) -> PipelineResult:
    """Go on with the pipeline of a ledger; `options` are over those it was begun with. Nothing is submitted twice.
    Raises ConflictError where a finished step differs from what is declared and given now.
    """
    with Ledger.open(Path(ledger)) as opened:
        options = options.over(opened.head.options)
        compiled = compile_project(Path(project), opened.head.target, options.bundle)
        setup = prepare_pipeline(compiled, opened.head.name, options)
        return run_blocking(_go(setup, opened, load_state(setup, opened), on_update))


async def _go(setup: PipelineSetup, ledger: Ledger, state: PipelineState, on_update: OnUpdate) -> PipelineResult:
    async with open_pipeline(setup, ledger, state, say) as going, aclosing(going.run()) as updates:
        async for update in updates:
            on_update(update)
    data = pipeline_json(state, setup.pipeline.name, str(ledger.path), setup.arguments.redactor())
    return PipelineResult(ledger.path, data["status"], data["outputs"], data)
