"""Runs that a person starts on the page: what the form says becomes the options of `run`, and nobody follows here."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from cyberflow.errors import UsageError
from cyberflow.run.inputs.arguments import RawArguments
from cyberflow.run.work.polling import FollowOptions
from cyberflow.sdk.execution import SubmitOptions, execution_of
from cyberflow.sdk.pipelines.operations import run_pipeline
from cyberflow.sdk.pipelines.setup import PipelineOptions, prepare_pipeline
from cyberflow.sdk.project import CompiledProject, compile_project
from cyberflow.sdk.rows.setup import default_ledger
from cyberflow.targets.local_platform import LOCAL

ASKS_A_PERSON = ("prompt", "exec")


class RunForm(BaseModel):
    """`secrets` says where each is (`env:NAME`, `file:PATH`, `keyring:SERVICE/USER`), never what it is; `files` are
    paths, seen from the project. `first` goes on from a step of the runs in `runs`, with the inputs that they had.
    """

    model_config = ConfigDict(extra="forbid")

    name: str
    inputs: dict[str, Any] = Field(default_factory=dict)
    secrets: dict[str, str] = Field(default_factory=dict)
    files: dict[str, str] = Field(default_factory=dict)
    first: str | None = None
    runs: tuple[str, ...] = ()


def start_run(root: Path, form: RunForm) -> dict[str, Any]:
    """Submit to the local platform, and give the ids to look at. Raises what `run` raises; nothing was sent then but
    where it says so.
    """
    for name, source in form.secrets.items():
        if source.partition(":")[0] in ASKS_A_PERSON or ":" not in source:
            raise UsageError(
                f"what is given for `{name}` is not a source that the page can read",
                help=f"write `env:NAME` for `{name}`",
            )
    arguments = RawArguments(
        document=form.inputs,
        secrets=[f"{name}={source}" for name, source in form.secrets.items()],
        files=[f"{name}={root / path}" for name, path in form.files.items()],
    )
    compiled = compile_project(root, LOCAL)
    if compiled.bundle.pipeline(form.name) is not None:
        return _start_pipeline(compiled, form.name, arguments)
    return asyncio.run(_submit(compiled, form, arguments))


def _start_pipeline(compiled: CompiledProject, name: str, arguments: RawArguments) -> dict[str, Any]:
    """Run a pipeline in a thread of this process. When that ends before it does, `run --resume` goes on."""
    path = default_ledger(compiled, name)
    options = PipelineOptions(
        document=arguments.document, secrets=tuple(arguments.secrets), files=tuple(arguments.files), ledger=path
    )
    prepare_pipeline(compiled, name, options)
    work = partial(run_pipeline, name, compiled.sourced.root, target=LOCAL, options=options)
    Thread(target=work, name=f"pipeline {name}", daemon=True).start()
    return {"ledger": path.stem}


async def _submit(compiled: CompiledProject, form: RunForm, arguments: RawArguments) -> dict[str, Any]:
    options = SubmitOptions(arguments, first=form.first, runs=form.runs)
    execution = execution_of(compiled, form.name, options)
    async with execution.open(lambda _: None):
        await execution.prepare()
        state: Any = await execution.submit(FollowOptions())
        session, runs = execution.ids(state)
    return {"session_id": session, "run_ids": runs}
